import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import { Forbidden, type Operation, Unauthorized } from "@polar-seats/domain/SeatError"
import type { Scope } from "../../World.ts"
import { type Container, type Database, organizationOf } from "./database.ts"

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

/** Decides who is asking, and what they may use. */
export interface Access {
  /** Looks a token up. A request without a token is anonymous. An unknown or expired token is refused. */
  readonly authenticate: (
    token: Redacted.Redacted<string> | null,
    surface: ApiSurface,
    now: DateTime.Utc
  ) => Result.Result<Subject, Unauthorized>
  /** Checks that a subject may use an operation of a surface at all. */
  readonly authorize: (
    subject: Subject,
    surface: ApiSurface,
    operation: Operation
  ) => Result.Result<Subject, Unauthorized | Forbidden>
  /** The group of Polar's rate limits that a subject belongs to. */
  readonly rateLimitGroup: (subject: Subject) => "restricted" | "default" | "elevated"
}

const reads: ReadonlySet<Operation> = new Set<Operation>(["Seats.list", "Seats.claimedSubscriptions"])

/** The scope that an operation needs from an organization token. */
export const scopeFor = (operation: Operation): Scope => {
  if (operation === "CustomerSessions.create") return "customer_sessions:write"
  return reads.has(operation) ? "customer_seats:read" : "customer_seats:write"
}

/** Whether a subject may see a container and its seats. */
export const canAccess = (database: Database, subject: Subject, container: Container): boolean =>
  Subject.$match(subject, {
    Anonymous: () => false,
    Customer: ({ id }) => container.customer === id,
    Member: ({ id }) => container.customer === database.members.get(id)?.customerId,
    Organization: ({ slugs }) => slugs.includes(organizationOf(database, container)?.slug ?? "")
  })

const authenticate =
  ({ members, tokens }: Database): Access["authenticate"] =>
  (token, surface, now) => {
    if (token === null || Redacted.value(token).startsWith("polar_crt_")) return Result.succeed(Subject.Anonymous())
    const row = tokens.get(Redacted.value(token))
    const expired = row?.expiresAt != null && DateTime.isLessThanOrEqualTo(row.expiresAt, now)
    const deleted = row?.member !== undefined && !members.has(row.member)
    if (row === undefined || expired || deleted) {
      const wants = surface === "portal" ? "CustomerSession" : "OrganizationToken"
      return Result.fail(new Unauthorized({ reason: "InvalidToken", wants }))
    }
    if (row.customer !== undefined) return Result.succeed(Subject.Customer({ id: row.customer }))
    if (row.member !== undefined) return Result.succeed(Subject.Member({ id: row.member }))
    const slugs = row.organization === undefined ? (row.userOf ?? []) : [row.organization]
    return Result.succeed(Subject.Organization({ slugs, scopes: row.scopes }))
  }

const authorize =
  ({ members }: Database): Access["authorize"] =>
  (subject, surface, operation) => {
    if (surface === "portal") {
      if (subject._tag === "Anonymous" || subject._tag === "Organization") {
        return Result.fail(new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
      }
      return subject._tag === "Member" && !reads.has(operation) && members.get(subject.id)?.role === "member"
        ? Result.fail(new Forbidden({ reason: "Role" }))
        : Result.succeed(subject)
    }
    if (subject._tag !== "Organization") {
      return Result.fail(new Unauthorized({ reason: "WrongToken", wants: "OrganizationToken" }))
    }
    return subject.scopes.includes(scopeFor(operation))
      ? Result.succeed(subject)
      : Result.fail(new Forbidden({ reason: "Scope" }))
  }

export const make = (database: Database): Access => ({
  authenticate: authenticate(database),
  authorize: authorize(database),
  rateLimitGroup: (subject) =>
    subject._tag === "Organization"
      ? (database.organizations.get(subject.slugs[0] ?? "")?.rateLimitGroup ?? "default")
      : "default"
})
