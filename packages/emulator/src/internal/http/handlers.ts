import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Iterable from "effect/Iterable"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, MemberId, type SeatId } from "@polar-seats/domain/Seat"
import type * as SeatError from "@polar-seats/domain/SeatError"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { PolarApi, type ValidationIssue } from "../../PolarApi.ts"
import type { Subject } from "../model/access.ts"
import * as Changes from "../model/changes.ts"
import type { PolarModel } from "../model/polarModel.ts"
import * as Reads from "../model/reads.ts"
import { createSession, type SessionRequest } from "../model/sessions.ts"
import { EmulatorState } from "../state.ts"
import { normalizeEmail } from "../validation/email.ts"
import * as Pydantic from "../validation/pydantic.ts"
import { canonicalUuid } from "../validation/uuid.ts"
import * as Authorization from "./authorization.ts"
import { CurrentBody, CurrentSubject, invalidRequest } from "./authorization.ts"
import * as ClaimEvents from "./claimEvents.ts"
import { customerSession, customerSubscription } from "./portalJson.ts"
import { claimAnswer, listAnswer, seatAnswer } from "./seatAnswers.ts"

type Body = { readonly [key: string]: unknown }

/** Runs one step of the model for the sender of the request. */
const act = <A, E>(f: (model: PolarModel, subject: Subject, now: DateTime.Utc) => Result.Result<A, E>) =>
  Effect.gen(function* () {
    const subject = yield* CurrentSubject
    const { step } = yield* EmulatorState
    return yield* step((model, now) => f(model, subject, now))
  })

/** Reads the body of the request, and refuses it if Pydantic finds issues. */
const validBody = (issuesOf: (body: unknown) => ReadonlyArray<ValidationIssue>) =>
  Effect.flatMap(CurrentBody, (body) => {
    const issues = issuesOf(body)
    return issues.length > 0 || !Predicate.isObject(body) ? invalidRequest(issues) : Effect.succeed<Body>(body)
  })

const refuse = <const Name extends string>(error: Name, detail: string) => Effect.fail({ error, detail })

const notFoundDetails = {
  seat: "Seat not found",
  subscription: "Subscription not found",
  order: "Order not found",
  checkout: "No subscription or order found for this checkout"
} as const
const NotFound = ({ resource }: SeatError.NotFound) => refuse("ResourceNotFound", notFoundDetails[resource])
const invalidInvitation = "Invalid or expired invitation token"
const invalidInvitationToken = () => refuse("InvalidInvitationToken", invalidInvitation)

type OfSource = { readonly query: { readonly subscription_id?: string; readonly order_id?: string } }

const list = Effect.fnUntraced(function* ({ query: { order_id, subscription_id } }: OfSource) {
  if (subscription_id === undefined && order_id === undefined) {
    return yield* refuse("BadRequest", "Either subscription_id or order_id must be provided")
  }
  const source =
    subscription_id === undefined
      ? SeatSource.Order({ id: OrderId.make(order_id ?? "") })
      : SeatSource.Subscription({ id: SubscriptionId.make(subscription_id) })
  return yield* act((model, subject) => Reads.list(model, subject, source)).pipe(
    Effect.catchTags({ NotFound }),
    Effect.map(listAnswer)
  )
})

type OfSeat = { readonly params: { readonly seat_id: SeatId } }

// A defect makes the handler fail where Polar's own code fails. The emulator answers it with a 500
const resend = ({ params }: OfSeat) =>
  act((model, subject, now) => Changes.resend(model, subject, params.seat_id, now)).pipe(
    Effect.catchTags({
      AlreadyClaimed: () => refuse("SeatNotPending", "Seat is not in pending status"),
      InvitationUnavailable: invalidInvitationToken,
      NotFound,
      Unavailable: Effect.die
    }),
    Effect.map(seatAnswer)
  )

const revoke = ({ params }: OfSeat) =>
  act((model, subject, now) => Changes.revoke(model, subject, params.seat_id, now)).pipe(
    Effect.catchTags({ NotFound, Unavailable: Effect.die }),
    Effect.map(seatAnswer)
  )

const textIn =
  (body: Body) =>
  (key: string): string | undefined =>
    Predicate.isString(body[key]) ? body[key] : undefined

// The body has passed Pydantic, so each field has its type and the fields go together
const assignmentOf = (body: Body): Changes.ExactAssignment => {
  const text = textIn(body)
  const uuid = (key: string) => (Predicate.isString(body[key]) ? canonicalUuid(body[key]) : undefined)
  const subscription = uuid("subscription_id")
  const order = uuid("order_id")
  const customer = uuid("customer_id")
  const externalCustomer = text("external_customer_id")
  const member = uuid("member_id")
  const externalMember = text("external_member_id")
  const sent = text("email")
  const email = sent === undefined ? undefined : normalizeEmail(sent)
  return {
    source:
      subscription !== undefined
        ? AssignmentSource.Subscription({ id: SubscriptionId.make(subscription) })
        : order !== undefined
          ? AssignmentSource.Order({ id: OrderId.make(order) })
          : AssignmentSource.Checkout({ id: uuid("checkout_id") ?? "" }),
    recipient:
      customer !== undefined
        ? Recipient.Customer({ id: CustomerId.make(customer) })
        : externalCustomer !== undefined
          ? Recipient.ExternalCustomer({ externalId: externalCustomer })
          : member !== undefined
            ? Recipient.Member({ id: MemberId.make(member) })
            : externalMember !== undefined
              ? Recipient.ExternalMember({ externalId: externalMember, email })
              : Recipient.Email({ email: email ?? "" }),
    // The JSON of raw numbers has them as they came
    exactMetadata: Predicate.isObject(body["metadata"]) ? JSON.stringify(body["metadata"]) : undefined,
    immediateClaim: Pydantic.isTrue(body["immediate_claim"])
  }
}

