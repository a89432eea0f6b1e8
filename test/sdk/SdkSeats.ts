import { AssignmentSource, identifierOf, Recipient, type Assignment, validate } from "@polar-seats/domain/Assignment"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import {
  AlreadyAssigned,
  AlreadyClaimed,
  type RequestError,
  Forbidden,
  InvalidRequest,
  InvitationUnavailable,
  NoSeatAvailable,
  NotFound,
  type Operation,
  RateLimited,
  RecipientNotFound,
  Unauthorized,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import * as PolarTime from "@polar-seats/domain/PolarTime"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { PolarClientError, PolarRateLimitError, PolarServerError } from "@polar-sh/sdk"
import { createPolar, type models } from "@polar-sh/sdk/2027-01"
import { Duration, Effect, Layer, Option, Predicate, Schema, Stream } from "effect"

const { OutcomeUnknown, ServerFailed, UnexpectedResponse } = UnavailableReason.cases

const bodyOf = ({ metadata, immediateClaim, recipient, source }: Assignment): models.CustomerSeatAssign => ({
  ...AssignmentSource.$match(source, {
    Subscription: ({ id }) => ({ subscription_id: id }),
    Order: ({ id }) => ({ order_id: id }),
    Checkout: ({ id }) => ({ checkout_id: id })
  }),
  ...Recipient.$match(recipient, {
    Email: ({ email }) => ({ email }),
    Customer: ({ id }) => ({ customer_id: id }),
    ExternalCustomer: ({ externalId }) => ({ external_customer_id: externalId }),
    Member: ({ id }) => ({ member_id: id }),
    ExternalMember: ({ email, externalId }) => ({
      external_member_id: externalId,
      ...(email === undefined ? {} : { email })
    })
  }),
  ...(metadata === undefined ? {} : { metadata }),
  ...(immediateClaim === undefined ? {} : { immediate_claim: immediateClaim })
})
const resourceOf = AssignmentSource.$match({
  Subscription: () => "subscription" as const,
  Order: () => "order" as const,
  Checkout: () => "checkout" as const
})

const Issues = Schema.Array(
  Schema.Struct({
    type: Schema.String,
    loc: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
    msg: Schema.String
  })
)
const Body = Schema.Struct({ error: Schema.String, detail: Schema.optionalKey(Schema.Union([Schema.String, Issues])) })
// The SDK returns an unknown body as text
const decodeBody = Schema.decodeUnknownOption(Schema.Union([Body, Schema.fromJsonString(Body)]))
const decodeSeat = Schema.decodeUnknownEffect(SeatJson)
const decodeSeats = Schema.decodeUnknownEffect(SeatsListJson)
const decodeClaimed = Schema.decodeUnknownEffect(ClaimedSubscription)

const surface = "CustomerPortal"
type Refusal<E> = (key: string, detail: string) => E | undefined
const noSeat = (id: string) => (key: string) =>
  key === "404 ResourceNotFound" ? new NotFound({ resource: "seat", id, surface }) : undefined
const noSource = (source: AssignmentSource) => new NotFound({ resource: resourceOf(source), id: source.id, surface })

const failureOf = <E>(host: string, operation: Operation, thrown: unknown, own: Refusal<E>) => {
  const unavailable = (reason: Unavailable["reason"]) => new Unavailable({ operation, reason, host })
  if (thrown instanceof PolarRateLimitError) {
    const { retryAfter } = thrown
    return new RateLimited({ retryAfter: retryAfter === null ? null : Duration.seconds(retryAfter) })
  }
  if (thrown instanceof PolarServerError) {
    // The SDK gives the status only in its message
    return unavailable(ServerFailed.make({ status: Number(/ (\d{3}) - /.exec(thrown.message)?.[1] ?? 500) }))
  }
  if (!(thrown instanceof PolarClientError)) {
    return unavailable(OutcomeUnknown.make({ description: "the SDK got no answer, or no readable one" }))
  }
  const { error, statusCode: status } = thrown
  const { detail = "", error: name } = Option.getOrElse(decodeBody(error), (): typeof Body.Type => ({ error: "" }))
  const refusal = own(`${status} ${name}`, Predicate.isString(detail) ? detail : "")
  if (refusal !== undefined) return refusal
  switch (`${status} ${name}`) {
    case "401 Unauthorized":
      return new Unauthorized({ reason: "WrongToken", wants: "CustomerSession", host })
    case "401 invalid_token":
      return new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession", host })
    case "403 NotPermitted":
      return new Forbidden({ reason: "Role", surface })
    case "403 FeatureNotEnabled":
      return new Forbidden({ reason: "SeatsNotEnabled", surface })
  }
  return status === 422 && !Predicate.isString(detail)
    ? new InvalidRequest({ issues: detail.map(({ loc, msg, type }) => ({ type, path: loc, message: msg })) })
    : unavailable(UnexpectedResponse.make({ status, description: "not a refusal that Polar documents" }))
}

const asking =
  (host: string) =>
  <A, I, E = never>(
    operation: Operation,
    send: () => Promise<I>,
    decode: (answer: I) => Effect.Effect<A, Schema.SchemaError>,
    own: Refusal<E> = () => undefined
  ): Effect.Effect<A, E | RequestError | Unauthorized | Forbidden> =>
    Effect.tryPromise({ try: send, catch: (thrown) => failureOf(host, operation, thrown, own) }).pipe(
      Effect.flatMap((answer) =>
        Effect.mapError(
          decode(answer),
          ({ message }) =>
            new Unavailable({
              operation,
              reason: UnexpectedResponse.make({ status: 200, description: message }),
              host
            })
        )
      )
    )

/**
 * `Seats` of the customer portal through Polar's own SDK. It shows that the service does not depend on our transport, because
 * code that sees only the results of the SDK implements it too.
 */
export const layer = ({ baseUrl, token }: { readonly token: string; readonly baseUrl: string }): Layer.Layer<Seats> => {
  const { host } = new URL(baseUrl)
  const asked = asking(host)
  const { seats } = createPolar({ baseUrl, accessToken: token }).customerPortal

  return Layer.succeed(
    Seats,
    Seats.of({
      resend: (seatId) =>
        asked(
          "Seats.resend",
          () => seats.resendInvitation(seatId),
          decodeSeat,
          (key) => {
            if (key === "400 SeatNotPending") return new AlreadyClaimed({ seatId })
            if (key === "400 InvalidInvitationToken") return new InvitationUnavailable({ seatId })
            return noSeat(seatId)(key)
          }
        ),

      list: (source) =>
        asked(
          "Seats.list",
          () =>
            seats.listSeats(
              SeatSource.$match(source, {
                Subscription: ({ id }) => ({ subscription_id: id }),
                Order: ({ id }) => ({ order_id: id })
              })
            ),
          decodeSeats,
          (key) => (key === "404 ResourceNotFound" ? noSource(source) : undefined)
        ),

      assign: (assignment) =>
        Effect.flatMap(Effect.fromResult(validate(assignment)), ({ recipient, source }) =>
          asked(
            "Seats.assign",
            () => seats.assignSeat(bodyOf(assignment)),
            decodeSeat,
            (key, detail) => {
              switch (key) {
                case "400 SeatNotAvailable":
                  return new NoSeatAvailable({ detail })
                case "400 SeatAlreadyAssigned":
                  return new AlreadyAssigned({ recipient: identifierOf(recipient) })
                case "400 InvalidSeatAssignmentRequest":
                case "400 MemberEmailMismatch":
                  return new InvalidRequest({ issues: [{ type: key.slice(4), path: [], message: detail }] })
                case "404 CustomerNotFound":
                case "404 MemberNotFound":
                  return new RecipientNotFound({ recipient: identifierOf(recipient) })
                case "404 ResourceNotFound":
                  return noSource(source)
                default:
                  return undefined
              }
            }
          )
        ),

      revoke: (seatId) => asked("Seats.revoke", () => seats.revokeSeat(seatId), decodeSeat, noSeat(seatId)),

      // The SDK's generator runs once, and a stream may run many times
      claimedSubscriptions: Stream.suspend(() =>
        Stream.fromAsyncIterable(seats.iterListClaimedSubscriptions({ limit: 100 }), (thrown) =>
          failureOf(host, "Seats.claimedSubscriptions", thrown, () => undefined)
        )
      ).pipe(
        Stream.mapEffect((subscription) =>
          Effect.orDie(
            decodeClaimed({
              id: subscription.id,
              createdAt: subscription.created_at,
              status: subscription.status,
              customerId: subscription.customer_id,
              productId: subscription.product_id,
              productName: subscription.product.name,
              currentPeriodStart: subscription.current_period_start,
              currentPeriodEnd: subscription.current_period_end,
              cancelAtPeriodEnd: subscription.cancel_at_period_end,
              seats: subscription.seats
            })
          )
        )
      ),

      // The SDK shows no header of an answer
      now: PolarTime.ofMachine
    })
  )
}
