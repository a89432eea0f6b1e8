import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Str from "effect/String"
import type { AssignmentSource } from "@polar-seats/domain/Assignment"
import type { CustomerId, MemberId, SeatId } from "@polar-seats/domain/Seat"
import {
  Forbidden,
  InvalidInvitation,
  InvalidRequest,
  NotFound,
  type Operation,
  Unauthorized
} from "@polar-seats/domain/SeatError"
import * as SeatLifecycle from "@polar-seats/domain/SeatLifecycle"
import type { Scope } from "../../World.ts"
import { canonicalUuid, pythonUuid } from "../validation/uuid.ts"
import { type Container, containerOf, organizationOf, type PolarModel, type SeatRow, seatState } from "./polarModel.ts"

/** The holder of a token. */
export type Subject = Data.TaggedEnum<{
  Anonymous: {}
  Customer: { readonly id: CustomerId }
  Member: { readonly id: MemberId }
  Organization: { readonly slugs: ReadonlyArray<string>; readonly scopes: ReadonlyArray<Scope> }
}>
export const Subject = Data.taggedEnum<Subject>()

/** The two APIs that Polar has for seats: the customer portal, and the API of the organization that sells them. */
export type ApiSurface = "portal" | "organization"

// The surface that answers a subject, as an error names it
const surfaceOf = ({ _tag }: Subject) => (_tag === "Organization" ? "Organization" : "CustomerPortal")

const wantedToken = (surface: ApiSurface) => (surface === "portal" ? "CustomerSession" : "OrganizationToken")

/** Looks a token up. A request without a token is anonymous. An unknown or expired token is refused. */
export const authenticate = (
  { members, tokens }: PolarModel,
  token: string | null,
  surface: ApiSurface,
  now: DateTime.Utc
): Result.Result<Subject, Unauthorized> => {
  if (token === null || token.startsWith("polar_crt_")) return Result.succeed(Subject.Anonymous())
  const row = tokens.get(token)
  const expired = row?.expiresAt != null && DateTime.isLessThanOrEqualTo(row.expiresAt, now)
  const deleted = row?.member !== undefined && !members.has(row.member)
  if (row === undefined || expired || deleted) {
    return Result.fail(new Unauthorized({ reason: "InvalidToken", wants: wantedToken(surface) }))
  }
  if (row.customer !== undefined) return Result.succeed(Subject.Customer({ id: row.customer }))
  if (row.member !== undefined) return Result.succeed(Subject.Member({ id: row.member }))
  const slugs = row.organization === undefined ? (row.userOf ?? []) : [row.organization]
  return Result.succeed(Subject.Organization({ slugs, scopes: row.scopes }))
}

/**
 * Narrows a subject to the organization that the request names in `Polar-Organization`. A user's token may reach several
 * organizations, and an organization token only its own. Nobody else's request is about organizations.
 */
export const actingFor = (
  { organizations }: PolarModel,
  subject: Subject,
  requested: string | undefined
): Result.Result<Subject, Forbidden | InvalidRequest> => {
  if (requested === undefined || subject._tag !== "Organization") return Result.succeed(subject)
  const id = pythonUuid(requested)
  if (id === undefined) {
    const message = "The Polar-Organization header must be an organization ID."
    return Result.fail(new InvalidRequest({ issues: [{ type: "InvalidRequestedOrganization", path: [], message }] }))
  }
  const slugs = subject.slugs.filter((slug) => organizations.get(slug)?.id === id)
  return slugs.length === 0
    ? Result.fail(new Forbidden({ reason: "Organization", surface: "Organization" }))
    : Result.succeed(Subject.Organization({ ...subject, slugs }))
}

/** A name for a subject: its kind, and its id or the slugs of its organizations. Nobody has none. */
export const nameOf: (subject: Subject) => string | null = Subject.$match({
  Anonymous: () => null,
  Customer: ({ id }) => `customer:${id}`,
  Member: ({ id }) => `member:${id}`,
  Organization: ({ slugs }) => `organization:${slugs.join()}`
})

const reads: ReadonlySet<Operation> = new Set<Operation>(["Seats.list", "Seats.claimedSubscriptions"])

/** The scope that an operation needs from an organization token. */
export const scopeFor = (operation: Operation): Scope => {
  if (operation === "CustomerSessions.create") return "customer_sessions:write"
  return reads.has(operation) ? "customer_seats:read" : "customer_seats:write"
}

/** Checks that a subject may use an operation of a surface at all. */
export const authorize = (
  { members }: PolarModel,
  subject: Subject,
  surface: ApiSurface,
  operation: Operation
): Result.Result<Subject, Unauthorized | Forbidden> => {
  const isOrganization = subject._tag === "Organization"
  if (subject._tag === "Anonymous" || isOrganization !== (surface === "organization")) {
    return Result.fail(new Unauthorized({ reason: "WrongToken", wants: wantedToken(surface) }))
  }
  if (isOrganization && !subject.scopes.includes(scopeFor(operation))) {
    return Result.fail(new Forbidden({ reason: "Scope", surface: surfaceOf(subject) }))
  }
  return subject._tag === "Member" && !reads.has(operation) && members.get(subject.id)?.role === "member"
    ? Result.fail(new Forbidden({ reason: "Role", surface: surfaceOf(subject) }))
    : Result.succeed(subject)
}

/** The group of Polar's rate limits that a subject belongs to. */
export const rateLimitGroup = ({ organizations }: PolarModel, subject: Subject) =>
  (subject._tag === "Organization" ? organizations.get(subject.slugs[0] ?? "")?.rateLimitGroup : undefined) ?? "default"

const canSee = (model: PolarModel, subject: Subject, container: Container): boolean =>
  Subject.$match(subject, {
    Anonymous: () => false,
    Customer: ({ id }) => container.customer === id,
    Member: ({ id }) => container.customer === model.members.get(id)?.customerId,
    Organization: ({ slugs }) => slugs.includes(organizationOf(model, container)?.slug ?? "")
  })

const withContainer = (model: PolarModel, row: SeatRow | undefined) => {
  const container = row === undefined ? undefined : containerOf(model, row)
  return row === undefined || container === undefined ? undefined : { container, state: seatState(model, row) }
}

/** Finds a seat that the subject may see, and its container. */
export const findSeat = (model: PolarModel, subject: Subject, seatId: SeatId) => {
  const found = withContainer(model, model.seats.get(seatId))
  return found === undefined || !canSee(model, subject, found.container)
    ? Result.fail(new NotFound({ resource: "seat", id: seatId, surface: surfaceOf(subject) }))
    : Result.succeed(found)
}

/** Finds a subscription or order that the subject may see. */
export const findContainer = (model: PolarModel, subject: Subject, source: AssignmentSource) => {
  const container =
    source._tag === "Checkout"
      ? model.containers.first("checkout", canonicalUuid(source.id))
      : model.containers.get(source.id)
  return container === undefined ||
    (source._tag !== "Checkout" && source._tag !== container.source._tag) ||
    !canSee(model, subject, container)
    ? Result.fail(new NotFound({ resource: Str.uncapitalize(source._tag), id: source.id, surface: surfaceOf(subject) }))
    : Result.succeed(container)
}

/** Finds the seat that an invitation token can claim now, and its container. */
export const findInvitation = (model: PolarModel, token: string, now: DateTime.Utc) => {
  const seatId = model.invitations.get(token)
  const found = seatId === undefined ? undefined : withContainer(model, model.seats.get(seatId))
  return found === undefined || !SeatLifecycle.isClaimable(found.state, now)
    ? Result.fail(new InvalidInvitation())
    : Result.succeed(found)
}
