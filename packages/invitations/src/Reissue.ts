import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type Assignment, Recipient } from "@polar-seats/domain/Assignment"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { JournalError, UnreadableEntry } from "./internal/journalError.ts"
import { HolderRemoved, InexactMetadata, MailedRecently } from "./InvitationError.ts"
import { isUsableAddress, keyFor } from "./internal/journalKey.ts"
import { CustomerId, MemberId, Seat, SeatId } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"
import { OrderId, type SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Timestamp } from "@polar-seats/domain/Timestamp"

const Source = Schema.TaggedUnion({
  Subscription: { id: SubscriptionId },
  Order: { id: OrderId }
})
const Holder = Schema.TaggedUnion({ Member: { id: MemberId }, Email: {}, Customer: { id: CustomerId } })

const sameInstant = (one: DateTime.Utc | null, other: DateTime.Utc | null): boolean =>
  one === null || other === null ? one === other : DateTime.Equivalence(one, other)

/** How far a reissue has come. */
export const Phase = Schema.TaggedUnion({
  /**
   * The revocation is about to leave, or has left. It can be on its way from `from` to `until`. `endedAt` is when the
   * process stopped waiting for the answer. It is null while the process waits, and if it was killed. All three are times
   * at Polar.
   */
  Revoking: { from: Timestamp, until: Timestamp, endedAt: Schema.NullOr(Timestamp) },
  /** Polar has answered our revocation. `revokedAt` is the time that Polar gave it. */
  Revoked: { revokedAt: Schema.NullOr(Timestamp) },
  /** The assignment is about to leave, or has left: a mail may have been sent. */
  Assigning: { revokedAt: Schema.NullOr(Timestamp) }
})
export type Phase = typeof Phase.Type

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
  metadata: Seat.fields.seatMetadata,
  /** The `exactMetadata` of the seat. A reissue that has it is refused, because it would change the numbers. */
  exactMetadata: Seat.fields.exactMetadata,
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
      (seat.holderEmail !== null && EmailAddress.isSame(seat.holderEmail, Redacted.value(this.address)))
    )
  }

  /** Whether the answer to a revocation names the person of this reissue. */
  wasHolder(answer: Seat): boolean {
    const address = answer.member?.email ?? answer.customerEmail
    return (
      (this.holder._tag === "Member" && answer.member?.id === this.holder.id) ||
      (address !== null && EmailAddress.isSame(address, Redacted.value(this.address)))
    )
  }

  /** Whether the seat still has the invitation that this reissue replaces. */
  hasOldInvitation(seat: Seat): boolean {
    return (
      seat.status === "pending" && this.isSamePerson(seat) && sameInstant(seat.invitationTokenExpiresAt, this.expiresAt)
    )
  }
}

/** The metadata of a seat, as a reissue holds it. */
export const metadataOf = ({ exactMetadata, seatMetadata }: Seat) =>
  exactMetadata === undefined ? { metadata: seatMetadata } : { metadata: seatMetadata, exactMetadata }

// Assign by member only if seats belong to members. Otherwise Polar would give the seat to the buyer
const holderOf = (seat: Seat): typeof Holder.Type | undefined => {
  const { customerId, email, member, memberId } = seat
  const isMembersSeat = member === null ? email === null : member.customerId === customerId
  if (memberId !== null && isMembersSeat) return Holder.cases.Member.make({ id: memberId })
  if (email !== null) return Holder.cases.Email.make({})
  return customerId === null ? undefined : Holder.cases.Customer.make({ id: customerId })
}

/** The reissue of a seat, or `undefined` if it has no address that somebody can have, or no subscription or order. */
export const fromSeat = (seat: Seat): Reissue | undefined => {
  const { source } = seat
  const holder = holderOf(seat)
  const address = seat.holderEmail
  if (source === null || holder === undefined || address === null || !isUsableAddress(address)) return undefined
  return new Reissue({
    seatId: seat.id,
    source,
    holder,
    address: Redacted.make(address),
    ...metadataOf(seat),
    expiresAt: seat.invitationTokenExpiresAt
  })
}

/**
 * The reissue that gives a seat back to the person who held it when it was revoked. Polar's answer to a revocation still
 * names the member. `undefined` if it names nobody.
 */
export const fromRevoked = (answer: Seat, source: SeatSource): Reissue | undefined => {
  const { customerEmail, id, invitationTokenExpiresAt, member } = answer
  const address = member?.email ?? customerEmail
  if (address === null || !isUsableAddress(address)) return undefined
  return new Reissue({
    seatId: id,
    source,
    holder: member === null ? Holder.cases.Email.make({}) : Holder.cases.Member.make({ id: member.id }),
    address: Redacted.make(address),
    ...metadataOf(answer),
    expiresAt: invitationTokenExpiresAt
  })
}

/**
 * A reissue began and did not end: the seat may be revoked, and its holder may have no invitation. Pass it to
 * `Invitations.finish`.
 */
export class ReissueIncomplete extends Schema.TaggedError<ReissueIncomplete>()(
  "ReissueIncomplete",
  {
    reissue: Reissue,
    /** How far it came: what `Invitations.finish` goes by if the journal has forgotten. */
    phase: Phase,
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
        MailedRecently,
        HolderRemoved,
        InexactMetadata,
        UnreadableEntry,
        JournalError
      ])
    )
  },
  { httpApiStatus: 503 }
) {
  override get message() {
    const reason =
      this.error === null ? "It was interrupted, or another process has taken it over." : this.error.message
    const next = this.error?._tag === "InexactMetadata" ? "" : " To seat the holder again, finish the reissue."
    return `The reissue of seat ${this.reissue.seatId} did not end: the seat may be revoked, and its holder may have no invitation. ${reason}${next}`
  }
}

/**
 * A revocation hit somebody else: the seat was given to another person in the few seconds between the read and the
 * revocation. `reissue` gives the seat back to that person. It is in `Invitations.unfinished`: pass it to
 * `Invitations.finish`.
 */
export class RevokedSomebodyElse extends Schema.TaggedError<RevokedSomebodyElse>()(
  "RevokedSomebodyElse",
  {
    seatId: SeatId,
    meant: Schema.String,
    reissue: Schema.NullOr(Reissue)
  },
  { httpApiStatus: 503 }
) {
  override get message() {
    const who = this.reissue === null ? "Somebody else" : Redacted.value(this.reissue.address)
    const next =
      this.reissue?.exactMetadata === undefined
        ? "Finish the reissue of this error to seat them again."
        : "Seat them again yourself, and pass each number that JavaScript cannot hold as text: a finish would change those of the metadata."
    return `Seat ${this.seatId} had another holder by now: ${who} has lost the seat instead of ${this.meant}, and has no mail of it. ${next}`
  }
}
