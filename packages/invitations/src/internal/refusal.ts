import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, type SeatFailure, Skip, type StoppingError } from "../Reminder.ts"
import { pauseAfter } from "./adaptiveRate.ts"
import type { AddressChanged } from "./reissuePlan.ts"
import type { TakenOver } from "./revokeAndAssign.ts"
import { done, retry, type RunAttempt, RunItem, type RunState, type SeatRef, stopRun } from "./runState.ts"

/** A seat fails if Polar still answers 429 after this time. */
export const millisBeforeGivingUp = Duration.toMillis("1 hour")

/** Turns an error after which nothing was mailed into an outcome, another attempt, or the end of the run. */
export const afterRefusal = (
  item: RunItem,
  ref: SeatRef,
  error: SeatFailure | StoppingError | TakenOver | AddressChanged
): Effect.Effect<RunAttempt, StoppingError> => {
  const skipped = (why: Skip) => Effect.succeed(done(ReminderOutcome.Skipped({ ...ref, why })))
  switch (error._tag) {
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      return Effect.fail(error)
    case "TakenOver":
      return skipped(Skip.InProgressElsewhere())
    case "AddressChanged":
      return Effect.succeed(retry(RunItem.Seat({ seat: error.seat, refusals: item.refusals }), Duration.zero))
    case "AlreadyClaimed":
      return skipped(Skip.NotPending())
    case "ResentRecently":
      return skipped(Skip.MailedRecently({ again: error.again }))
    case "RateLimited":
      return Effect.map(DateTime.now, (at) => {
        const now = DateTime.toEpochMillis(at)
        const { since, times } = item.refusals ?? { since: now, times: 0 }
        return now - since >= millisBeforeGivingUp
          ? done(ReminderOutcome.Failed({ ...ref, error }))
          : retry({ ...item, refusals: { since, times: times + 1 } }, pauseAfter(error, times))
      })
    default:
      return Effect.succeed(done(ReminderOutcome.Failed({ ...ref, error })))
  }
}

/** Turns a `ReissueIncomplete` into an outcome or another attempt. The seat may be revoked, so every failure reports the reissue. */
export const afterIncomplete = (
  run: RunState,
  item: RunItem,
  ref: SeatRef,
  incomplete: ReissueIncomplete,
  mayLookAgain: boolean
): Effect.Effect<RunAttempt, StoppingError> => {
  const { error, reissue } = incomplete
  const failed = done(ReminderOutcome.Failed({ ...ref, error: incomplete }))
  switch (error?._tag) {
    case "Unauthorized":
    case "Forbidden":
    case "JournalError":
      return Effect.as(stopRun(run, error), failed)
    case "RateLimited": {
      const assign = RunItem.Reissue({ reissue, next: "Assign", mayLookAgain, refusals: item.refusals })
      return Effect.map(afterRefusal(assign, ref, error), (attempt) => (attempt._tag === "Done" ? failed : attempt))
    }
    case "Unavailable":
      // The list shows whether the request took effect, but not at once
      return Effect.succeed(
        mayLookAgain
          ? retry(RunItem.Reissue({ reissue, next: "Look", mayLookAgain: false }), Duration.seconds(1))
          : failed
      )
    default:
      return Effect.succeed(failed)
  }
}
