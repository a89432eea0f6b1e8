import { type AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import type { Seat } from "@polar-seats/domain/Seat"

// A server that answers out of step gives one request the answer of another. These functions find that out. If an answer
// does not name what they compare, they let it pass, because the mail has left

/** Whether a seat belongs to the source of a request. An answer does not name a checkout. */
export const isFrom = ({ orderId, subscriptionId }: Seat, { _tag, id }: AssignmentSource): boolean => {
  switch (_tag) {
    case "Subscription":
      return subscriptionId === id
    case "Order":
      return orderId === id
    case "Checkout":
      return true
  }
}

const hasAddress = ({ customerEmail, email, member }: Seat, wanted: string): boolean => {
  const named = [email, member?.email ?? null, customerEmail].filter((address) => address !== null)
  return named.length === 0 || named.some((address) => EmailAddress.isSame(address, wanted))
}

/** Whether the recipient of an assignment may be the holder of a seat. */
export const mayBeHeldBy = (seat: Seat, recipient: Recipient): boolean => {
  const { customerId, member, memberId } = seat
  return Recipient.$match(recipient, {
    Email: ({ email }) => hasAddress(seat, email),
    Member: ({ id }) => memberId === null || memberId === id,
    ExternalMember: ({ email, externalId }) =>
      (member === null || member.externalId?.trim() === externalId.trim()) &&
      (email === undefined || hasAddress(seat, email)),
    // If the organization uses members, the seat names the buyer, who is the customer of the member
    Customer: ({ id }) => customerId === id || member === null || member.customerId === customerId,
    ExternalCustomer: () => true
  })
}
