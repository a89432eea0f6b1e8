import * as Effect from "effect/Effect"
import type * as Journal from "../Journal.ts"

type JournalService = Journal.Journal["Service"]

/**
 * Writes a certain outcome over whatever is stored, with two exceptions. `Mailed` is only replaced by `Mailed`. Another
 * process's `ReissueStarted` is left for that process to settle.
 */
export const writeOutcome = (
  journal: JournalService,
  key: string,
  outcome: Journal.JournalStep,
  found: Journal.Entry | undefined
): Effect.Effect<void, Journal.JournalError> =>
  Effect.flatMap(journal.put(key, outcome, found), (written) =>
    written !== undefined
      ? Effect.void
      : Effect.flatMap(journal.get(key), (current) =>
          current?.step._tag === "ReissueStarted" || (current?.step._tag === "Mailed" && outcome._tag !== "Mailed")
            ? Effect.void
            : writeOutcome(journal, key, outcome, current)
        )
  )

/** Writes a step over whatever is stored. The next `put` of the previous writer then returns `undefined`. */
export const takeOver = (
  journal: JournalService,
  key: string,
  step: Journal.JournalStep
): Effect.Effect<Journal.Entry, Journal.JournalError> =>
  Effect.flatMap(journal.get(key), (found) =>
    Effect.flatMap(journal.put(key, step, found), (written) =>
      written === undefined ? takeOver(journal, key, step) : Effect.succeed(written)
    )
  )
