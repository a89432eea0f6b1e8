import { type Assignment, type AssignmentSource, Recipient, validate } from "@polar-seats/domain/Assignment"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, InvitationUnavailable, type Surface } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Tuple from "effect/Tuple"
import { CurrentRetryPolicy } from "../RetryPolicy.ts"
import { isFrom, mayBeHeldBy } from "./answered.ts"
import { type Refusal, tokenError } from "./errorBody.ts"
import { monotonicMillisUnsafe } from "./monotonic.ts"
import type { PolarClient } from "./polarClient.ts"
import type { PolarClock } from "./polarClock.ts"
import { assignError, resources, seatNotFound, sourceNotFound } from "./refusalErrors.ts"
import { currentPolicy } from "./retry.ts"
import { decodeSeat, decodeSeats } from "./seatJson.ts"

const sourceFields = ({ _tag, id }: AssignmentSource) => ({ [`${resources[_tag]}_id`]: id })
const recipientFields = Recipient.$match({
  Email: ({ email }) => ({ email }),
  Customer: ({ id }) => ({ customer_id: id }),
  ExternalCustomer: ({ externalId }) => ({ external_customer_id: externalId }),
  Member: ({ id }) => ({ member_id: id }),
  ExternalMember: ({ email, externalId }) => ({ external_member_id: externalId, email })
})
// JSON leaves out a key whose value is undefined
const assignmentJson = ({ immediateClaim, metadata, recipient, source }: Assignment) => ({
  ...sourceFields(source),
  ...recipientFields(recipient),
  metadata,
  immediate_claim: immediateClaim
})

const isOther = "the answer is about another seat"
const problemWithSeat = (seatId: SeatId) => (seat: Seat) => (seat.id === seatId ? undefined : isOther)
const problemWithSeats = (source: SeatSource) => (list: SeatsList) =>
  list.seats.every((seat) => isFrom(seat, source)) ? undefined : isOther
const problemWithAssigned = (assignment: Assignment) => (seat: Seat) =>
  isFrom(seat, assignment.source) && mayBeHeldBy(seat, assignment.recipient) ? undefined : isOther

/**
 * Reads once more if nothing confirms the time of an answer, so that its caller judges no link by an odd `Date`. The second
 * request has what is left of the call's time. If it fails, the first answer counts. A time that it does not confirm is
 * forgotten.
 */
const againIfDoubtful = <A, E>({ clock, shared }: PolarClient, read: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const policy = currentPolicy(shared.policy, fiber)
    const machine = fiber.getRef(Clock.Clock)
    const start = monotonicMillisUnsafe(machine)
    return Effect.flatMap(read, (first) => {
      const totalTimeout = policy.totalTimeout + start - monotonicMillisUnsafe(machine)
      if (!clock.isDoubtful() || totalTimeout <= 0) return Effect.succeed(first)
      const again = Effect.provideService(read, CurrentRetryPolicy, { ...policy, times: 0, totalTimeout })
      return Effect.map(
        Effect.catch(again, () => Effect.succeed(first)),
        (latest) => {
          clock.settle()
          return latest
        }
      )
    })
  })

/** The `now` of a `Seats`. */
export const nowOf = (clock: PolarClock): Seats["Service"]["now"] =>
  Effect.clockWith((machine) => Effect.succeed(clock.now(machine)))

