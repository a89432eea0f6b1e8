import {
  identifierOf,
  type Assignment,
  type AssignmentSource,
  Recipient,
  validate
} from "@polar-seats/domain/Assignment"
import type { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import type { SeatId } from "@polar-seats/domain/Seat"
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
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import { invalidRequest, type Refusal, tokenError } from "./errorBody.ts"
import type { PolarClient } from "./polarClient.ts"
import { decodeSeat, decodeSeats } from "./seatJson.ts"

/** One of Polar's two sets of seat endpoints: its path, the token that it takes, and the call that only one of them has. */
export interface SeatsEndpoint {
  readonly path: "/v1/customer-portal/seats" | "/v1/customer-seats"
  readonly wants: Unauthorized["wants"]
  readonly claimedSubscriptions: Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError>
}

const resources = { Subscription: "subscription", Order: "order", Checkout: "checkout" } as const
const sourceFields = ({ _tag, id }: AssignmentSource) => ({ [`${resources[_tag]}_id`]: id })
const sourceNotFound = ({ _tag, id }: AssignmentSource) => new NotFound({ resource: resources[_tag], id })
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

const assignError = (refusal: Refusal, { recipient, source }: Assignment) => {
  switch (refusal.name) {
    case "SeatNotAvailable":
      return new NoSeatAvailable({ detail: refusal.detail })
    case "SeatAlreadyAssigned":
      return new AlreadyAssigned({ recipient: identifierOf(recipient) })
    case "InvalidSeatAssignmentRequest":
    case "MemberEmailMismatch":
      return invalidRequest(refusal.name, refusal)
    case "CustomerNotFound":
    case "MemberNotFound":
      return new RecipientNotFound({ recipient: identifierOf(recipient) })
    case "ResourceNotFound":
      return sourceNotFound(source)
    default:
      return undefined
  }
}

/** `Seats` on one set of endpoints, with a token. */
export const make = (
  polar: PolarClient,
  token: Redacted.Redacted<string>,
  endpoint: SeatsEndpoint
): Seats["Service"] => {
  const { path, wants } = endpoint
  const deniedError = (refusal: Refusal) => tokenError(wants, refusal)
  const seatError = (refusal: Refusal, seatId: SeatId) =>
    refusal.name === "ResourceNotFound" ? new NotFound({ resource: "seat", id: seatId }) : deniedError(refusal)

  return Seats.of({
    resend: (seatId) =>
      polar.call({
        operation: "Seats.resend",
        attributes: { "seat.id": seatId },
        method: "POST",
        path: `${path}/${seatId}/resend`,
        token,
        decode: decodeSeat,
        errorFor: (refusal) => {
          switch (refusal.name) {
            case "SeatNotPending":
              return new AlreadyClaimed({ seatId })
            case "InvalidInvitationToken":
              return new InvitationUnavailable({ seatId })
            default:
              return seatError(refusal, seatId)
          }
        }
      }),

    list: (source) =>
      polar.call({
        operation: "Seats.list",
        isList: true,
        method: "GET",
        path,
        urlParams: sourceFields(source),
        token,
        decode: decodeSeats,
        errorFor: (refusal) => (refusal.name === "ResourceNotFound" ? sourceNotFound(source) : deniedError(refusal))
      }),

    assign: (assignment) =>
      Effect.flatMap(
        Effect.suspend(() => Effect.fromResult(validate(assignment))),
        (checked) =>
          polar.call({
            operation: "Seats.assign",
            method: "POST",
            path,
            body: assignmentJson(assignment),
            token,
            decode: decodeSeat,
            errorFor: (refusal) => assignError(refusal, checked) ?? deniedError(refusal)
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
        errorFor: (refusal) => seatError(refusal, seatId)
      }),

    claimedSubscriptions: endpoint.claimedSubscriptions
  })
}
