import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { RateLimited } from "@polar-seats/domain/SeatError"
import { keyFor } from "../Journal.ts"
import type { Reissue, ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, type SeatFailure, Skip, type StoppingError } from "../Reminder.ts"
import { nextTry, type Refusals } from "./adaptiveRate.ts"
import type { TakenOver } from "./journalWrites.ts"
import type { AddressChanged } from "./reissuePlan.ts"
import type { Engine } from "./reissueSeat.ts"
import type { Decisions } from "./seatDecision.ts"

/** One item of a run: a seat, or a reissue that an earlier run or an earlier attempt left unfinished. */
export type RunItem = Data.TaggedEnum<{
  Seat: { readonly seat: Seat; readonly refusals?: Refusals | undefined }
  Reissue: {
    readonly reissue: Reissue
    /** `Look` reads how far the reissue came. `Assign` knows that the seat is revoked. */
    readonly next: "Look" | "Assign"
    /** Whether an `Unavailable` is followed by another look. */
    readonly mayLookAgain: boolean
    readonly refusals?: Refusals | undefined
  }
}>
export const RunItem = Data.taggedEnum<RunItem>()

/** The end of one attempt at an item: an outcome, or a request to attempt `item` again after a pause. */
export type RunAttempt =
  | { readonly _tag: "Done"; readonly outcome: ReminderOutcome }
  | { readonly _tag: "Retry"; readonly item: RunItem; readonly after: Duration.Duration }
export const done = (outcome: ReminderOutcome): RunAttempt => ({ _tag: "Done", outcome })
const retry = (item: RunItem, after: Duration.Duration): RunAttempt => ({ _tag: "Retry", item, after })

/** Names a seat in an outcome. */
interface SeatRef {
  readonly seatId: SeatId
  readonly address: string | null
}
export const refOfSeat = (seat: Seat): SeatRef => ({ seatId: seat.id, address: seat.holderEmail })
export const refOfReissue = ({ address, seatId }: Reissue): SeatRef => ({ seatId, address: Redacted.value(address) })

/** The journal key of a seat's holder. A seat that names nobody has a key of its own. */
export const keyForSeat = ({ holderEmail, id, source }: Seat): string =>
  source === null || holderEmail === null ? `seat/${id}` : keyFor(source, holderEmail)

/** The state that the items of one run share. */
export interface RunState extends Engine, Decisions {
  readonly dryRun: boolean
  /** The error that has stopped the run. Nothing is sent while it is set. */
  stoppedBy: StoppingError | undefined
}

/** Stops the run after the current outcome is reported. */
export const stopRun = (run: RunState, error: StoppingError): Effect.Effect<void> =>
  Effect.sync(() => {
    run.stoppedBy = error
  })

/** Attempts the item again after a 429, or ends it with `failure` if Polar has refused it for too long. */
export const afterRateLimit = (item: RunItem, ref: SeatRef, error: RateLimited, failure: SeatFailure = error) =>
  Effect.map(nextTry(error, item.refusals), (next) =>
    next === undefined
      ? done(ReminderOutcome.Failed({ ...ref, error: failure }))
      : retry({ ...item, refusals: next.refusals }, next.after)
  )

/** Turns an error into an outcome, another attempt, or the end of the run. */
export const afterRefusal = Effect.fnUntraced(function* (
  run: RunState,
  item: RunItem,
  ref: SeatRef,
  error: SeatFailure | StoppingError | TakenOver | AddressChanged
) {
  const skipped = (why: Skip) => done(ReminderOutcome.Skipped({ ...ref, why }))
  switch (error._tag) {
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      return yield* error
    case "TakenOver":
      return skipped(Skip.InProgressElsewhere())
    case "AddressChanged":
      return retry(RunItem.Seat({ seat: error.seat, refusals: item.refusals }), Duration.zero)
    case "AlreadyClaimed":
      return skipped(Skip.NotPending())
    case "ResentRecently":
      return skipped(Skip.MailedRecently({ again: error.again }))
    case "RateLimited":
      return yield* afterRateLimit(item, ref, error)
    case "ReissueIncomplete":
      return yield* afterIncomplete(run, item, ref, error)
    default:
      return done(ReminderOutcome.Failed({ ...ref, error }))
  }
})

// The seat may be revoked, so every failure reports the reissue
const afterIncomplete = Effect.fnUntraced(function* (
  run: RunState,
  item: RunItem,
  ref: SeatRef,
  incomplete: ReissueIncomplete
) {
  const { error, reissue } = incomplete
  const mayLookAgain = item._tag === "Seat" || item.mayLookAgain
  switch (error?._tag) {
    case "RateLimited": {
      const assign = RunItem.Reissue({ reissue, next: "Assign", mayLookAgain, refusals: item.refusals })
      return yield* afterRateLimit(assign, ref, error, incomplete)
    }
    case "Unavailable":
      // The list shows whether the request took effect, but not at once
      if (!mayLookAgain) break
      return retry(RunItem.Reissue({ reissue, next: "Look", mayLookAgain: false }), Duration.seconds(1))
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      yield* stopRun(run, error)
  }
  return done(ReminderOutcome.Failed({ ...ref, error: incomplete }))
})
