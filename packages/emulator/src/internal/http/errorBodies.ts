import * as Effect from "effect/Effect"
import type { Assignment } from "@polar-seats/domain/Assignment"
import type {
  AlreadyAssigned,
  InvalidRequest,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound,
  Unavailable
} from "@polar-seats/domain/SeatError"

const refuse = <const Name extends string>(error: Name, detail: string) => Effect.fail({ error, detail })

const notFoundDetails = {
  seat: "Seat not found",
  subscription: "Subscription not found",
  order: "Order not found",
  checkout: "No subscription or order found for this checkout"
} as const

export const notFound = ({ resource }: NotFound) => refuse("ResourceNotFound", notFoundDetails[resource])

export const sourceMissing = () => refuse("BadRequest", "Either subscription_id or order_id must be provided")

export const featureNotEnabled = () =>
  refuse("FeatureNotEnabled", "Seat-based pricing is not enabled for this organization")

export const seatNotPending = () => refuse("SeatNotPending", "Seat is not in pending status")

export const invalidInvitationToken = () => refuse("InvalidInvitationToken", "Invalid or expired invitation token")

/** The same refusal on `GET …/claim/{invitation_token}`, which answers it with a 404. */
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

/** Answers a refusal that the model words as Polar does. The type of its issue is Polar's name for it. */
export const invalidAssignment = ({ issues: [issue] }: InvalidRequest) =>
  issue?.type === "MemberEmailMismatch"
    ? refuse("MemberEmailMismatch", issue.message)
    : refuse("InvalidSeatAssignmentRequest", issue?.message ?? "")

/** Makes the handler fail where Polar's own code fails. The emulator answers such a defect with a 500. */
export const serverFailed = (error: Unavailable) => Effect.die(error)
