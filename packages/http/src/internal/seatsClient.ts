import { identifierOf, type Assignment, AssignmentSource, Recipient, validate } from "@polar-seats/domain/Assignment"
import type { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import { Seat, type SeatId, SeatsList } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  AlreadyClaimed,
  InvitationUnavailable,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound,
  type Unauthorized
} from "@polar-seats/domain/SeatError"
import { type ClaimedSubscriptionsError, Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"
import type * as Stream from "effect/Stream"
import { forbidden, invalid, type PolarClient, type Refusal, unauthorized } from "./polarClient.ts"
import { list, seat } from "./seatDecoder.ts"
import { schemas } from "./seatSchemas.ts"

// A reader knows what is usual. The schema is made, which takes longer than a call, where it has to judge something else
const reading =
  <A>(
    type: abstract new (...args: never) => A,
    read: (json: unknown, options: ParseOptions) => unknown,
    schema: () => Schema.Codec<A, unknown>
  ) =>
  (text: string): Result.Result<A, Schema.SchemaError> => {
    const json = Result.try((): unknown => JSON.parse(text))
    if (Result.isFailure(json)) return Schema.decodeResult(Schema.fromJsonString(schema()))(text)
    const value = read(json.success, {})
    return value instanceof type ? Result.succeed(value) : Schema.decodeUnknownResult(schema())(json.success)
  }
const decodeSeat = reading(Seat, seat, () => schemas().SeatJson)
const decodeSeats = reading(SeatsList, list, () => schemas().SeatsListJson)

/** One of Polar's two doors to seats: where it is, who may come in, and what is behind it alone. */
export interface Surface {
  readonly path: "/v1/customer-portal/seats" | "/v1/customer-seats"
  readonly wants: Unauthorized["wants"]
  readonly claimedSubscriptions: Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError>
}

const sourceFields = AssignmentSource.$match({
  Subscription: ({ id }) => ({ subscription_id: id }),
  Order: ({ id }) => ({ order_id: id }),
  Checkout: ({ id }) => ({ checkout_id: id })
})
const recipientFields = Recipient.$match({
  Email: ({ email }) => ({ email }),
  Customer: ({ id }) => ({ customer_id: id }),
  ExternalCustomer: ({ externalId }) => ({ external_customer_id: externalId }),
  Member: ({ id }) => ({ member_id: id }),
  ExternalMember: ({ email, externalId }) => ({
    external_member_id: externalId,
    ...(email === undefined ? {} : { email })
  })
})
const assignmentJson = ({ immediateClaim, metadata, recipient, source }: Assignment) => ({
  ...sourceFields(source),
  ...recipientFields(recipient),
  ...(metadata === undefined ? {} : { metadata }),
  ...(immediateClaim === undefined ? {} : { immediate_claim: immediateClaim })
})

const nameOf = (source: AssignmentSource) =>
  AssignmentSource.$match(source, {
    Subscription: () => "subscription" as const,
    Order: () => "order" as const,
    Checkout: () => "checkout" as const
  })

/** `Seats` through one of Polar's doors, with a token. */
export const make = (polar: PolarClient, token: Redacted.Redacted<string>, surface: Surface): Seats["Service"] => {
  const { path, wants } = surface
  const denied = (refusal: Refusal) => forbidden(refusal) ?? unauthorized(wants)(refusal)
  const noSeat = (refusal: Refusal, seatId: SeatId) =>
    refusal.key === "404 ResourceNotFound" ? new NotFound({ resource: "seat", id: seatId }) : denied(refusal)

  return Seats.of({
    resend: (seatId) =>
      polar.call({
        operation: "Seats.resend",
        attributes: { "seat.id": seatId },
        method: "POST",
        path: `${path}/${seatId}/resend`,
        token,
        decode: decodeSeat,
        refusals: (refusal) => {
          switch (refusal.key) {
            case "400 SeatNotPending":
              return new AlreadyClaimed({ seatId })
            case "400 InvalidInvitationToken":
              return new InvitationUnavailable({ seatId })
            default:
              return noSeat(refusal, seatId)
          }
        }
      }),

    list: (source) =>
      polar.call({
        operation: "Seats.list",
        isList: true,
        method: "GET",
        path,
        urlParams: SeatSource.$match(source, {
          Subscription: ({ id }) => ({ subscription_id: id }),
          Order: ({ id }) => ({ order_id: id })
        }),
        token,
        decode: decodeSeats,
        refusals: (refusal) => {
          switch (refusal.key) {
            case "404 ResourceNotFound":
              return new NotFound({ resource: nameOf(source), id: source.id })
            default:
              return denied(refusal)
          }
        }
      }),

    assign: (assignment) =>
      Effect.flatMap(
        Effect.suspend(() => Effect.fromResult(validate(assignment))),
        ({ recipient, source }) =>
          polar.call({
            operation: "Seats.assign",
            method: "POST",
            path,
            body: assignmentJson(assignment),
            token,
            decode: decodeSeat,
            refusals: (refusal) => {
              switch (refusal.key) {
                case "400 SeatNotAvailable":
                  return new NoSeatAvailable({ detail: refusal.detail })
                case "400 SeatAlreadyAssigned":
                  return new AlreadyAssigned({ recipient: identifierOf(recipient) })
                case "400 InvalidSeatAssignmentRequest":
                  return invalid("InvalidSeatAssignmentRequest", refusal)
                case "400 MemberEmailMismatch":
                  return invalid("MemberEmailMismatch", refusal)
                case "404 CustomerNotFound":
                case "404 MemberNotFound":
                  return new RecipientNotFound({ recipient: identifierOf(recipient) })
                case "404 ResourceNotFound":
                  return new NotFound({ resource: nameOf(source), id: source.id })
                default:
                  return denied(refusal)
              }
            }
          })
      ),

    revoke: (seatId) =>
      polar.call({
        operation: "Seats.revoke",
        attributes: { "seat.id": seatId },
        method: "DELETE",
        path: `${path}/${seatId}`,
        token,
        decode: decodeSeat,
        refusals: (refusal) => noSeat(refusal, seatId)
      }),

    claimedSubscriptions: surface.claimedSubscriptions
  })
}
