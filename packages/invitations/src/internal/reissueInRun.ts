import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { Attempt, type Entry } from "../Journal.ts"
import { type Phase, type Reissue, ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, Skip, type StoppingError } from "../Reminder.ts"
import { newAttempt } from "./attempt.ts"
import { type Engine, judgeEntry, refOfReissue } from "./engine.ts"
import { afterIncomplete, afterRefusal, afterStillOnItsWay } from "./refusal.ts"
import { finishReissue, type ReissueOptions, reissueSeat } from "./reissueSeat.ts"
import { done, type RunAttempt, type RunItem, type RunState } from "./runState.ts"
import { InProgressElsewhere } from "../InvitationError.ts"

/**
 * Goes on with a reissue, from wherever the journal has it. If the journal knows nothing of it, the phase that the caller
 * remembers counts.
 */
export const continueReissue = (engine: Engine, reissue: Reissue, phase: Phase | undefined, options: ReissueOptions) =>
  Effect.gen(function* () {
    const { journal } = engine
    const entry = yield* journal.get(reissue.key)
    const standing = yield* judgeEntry(engine, entry, options.overrides)
    if (standing._tag === "InProgress") return yield* new InProgressElsewhere({ seatId: reissue.seatId })
    if (standing._tag === "Unfinished") return yield* finishReissue(engine, standing.attempt, entry, options)
    // Nothing is under way: the seat is as it was, or the journal is a new one
    if (entry !== undefined || phase === undefined) return yield* reissueSeat(engine, reissue, entry, options)
    const fields = yield* newAttempt(journal)
    const remembered = Attempt.cases.Reissue.make({ ...fields, startedAt: DateTime.makeUnsafe(0), reissue, phase })
    return yield* finishReissue(engine, remembered, entry, options)
  })

type Going = ReturnType<typeof reissueSeat> | ReturnType<typeof continueReissue>

const toOutcome = (
  run: RunState,
  item: RunItem,
  reissue: Reissue,
  going: Going
): Effect.Effect<RunAttempt, StoppingError> => {
  const ref = refOfReissue(reissue)
  return Effect.matchEffect(going, {
    onSuccess: ({ isMailed, seat }) =>
      Effect.succeed(
        done(
          isMailed
            ? ReminderOutcome.Reissued({ ...ref, seat })
            : ReminderOutcome.Skipped({ ...ref, reason: Skip.InProgressElsewhere() })
        )
      ),
    onFailure: (error) => {
      if (error._tag === "ReissueIncomplete") return afterIncomplete(run, item, ref, error)
      if (error._tag !== "StillOnItsWay") return afterRefusal(run, item, ref, error)
      const { phase } = error
      return afterStillOnItsWay(
        run,
        item,
        error,
        done(ReminderOutcome.Failed({ ...ref, error: new ReissueIncomplete({ reissue, phase, error: null }) }))
      )
    }
  })
}

/** Begins a reissue in a run. It is written over the entry that was found. */
export const startInRun = (run: RunState, item: RunItem, known: Reissue, found: Entry | undefined) =>
  toOutcome(run, item, known, reissueSeat(run.engine, known, found, run.reissueOptions))

/** Continues a reissue in a run. */
export const continueInRun = (
  run: RunState,
  item: RunItem,
  reissue: Reissue,
  phase: Phase
): Effect.Effect<RunAttempt, StoppingError> =>
  run.options.dryRun === true
    ? Effect.succeed(
        done(ReminderOutcome.Skipped({ ...refOfReissue(reissue), reason: Skip.DryRun({ would: "Reissue" }) }))
      )
    : toOutcome(run, item, reissue, continueReissue(run.engine, reissue, phase, run.reissueOptions))
