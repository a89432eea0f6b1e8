import type {
  AlreadyAssigned,
  InvalidRequest,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound,
  Unavailable
} from "@polar-seats/domain/SeatError"
import type { Assignment } from "@polar-seats/domain/Assignment"
import * as Effect from "effect/Effect"

const refuse = <const Name extends string>(error: Name, detail: string) => Effect.fail({ error, detail })

const resources = { seat: "Seat not found", subscription: "Subscription not found", order: "Order not found" } as const

export const notFound = ({ resource }: NotFound) =>
  refuse(
    "ResourceNotFound",
    resource === "checkout" ? "No subscription or order found for this checkout" : resources[resource]
  )

export const featureNotEnabled = () =>
  refuse("FeatureNotEnabled", "Seat-based pricing is not enabled for this organization")

export const seatNotPending = () => refuse("SeatNotPending", "Seat is not in pending status")

export const invalidInvitationToken = () => refuse("InvalidInvitationToken", "Invalid or expired invitation token")

/** The same on the route that says it with a 404. */
export const invitationNotFound = () => refuse("ResourceNotFound", "Invalid or expired invitation token")

export const seatNotAvailable = ({ detail }: NoSeatAvailable) => refuse("SeatNotAvailable", detail)

export const seatAlreadyAssigned = ({ recipient }: AlreadyAssigned) =>
  refuse("SeatAlreadyAssigned", `Seat already assigned to customer ${recipient}`)

export const recipientNotFound = (recipient: Assignment["recipient"]) => (error: RecipientNotFound) => {
  const isMember = recipient._tag === "Member" || recipient._tag === "ExternalMember"
  return isMember
    ? refuse("MemberNotFound", `Member not found: ${error.recipient}`)
    : refuse("CustomerNotFound", `Customer not found: ${error.recipient}`)
}

/** A refusal that the model words as Polar does: its issue carries Polar's name for it. */
export const invalidAssignment = ({ issues: [issue] }: InvalidRequest) =>
  issue?.type === "MemberEmailMismatch"
    ? refuse("MemberEmailMismatch", issue.message)
    : refuse("InvalidSeatAssignmentRequest", issue?.message ?? "")

/** Where Polar itself trips, it answers 500: a defect here, which the emulator shows as that. */
export const serverFailed = (error: Unavailable) => Effect.die(error)
