import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type Assignment, Recipient } from "@polar-seats/domain/Assignment"
import { JournalError } from "./internal/journalError.ts"
import { keyFor } from "./internal/journalKey.ts"
import { CustomerId, MemberId, type Seat, SeatId } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Timestamp } from "@polar-seats/domain/Timestamp"

const Source = Schema.TaggedUnion({
  Subscription: { id: SubscriptionId },
  Order: { id: OrderId }
})
const Holder = Schema.TaggedUnion({ Member: { id: MemberId }, Email: {}, Customer: { id: CustomerId } })

/**
 * A new invitation for a seat: the seat is revoked and assigned again to the same person with the same metadata. It holds
 * all that `Invitations.finish` needs. Its encoded form holds the address in the clear.
 */
export class Reissue extends Schema.Class<Reissue>("Reissue")({
  seatId: SeatId,
  source: Source,
  holder: Holder,
  /** The address that Polar mails. */
  address: Schema.RedactedFromValue(Schema.String),
  metadata: Schema.NullOr(Schema.Record(Schema.String, Schema.Json)),
  /** When the old invitation expires. The new invitation has another expiry, which tells the two apart. */
  expiresAt: Schema.NullOr(Timestamp)
}) {
  /** The key of the person in the journal. */
  get key(): string {
    return keyFor(this.source, Redacted.value(this.address))
  }

  /** The assignment that follows the revocation. */
  get assignment(): Assignment {
    const recipient = Holder.match(this.holder, {
      Member: ({ id }) => Recipient.Member({ id }),
      Email: () => Recipient.Email({ email: Redacted.value(this.address) }),
      Customer: ({ id }) => Recipient.Customer({ id })
    })
    return { source: this.source, recipient, metadata: this.metadata ?? undefined }
  }

  /** Whether the seat is held by the person of this reissue. True of the old seat and of the new one. */
  isSamePerson(seat: Seat): boolean {
    if (seat.status === "revoked") return false
    return (
      (this.holder._tag === "Member" && seat.memberId === this.holder.id) ||
      seat.holderEmail?.toLowerCase() === Redacted.value(this.address).toLowerCase()
    )
  }

  /** Whether the seat still has the invitation that this reissue replaces. */
  hasOldInvitation(seat: Seat): boolean {
    return (
      seat.status === "pending" &&
      this.isSamePerson(seat) &&
      Equal.equals(seat.invitationTokenExpiresAt, this.expiresAt)
    )
  }
}

// Assign by member only if seats belong to members. Otherwise Polar would give the seat to the buyer
const holderOf = (seat: Seat): typeof Holder.Type | undefined => {
  const { customerId, email, member, memberId } = seat
  const isMembersSeat = member === null ? email === null : member.customerId === customerId
  if (memberId !== null && isMembersSeat) return Holder.cases.Member.make({ id: memberId })
  if (email !== null) return Holder.cases.Email.make({})
  return customerId === null ? undefined : Holder.cases.Customer.make({ id: customerId })
}

/** The reissue of a seat, or `undefined` if the seat names nobody to mail, or no subscription or order. */
export const fromSeat = (seat: Seat): Reissue | undefined => {
  const { source } = seat
  const holder = holderOf(seat)
  const address = seat.holderEmail
  if (source === null || holder === undefined || address === null) return undefined
  return new Reissue({
    seatId: seat.id,
    source,
    holder,
    address: Redacted.make(address),
    metadata: seat.seatMetadata,
    expiresAt: seat.invitationTokenExpiresAt
  })
}

/**
 * A reissue began and did not end: the seat may be revoked, and its holder may have no invitation. Pass it to
 * `Invitations.finish`.
 */
export class ReissueIncomplete extends Schema.TaggedError<ReissueIncomplete>()("ReissueIncomplete", {
  reissue: Reissue,
  /** The error that stopped the reissue. Null if it was interrupted, or if another process has taken it over. */
  error: Schema.NullOr(
    Schema.Union([
      SeatError.NotFound,
      SeatError.NoSeatAvailable,
      SeatError.AlreadyAssigned,
      SeatError.RecipientNotFound,
      SeatError.Unauthorized,
      SeatError.Forbidden,
      SeatError.InvalidRequest,
      SeatError.RateLimited,
      SeatError.Unavailable,
      JournalError
    ])
  )
}) {
  override get message() {
    const reason =
      this.error === null ? "It was interrupted, or another process has taken it over." : this.error.message
    return `The reissue of seat ${this.reissue.seatId} did not end: the seat may be revoked, and its holder may have no invitation. ${reason} To seat the holder again, finish the reissue.`
  }
}
