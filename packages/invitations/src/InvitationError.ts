import { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

const Instant = Schema.DateTimeUtcFromString.pipe(Schema.annotateEncoded({ format: "date-time" }))

/** The invitation has expired. Nothing was mailed, because the link would be dead. */
export class InvitationExpired extends Schema.TaggedError<InvitationExpired>()(
  "InvitationExpired",
  {
    seatId: SeatId,
    expiredAt: Instant,
    /** The clock that says so. `Machine`: Polar's time is not known, and the clock of this machine may be wrong. */
    clock: Schema.optionalKey(Schema.Literals(["Polar", "Machine"]))
  },
  { httpApiStatus: 409 }
) {
  override get message() {
    const by = this.clock === "Machine" ? " by the clock of this machine, because Polar's time is not known" : ""
    return `The invitation of seat ${this.seatId} expired at ${DateTime.formatIso(this.expiredAt)}${by}, and a resend would mail a dead link. Nothing was mailed: reissue the seat to mail a new link.`
  }
}

/** The journal knows of a mail to this person within the cooldown. Nothing was mailed. From `again` on, a mail may leave. */
export class MailedRecently extends Schema.TaggedError<MailedRecently>()(
  "MailedRecently",
  {
    seatId: SeatId,
    again: Instant
  },
  { httpApiStatus: 409 }
) {
  override get message() {
    return `The holder of seat ${this.seatId} was mailed a short while ago, or may have been. Nothing was mailed now: try again from ${DateTime.formatIso(this.again)} on, or pass again: true to mail at once.`
  }
}

/** Another process that shares the journal is mailing this person now. Nothing was mailed here. */
export class InProgressElsewhere extends Schema.TaggedError<InProgressElsewhere>()(
  "InProgressElsewhere",
  {
    seatId: SeatId
  },
  { httpApiStatus: 409 }
) {
  override get message() {
    return `Another process is mailing the holder of seat ${this.seatId}. Nothing was mailed here: look at the seat in a minute.`
  }
}

/**
 * Polar mailed somebody else: the seat was given to another person between the last read and the resend. The journal
 * remembers the person who was mailed. `seat` is the seat as Polar answered it.
 */
export class MailedSomebodyElse extends Schema.TaggedError<MailedSomebodyElse>()(
  "MailedSomebodyElse",
  {
    seatId: SeatId,
    meant: Schema.String,
    seat: Seat
  },
  { httpApiStatus: 409 }
) {
  override get message() {
    return `Seat ${this.seatId} has another holder by now: the invitation went to ${this.seat.holderEmail ?? "somebody without an address"}, and not to ${this.meant}. List the seats to see where ${this.meant} sits.`
  }
}

/**
 * The metadata of the seat has numbers that JavaScript cannot hold, under `keys`. A reissue would give them back changed, so
 * nothing was revoked, assigned or mailed. Polar may hold a number beyond 2^53, or one with more digits than a double.
 */
export class InexactMetadata extends Schema.TaggedError<InexactMetadata>()(
  "InexactMetadata",
  {
    seatId: SeatId,
    keys: Schema.Array(Schema.String)
  },
  { httpApiStatus: 409 }
) {
  override get message() {
    return `The metadata of seat ${this.seatId} has numbers that JavaScript cannot hold, under ${this.keys.join(", ")}. A reissue would change them, so nothing was revoked or mailed now: seat the holder yourself, and pass such a number as text.`
  }
}

/**
 * The person of an unfinished reissue has no seat, and nothing shows that the reissue took it away. Nobody was assigned and
 * nobody was mailed: whoever was removed on purpose stays removed.
 */
export class HolderRemoved extends Schema.TaggedError<HolderRemoved>()(
  "HolderRemoved",
  { seatId: SeatId },
  { httpApiStatus: 409 }
) {
  override get message() {
    return `The holder of seat ${this.seatId} has no seat now, and somebody else may have removed them. Nothing was mailed: assign a seat to them if they should have one.`
  }
}
