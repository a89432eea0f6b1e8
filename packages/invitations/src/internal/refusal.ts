import { isRateLimited } from "@polar-seats/domain/SeatError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InProgressElsewhere, MailedRecently } from "../InvitationError.ts"
import type { Phase, Reissue, ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, type OutcomeError, Skip, type StoppingError } from "../Reminder.ts"
import { pauseAfter } from "./adaptiveRate.ts"
import type { SeatRef } from "./engine.ts"
import { monotonicMillis } from "./clock.ts"
import type { AddressChanged } from "./reissuePlan.ts"
import type { StillOnItsWay, TakenOver } from "./revokeAndAssign.ts"
import { done, retry, type RunAttempt, RunItem, type RunState, stopRun } from "./runState.ts"

/** A seat fails, and so does a list, if it has to wait for longer than this. */
export const maxWaitMillis = Duration.toMillis("1 hour")

// Another process gives a sign of life at least this often
const pauseWhileElsewhere = ({ engine: { journal } }: RunState) => Duration.times(journal.lease, 1 / 3)

/** Tries again after a pause, or settles for `otherwise` if the pause would end after the limit. */
const waitOr = (item: RunItem, pause: (times: number) => Duration.Duration, otherwise: RunAttempt) =>
  Effect.map(monotonicMillis, (now): RunAttempt => {
    const { since, times } = item.waits ?? { since: now, times: 0 }
    const after = pause(times)
    const isTooLong = now - since + Duration.toMillis(after) > maxWaitMillis
    return isTooLong ? otherwise : retry({ ...item, waits: { since, times: times + 1 } }, after)
  })

type Refusal = OutcomeError | StoppingError | TakenOver | AddressChanged | InProgressElsewhere | MailedRecently

/** Turns an error after which nothing was mailed into an outcome, another attempt, or the end of the run. */
export const afterRefusal = (
  run: RunState,
  item: RunItem,
  ref: SeatRef,
  error: Refusal
): Effect.Effect<RunAttempt, StoppingError> => {
  const skipped = (reason: Skip) => done(ReminderOutcome.Skipped({ ...ref, reason }))
  switch (error._tag) {
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      return Effect.fail(error)
    case "TakenOver":
    case "InProgressElsewhere":
      return waitOr(item, () => pauseWhileElsewhere(run), skipped(Skip.InProgressElsewhere()))
    case "AddressChanged":
      return Effect.succeed(retry(RunItem.Seat({ seat: error.seat, waits: item.waits }), Duration.zero))
    case "AlreadyClaimed":
      return Effect.succeed(skipped(Skip.NotPending()))
    case "MailedRecently":
      return Effect.succeed(skipped(Skip.MailedRecently({ again: error.again })))
    case "RateLimited":
      return waitOr(item, (times) => pauseAfter(error, times), done(ReminderOutcome.Failed({ ...ref, error })))
    default:
      return Effect.succeed(done(ReminderOutcome.Failed({ ...ref, error })))
  }
}

/** Turns a `ReissueIncomplete` into an outcome or another attempt. The seat may be revoked, so every failure reports the reissue. */
export const afterIncomplete = (
  run: RunState,
  item: RunItem,
  ref: SeatRef,
  incomplete: ReissueIncomplete
): Effect.Effect<RunAttempt, StoppingError> => {
  const { error, phase, reissue } = incomplete
  const failed = done(ReminderOutcome.Failed({ ...ref, error: incomplete }))
  const mayLookAgain = item._tag === "Seat" || item.mayLookAgain
  switch (error?._tag) {
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      return Effect.as(stopRun(run, error), failed)
    case "RateLimited": {
      const next = RunItem.Reissue({ reissue, phase, mayLookAgain, waits: item.waits })
      return isRateLimited(error) ? waitOr(next, (times) => pauseAfter(error, times), failed) : Effect.succeed(failed)
    }
    case "Unavailable":
    case "HolderRemoved":
      // The list shows whether the request took effect, but not at once
      return Effect.succeed(
        mayLookAgain
          ? retry(RunItem.Reissue({ reissue, phase, mayLookAgain: false, waits: item.waits }), Duration.seconds(1))
          : failed
      )
    default:
      return Effect.succeed(failed)
  }
}

/** Waits until the reissue may go on. */
export const afterStillOnItsWay = (
  { engine: { seats } }: RunState,
  item: RunItem,
  { phase, reissue, until }: StillOnItsWay,
  failed: RunAttempt
): Effect.Effect<RunAttempt> =>
  Effect.flatMap(seats.now, ({ now }) => {
    const left = Duration.millis(DateTime.toEpochMillis(until) - DateTime.toEpochMillis(now) + 1)
    // A clock that was set back asks for a longer wait than the call can be alive
    const pause = Duration.min(Duration.max(left, Duration.millis(1)), Duration.minutes(1))
    const next = RunItem.Reissue({ reissue, phase, mayLookAgain: false, waits: item.waits })
    return waitOr(next, () => pause, failed)
  })

/** The item that goes on with a reissue. */
export const itemOf = (reissue: Reissue, phase: Phase): RunItem =>
  RunItem.Reissue({ reissue, phase, mayLookAgain: true })
