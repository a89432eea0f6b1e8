import * as Effect from "effect/Effect"
import { type Entry, JournalStep } from "../Journal.ts"
import { type Reissue, ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, Skip, type StoppingError } from "../Reminder.ts"
import { afterIncomplete, afterRefusal } from "./refusal.ts"
import { done, refOfReissue, type RunAttempt, type RunItem, type RunState } from "./runState.ts"

/** Begins a reissue. It is written over the entry that was found. */
export const startReissue = (
  run: RunState,
  item: RunItem,
  known: Reissue,
  found: Entry | undefined
): Effect.Effect<RunAttempt, StoppingError> => {
  const ref = refOfReissue(known)
  const claim = (reissue: Reissue) =>
    run.journal.put(known.key, JournalStep.cases.ReissueStarted.make({ reissue }), found)
  return Effect.matchEffect(run.reissuer.exclusively(known)(run.reissuer.reissue(known, run.rate, claim)), {
    onSuccess: ({ isMailed, seat }) =>
      Effect.succeed(
        done(
          isMailed
            ? ReminderOutcome.Reissued({ ...ref, seat })
            : ReminderOutcome.Skipped({ ...ref, why: Skip.InProgressElsewhere() })
        )
      ),
    onFailure: (error) =>
      error._tag === "ReissueIncomplete" ? afterIncomplete(run, item, ref, error, true) : afterRefusal(item, ref, error)
  })
}

/** Continues a reissue that began earlier. */
export const continueReissue = (
  run: RunState,
  item: RunItem,
  reissue: Reissue,
  next: "Look" | "Assign",
  mayLookAgain: boolean
): Effect.Effect<RunAttempt, StoppingError> => {
  const ref = refOfReissue(reissue)
  if (run.dryRun) {
    return Effect.succeed(done(ReminderOutcome.Skipped({ ...ref, why: Skip.DryRun({ would: "Reissue" }) })))
  }
  const rest = next === "Look" ? run.reissuer.finish(reissue, run.rate) : run.reissuer.assignAgain(reissue, run.rate)
  return Effect.matchEffect(run.reissuer.exclusively(reissue)(rest), {
    onSuccess: (seat) => Effect.succeed(done(ReminderOutcome.Reissued({ ...ref, seat }))),
    onFailure: (error) => {
      switch (error._tag) {
        case "JournalError":
        case "TakenOver":
          return afterRefusal(item, ref, error)
        case "RateLimited": {
          const failed = ReminderOutcome.Failed({ ...ref, error: new ReissueIncomplete({ reissue, error }) })
          return Effect.map(afterRefusal(item, ref, error), (attempt) =>
            attempt._tag === "Done" ? done(failed) : attempt
          )
        }
        case "ReissueIncomplete":
          return afterIncomplete(run, item, ref, error, mayLookAgain)
        case "AlreadyClaimed":
          return afterIncomplete(run, item, ref, new ReissueIncomplete({ reissue, error: null }), mayLookAgain)
        default:
          return afterIncomplete(run, item, ref, new ReissueIncomplete({ reissue, error }), mayLookAgain)
      }
    }
  })
}
