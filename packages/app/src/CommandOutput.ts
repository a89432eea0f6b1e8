import { SeatId } from "@polar-seats/domain/Seat"
import { SeatJson } from "@polar-seats/http/SeatJson"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import * as Schema from "effect/Schema"

/** An error on a line: its name, which stays the same, and a text for people. */
const ErrorJson = Schema.Struct({ _tag: Schema.String, message: Schema.String })

// Commands that read the list first name the holder as the list does. It is null if Polar names nobody
const address = Schema.optionalKey(Schema.NullOr(Schema.String))
const named = { id: SeatId, address }

/** A seat of a list, or one that was assigned or revoked. The seat is Polar's own JSON. */
const Done = Schema.Struct({
  ...named,
  outcome: Schema.Literals(["listed", "assigned", "revoked"]),
  seat: SeatJson
})

// If `remind` is interrupted while an answer is on its way, the journal may tell that the mail left, and not the seat
const mailedSeat = Schema.optionalKey(SeatJson)

/** A seat whose invitation was mailed once more. `link` is there if nobody can use the link in that mail. */
const Resent = Schema.Struct({
  ...named,
  outcome: Schema.Literal("resent"),
  seat: mailedSeat,
  link: Schema.optionalKey(Schema.Literal("dead"))
})

/** A seat whose holder was mailed a new link. */
const Reissued = Schema.Struct({ ...named, outcome: Schema.Literal("reissued"), seat: mailedSeat })

/** A seat that `claim` has claimed, with the token of its session if the caller asked for it. */
const Claimed = Schema.Struct({
  ...named,
  outcome: Schema.Literal("claimed"),
  seat: SeatJson,
  customer_session_token: Schema.optionalKey(Schema.String)
})

/** A seat that the command did not do: `failed` certainly, `unknown` perhaps, and `not_begun` without an attempt. */
const NotDone = Schema.Struct({
  address,
  /** Null if no seat is known, as for an `assign` that failed. */
  id: Schema.NullOr(SeatId),
  outcome: Schema.Literals(["failed", "unknown", "not_begun"]),
  error: ErrorJson
})

const skipped = { ...named, outcome: Schema.Literal("skipped") }

/** A seat that `remind` left out, with the reason. */
const Skipped = Schema.Union([
  Schema.Struct({
    ...skipped,
    reason: Schema.Literals(["not_pending", "filtered_out", "in_progress_elsewhere"])
  }),
  Schema.Struct({ ...skipped, reason: Schema.Literal("expired"), expired_at: Timestamp }),
  Schema.Struct({ ...skipped, reason: Schema.Literal("mailed_recently"), again: Timestamp }),
  Schema.Struct({ ...skipped, reason: Schema.Literal("dry_run"), would: Schema.Literals(["resend", "reissue"]) })
])

/**
 * The line of one seat. `id` is the seat that the command was given. After a reissue, the person may have another seat, and
 * `seat.id` names it.
 */
export const SeatLine = Schema.Union([Done, Resent, Reissued, Claimed, NotDone, Skipped])

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const countOfSome = Schema.optionalKey(count)

/**
 * The last line: the number of seats by outcome. A command counts the outcomes that it can have, zeros included, and always
 * the last three.
 */
export const SummaryLine = Schema.Struct({
  summary: Schema.Struct({
    listed: countOfSome,
    resent: countOfSome,
    reissued: countOfSome,
    assigned: countOfSome,
    revoked: countOfSome,
    claimed: countOfSome,
    skipped: countOfSome,
    failed: count,
    unknown: count,
    not_begun: count
  }),
  /** Whether an interruption ended the command. */
  interrupted: Schema.Boolean,
  /** The error that ended the whole command, such as that of a list. */
  error: Schema.optionalKey(ErrorJson),
  /** From `list`: Polar's numbers of the subscription or order. */
  available_seats: countOfSome,
  total_seats: countOfSome,
  /** From `remind`: the number of skipped seats by reason, and the ids of the seats that failed or are in doubt. */
  skipped: Schema.optionalKey(Schema.Record(Schema.String, count)),
  failed: Schema.optionalKey(Schema.Array(SeatId)),
  unknown: Schema.optionalKey(Schema.Array(SeatId)),
  /** From `remind --dry-run`: the number of people whom a run would mail. */
  people: countOfSome
})

/**
 * A line of stdout with `--json`, of `list`, `resend`, `reissue`, `remind`, `assign`, `revoke` and `claim`: one line for
 * each seat, and a summary as the last line. Wrong use prints no line.
 */
export const CommandOutput = Schema.Union([SeatLine, SummaryLine])
export type CommandOutput = typeof CommandOutput.Type