const assign = (portal: boolean) =>
  Effect.flatMap(validBody(Pydantic.assignment(portal)), (body) => {
    const assignment = assignmentOf(body)
    const { recipient } = assignment
    const isMember = recipient._tag === "Member" || recipient._tag === "ExternalMember"
    return act((model, subject, now) => Changes.assign(model, subject, assignment, now)).pipe(
      Effect.catchTags({
        NoSeatAvailable: ({ detail }) => refuse("SeatNotAvailable", detail),
        AlreadyAssigned: ({ recipient }) =>
          refuse("SeatAlreadyAssigned", `Seat already assigned to customer ${recipient}`),
        RecipientNotFound: ({ recipient }) =>
          isMember
            ? refuse("MemberNotFound", `Member not found: ${recipient}`)
            : refuse("CustomerNotFound", `Customer not found: ${recipient}`),
        // The model words this refusal as Polar does. The type of its issue is Polar's name for it
        InvalidRequest: ({ issues: [issue] }) =>
          issue?.type === "MemberEmailMismatch"
            ? refuse("MemberEmailMismatch", issue.message)
            : refuse("InvalidSeatAssignmentRequest", issue?.message ?? ""),
        NotFound
      }),
      Effect.map(seatAnswer)
    )
  })

const maxPageSize = 100

const PortalSeats = HttpApiBuilder.group(PolarApi, "portalSeats", (handlers) =>
  handlers
    .handle("list", list)
    .handleRaw("assign", () => assign(true))
    .handle("revoke", revoke)
    .handle("resend", resend)
    .handle("claimedSubscriptions", ({ query: { limit = 10, page = 1 } }) =>
      act((model, subject) => {
        const seats = Reads.claimedSeats(model, subject)
        const size = Math.min(limit, maxPageSize)
        const rows = Iterable.take(Iterable.drop(seats.values(), (page - 1) * size), size)
        return Result.succeed({
          items: Array.from(Reads.claimedSubscriptions(model, rows), customerSubscription),
          pagination: { total_count: seats.size, max_page: Math.ceil(seats.size / size) }
        })
      })
    )
)

const OrganizationSeats = HttpApiBuilder.group(PolarApi, "organizationSeats", (handlers) =>
  handlers
    .handle("list", list)
    .handleRaw("assign", () => assign(false))
    .handle("revoke", revoke)
    .handle("resend", resend)
)

const SeatClaims = HttpApiBuilder.group(PolarApi, "seatClaims", (handlers) =>
  handlers
    .handle("info", ({ params }) =>
      act((model, _, now) => Reads.claimInfo(model, params.invitation_token, now)).pipe(
        Effect.map(({ customerEmail, organization, product }) => ({
          product_name: product.name,
          product_id: product.id,
          organization_name: organization.name ?? organization.slug,
          organization_slug: organization.slug,
          customer_email: customerEmail,
          can_claim: true
        })),
        Effect.catchTag("InvalidInvitation", () => refuse("ResourceNotFound", invalidInvitation))
      )
    )
    .handleRaw("claim", () =>
      validBody(Pydantic.seatClaim).pipe(
        Effect.flatMap((body) => act((model, _, now) => Changes.claim(model, String(body["invitation_token"]), now))),
        Effect.map(({ seat, session }) => claimAnswer(seat, Redacted.value(session))),
        Effect.catchTag("InvalidInvitation", invalidInvitationToken)
      )
    )
)

const sessionRequestOf = (body: Body): SessionRequest => {
  const text = textIn(body)
  // Polar reads the customer id if it is valid, and the external id if not
  const id = text("customer_id")
  const customer = id !== undefined && Pydantic.uuid("v4")(id, []).length === 0 ? id : undefined
  const member = text("member_id")
  const externalMember = text("external_member_id")
  const externalReference = externalMember === undefined ? undefined : { externalId: externalMember }
  return {
    customer:
      customer === undefined ? { externalId: text("external_customer_id") ?? "" } : { id: canonicalUuid(customer) },
    member: member === undefined ? externalReference : { id: canonicalUuid(member) }
  }
}

const ambiguousCustomer =
  "Several customers across your organizations share this external customer ID. " +
  "Use an organization-scoped token, the Polar customer ID, or a unique external ID to disambiguate."

const CustomerSessions = HttpApiBuilder.group(PolarApi, "customerSessions", (handlers) =>
  handlers.handleRaw(
    "create",
    Effect.fnUntraced(function* () {
      const body = yield* validBody(Pydantic.sessionCreate)
      const request = sessionRequestOf(body)
      const session = yield* act((model, subject, now) => createSession(model, subject, request, now)).pipe(
        Effect.catchTags({
          AmbiguousCustomer: () => refuse("AmbiguousExternalCustomerID", ambiguousCustomer),
          NoHolder: ({ field, input, message: msg }) =>
            Effect.fail({
              error: "PolarRequestValidationError" as const,
              detail: [{ type: "value_error", loc: ["body", field], msg, input }]
            })
        })
      )
      return customerSession(session, textIn(body)("return_url") ?? null)
    })
  )
)

/** Every route of Polar that the emulator serves. */
export const layer = Layer.mergeAll(
  HttpApiBuilder.layer(PolarApi, { openapiPath: "/openapi.json" }),
  ClaimEvents.layer
).pipe(
  Layer.provide([PortalSeats, OrganizationSeats, SeatClaims, CustomerSessions]),
  Layer.provide(Authorization.layer)
)
