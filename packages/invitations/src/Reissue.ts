import * as DateTime from "effect/DateTime"
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

const sameAddress = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const sameInstant = (one: DateTime.Utc | null, other: DateTime.Utc | null): boolean =>
  one === null || other === null ? one === other : DateTime.Equivalence(one, other)

/**
 * A seat's second invitation: the seat is revoked, and assigned again to the same person with the same metadata. It is
 * all that is needed to finish one that was begun. What it encodes to has the address in the clear.
 */
export class Reissue extends Schema.Class<Reissue>("Reissue")({
  seatId: SeatId,
  source: Source,
  holder: Holder,
  /** Whom Polar mails. */
  address: Schema.RedactedFromValue(Schema.String),
  metadata: Schema.NullOr(Schema.Record(Schema.String, Schema.Json)),
  /** When the invitation that is replaced ends. The one that replaces it ends at another time, or at some time. */
  expiresAt: Schema.NullOr(Timestamp)
}) {
  /** Who is mailed, and for what. */
  get key(): string {
    return keyFor(this.source, Redacted.value(this.address))
  }

  /** What the second half assigns. */
  get assignment(): Assignment {
    const recipient = Holder.match(this.holder, {
      Member: ({ id }) => Recipient.Member({ id }),
      Email: () => Recipient.Email({ email: Redacted.value(this.address) }),
      Customer: ({ id }) => Recipient.Customer({ id })
    })
    return { source: this.source, recipient, metadata: this.metadata ?? undefined }
  }

  /** Whether this is a seat of the person, be it the old one or the new. */
  isSamePerson(seat: Seat): boolean {
    if (seat.status === "revoked") return false
    return (
      (this.holder._tag === "Member" && seat.memberId === this.holder.id) ||
      (seat.holderEmail !== null && sameAddress(seat.holderEmail, Redacted.value(this.address)))
    )
  }

  /** Whether a seat still has the invitation that is to be replaced. */
  hasOldInvitation(seat: Seat): boolean {
    return (
      seat.status === "pending" && this.isSamePerson(seat) && sameInstant(seat.invitationTokenExpiresAt, this.expiresAt)
    )
  }
}

// By member, but only where seats are members' and not customers': else Polar would make the seat the buyer's
const holderOf = (seat: Seat): typeof Holder.Type | undefined => {
  const { customerId, email, member, memberId } = seat
  const ofMember = member === null ? email === null : member.customerId === customerId
  if (memberId !== null && ofMember) return Holder.cases.Member.make({ id: memberId })
  if (email !== null) return Holder.cases.Email.make({})
  return customerId === null ? undefined : Holder.cases.Customer.make({ id: customerId })
}

/** The reissue of a seat, or nothing where Polar names nobody to mail, or no place that the seat was bought with. */
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
 * A reissue was begun and not brought to its end: the seat may be revoked, and its holder without an invitation.
 * `Invitations.finish` takes it from there.
 */
export class ReissueIncomplete extends Schema.TaggedError<ReissueIncomplete>()("ReissueIncomplete", {
  reissue: Reissue,
  /** What came in between. Null: it was interrupted, or somebody else has taken it over. */
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
    const why = this.error === null ? "it was interrupted, or somebody else has taken it over." : this.error.message
    return `Seat ${this.reissue.seatId} may be revoked by now, and its holder without an invitation: finish the reissue. What came in between: ${why}`
  }
}