/** `Seats` on one of Polar's two sets of seat endpoints. Only one of them has claimed subscriptions. */
export const make = (
  polar: PolarClient,
  path: "/v1/customer-portal/seats" | "/v1/customer-seats",
  surface: Surface,
  claimedSubscriptions: Seats["Service"]["claimedSubscriptions"]
): Seats["Service"] => {
  const deniedError = (refusal: Refusal) => tokenError(surface, refusal)
  const seatError = (refusal: Refusal, seatId: SeatId) =>
    refusal.name === "ResourceNotFound" ? seatNotFound(seatId, surface) : deniedError(refusal)

  return Seats.of({
    resend: (seatId) =>
      polar.call({
        operation: "Seats.resend",
        attributes: { "seat.id": seatId },
        method: "POST",
        path: `${path}/${seatId}/resend`,
        decode: decodeSeat,
        problemOf: problemWithSeat(seatId),
        errorFor: (refusal) => {
          if (refusal.name === "SeatNotPending") return new AlreadyClaimed({ seatId })
          if (refusal.name === "InvalidInvitationToken") return new InvitationUnavailable({ seatId })
          return seatError(refusal, seatId)
        }
      }),

    list: (source) =>
      againIfDoubtful(
        polar,
        polar.call({
          operation: "Seats.list",
          isList: true,
          method: "GET",
          path,
          urlParams: sourceFields(source),
          decode: decodeSeats,
          problemOf: problemWithSeats(source),
          errorFor: (refusal) =>
            refusal.name === "ResourceNotFound" ? sourceNotFound(source, surface) : deniedError(refusal)
        })
      ),

    assign: (assignment) =>
      Effect.suspend(() => {
        const checked = validate(assignment)
        if (Result.isFailure(checked)) return polar.failUnsent("Seats.assign", checked.failure)
        return polar.call({
          operation: "Seats.assign",
          method: "POST",
          path,
          body: assignmentJson(assignment),
          decode: decodeSeat,
          problemOf: problemWithAssigned(checked.success),
          errorFor: (refusal) => assignError(refusal, checked.success, surface) ?? deniedError(refusal)
        })
      }),

    revoke: (seatId) =>
      polar.call({
        operation: "Seats.revoke",
        attributes: { "seat.id": seatId },
        method: "DELETE",
        path: `${path}/${seatId}`,
        decode: decodeSeat,
        problemOf: problemWithSeat(seatId),
        errorFor: (refusal) => seatError(refusal, seatId)
      }),

    claimedSubscriptions,

    now: nowOf(polar.clock)
  })
}

const makePageDecoder = () => {
  const { productName: _, ...fields } = ClaimedSubscription.fields

  // Polar sends some thirty fields. This reads the few that a seat holder needs
  const ClaimedSubscriptionJson = Schema.Struct({ ...fields, product: Schema.Struct({ name: Schema.String }) }).pipe(
    Schema.encodeKeys({
      createdAt: "created_at",
      customerId: "customer_id",
      productId: "product_id",
      currentPeriodStart: "current_period_start",
      currentPeriodEnd: "current_period_end",
      cancelAtPeriodEnd: "cancel_at_period_end"
    }),
    Schema.decodeTo(
      Schema.toType(ClaimedSubscription),
      SchemaTransformation.transform({
        decode: ({ product, ...rest }) => new ClaimedSubscription({ ...rest, productName: product.name }),
        encode: ({ productName, ...rest }) => ({ ...rest, product: { name: productName } })
      })
    )
  )

  return Schema.decodeResult(
    Schema.fromJsonString(
      Schema.Struct({
        items: Schema.Array(ClaimedSubscriptionJson),
        pagination: Schema.Struct({ max_page: Schema.Int })
      })
    )
  )
}

// Made when the first page arrives, because it takes longer than a call
let decoder: ReturnType<typeof makePageDecoder> | undefined
const decodePage = (text: string) => (decoder ??= makePageDecoder())(text)

/** Requests a page of `GET /v1/customer-portal/seats/subscriptions`. Returns it with the number of the next one. */
export const requestPage = (polar: PolarClient, page: number) =>
  Effect.map(
    polar.call({
      operation: "Seats.claimedSubscriptions",
      isList: true,
      method: "GET",
      path: "/v1/customer-portal/seats/subscriptions",
      urlParams: { page, limit: 100 },
      decode: decodePage,
      errorFor: (refusal) => tokenError("CustomerPortal", refusal)
    }),
    ({ items, pagination }) => Tuple.make(items, page < pagination.max_page ? Option.some(page + 1) : Option.none())
  )
