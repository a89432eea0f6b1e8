import { type Assignment, type AssignmentSource, identifierOf } from "@polar-seats/domain/Assignment"
import type { SeatId } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound,
  type Surface
} from "@polar-seats/domain/SeatError"
import { invalidRequest, type Refusal } from "./errorBody.ts"

/** Polar's names of what a seat can come from. */
export const resources = { Subscription: "subscription", Order: "order", Checkout: "checkout" } as const

/** A 404 to a call about a seat. */
export const seatNotFound = (id: SeatId, surface: Surface) => new NotFound({ resource: "seat", id, surface })

/** A 404 to a call about a subscription, an order or a checkout. */
export const sourceNotFound = ({ _tag, id }: AssignmentSource, surface: Surface) =>
  new NotFound({ resource: resources[_tag], id, surface })

/** The error of a refused assignment, or `undefined` if the refusal is not about the assignment. */
export const assignError = (refusal: Refusal, { recipient, source }: Assignment, surface: Surface) => {
  switch (refusal.name) {
    case "SeatNotAvailable":
      return new NoSeatAvailable({ detail: refusal.detail })
    case "SeatAlreadyAssigned":
      return new AlreadyAssigned({ recipient: identifierOf(recipient) })
    case "InvalidSeatAssignmentRequest":
    case "MemberEmailMismatch":
      return invalidRequest(refusal.name, refusal.detail)
    case "CustomerNotFound":
    case "MemberNotFound":
      return new RecipientNotFound({ recipient: identifierOf(recipient) })
    case "ResourceNotFound":
      return sourceNotFound(source, surface)
    default:
      return undefined
  }
}
