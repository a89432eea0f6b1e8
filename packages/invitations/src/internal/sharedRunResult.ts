import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import type { ReminderOutcome } from "../Reminder.ts"

/** The database of the run cannot be used, so this worker has stopped. The other workers get its seats. */
export class SharedRunError extends Schema.TaggedError<SharedRunError>()("SharedRunError", {
  description: Schema.String
}) {
  override get message() {
    return `The shared run stopped here: ${this.description}. Its seats go to the other workers. To continue the run, start a worker again.`
  }
}

/**
 * The seats of some subscriptions and orders could not be listed, so the run does not have them. Every seat that it has got
 * its outcome.
 */
export class SourcesUnlisted extends Schema.TaggedError<SourcesUnlisted>()("SourcesUnlisted", {
  /** `source` is like `subscription/9f1c…`, and `message` is that of the error. */
  sources: Schema.Array(Schema.Struct({ source: Schema.String, message: Schema.String }))
}) {
  override get message() {
    const each = this.sources.map(({ message, source }) => `${source} (${message})`).join("; ")
    return `The run mailed nobody of these, because their seats could not be listed: ${each}. All other seats have their outcomes. Offer these again to a run, and start a worker.`
  }
}

/** The outcome of a seat, for all workers to read. It holds the address in the clear. */
export class SeatResult extends Schema.Class<SeatResult>("SeatResult")({
  seatId: SeatId,
  address: Schema.NullOr(Schema.String),
  /**
   * The tag of the `ReminderOutcome`. If a worker is killed after a mail and before it writes the result, another worker
   * finds the mail in the journal. The result is then `Skipped` because of `MailedRecently`.
   *
   * If two workers report a seat, because one was paused for too long, the worker that knows more counts. A `Failed` that
   * may have left somebody without a seat comes first, then a mail, then a doubt, then a seat that was not mailed.
   */
  outcome: Schema.Literals(["Resent", "Reissued", "Skipped", "Failed", "InDoubt"]),
  /** The tag of the `Skip` or of the error. */
  reason: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String),
  at: Timestamp
}) {}

/** How far a run has come. */
export interface Progress {
  /** The seats in the run. */
  readonly offered: number
  /** The seats in the run that have an outcome. */
  readonly settled: number
  /** Whether every source was offered, or has failed, and every seat has an outcome. */
  readonly isDone: boolean
}

/**
 * How much an outcome tells. A heavier one is never replaced by a lighter one. A worker that reports a lost seat has read
 * the seats after its own revocation landed. A worker that reports a mail may have sent it before that, and a worker that
 * skips the seat has seen only the journal.
 */
export const weightOf = (outcome: ReminderOutcome): number => {
  switch (outcome._tag) {
    case "Resent":
    case "Reissued":
      return 3
    case "InDoubt":
      return 2
    case "Skipped":
      return 1
    case "Failed":
      return mayBeWithoutSeat(outcome.error) ? 4 : 1
  }
}

const mayBeWithoutSeat = ({ _tag }: Extract<ReminderOutcome, { readonly _tag: "Failed" }>["error"]): boolean =>
  _tag === "ReissueIncomplete" ||
  _tag === "RevokedSomebodyElse" ||
  _tag === "HolderRemoved" ||
  _tag === "MailedSomebodyElse"

// The id is that of the seat that was offered: a finished reissue may end in another row
const resultOf = (seatId: SeatId, outcome: ReminderOutcome, at: DateTime.Utc): SeatResult => {
  const { _tag, address } = outcome
  const fields = { seatId, address, outcome: _tag, at }
  switch (_tag) {
    case "Skipped":
      return new SeatResult({ ...fields, reason: outcome.reason._tag, message: null })
    case "Failed":
      return new SeatResult({ ...fields, reason: outcome.error._tag, message: outcome.error.message })
    default:
      return new SeatResult({ ...fields, reason: null, message: null })
  }
}

// A worker of an earlier version wrote `why`, and may read what this one writes
const ResultJson = Schema.fromJsonString(Schema.toCodecJson(SeatResult.pipe(Schema.encodeKeys({ reason: "why" }))))
const toJson = Schema.encodeEffect(ResultJson)
const fromJson = Schema.decodeEffect(ResultJson)

/** The result of a seat as JSON, for the table. */
export const encodeResult = (seatId: Seat["id"], outcome: ReminderOutcome, at: DateTime.Utc): Effect.Effect<string> =>
  Effect.orDie(toJson(resultOf(seatId, outcome, at)))

/** Reads a result of the table. */
export const decodeResult = (json: string): Effect.Effect<SeatResult, SharedRunError> =>
  Effect.mapError(fromJson(json), () => new SharedRunError({ description: "a result cannot be decoded" }))
