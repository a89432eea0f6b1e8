import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Entry, Journal, JournalError, JournalStep } from "../Journal.ts"

type JournalService = Journal["Service"]

/** Another process has written to the journal first, and settles what it wrote. */
export class TakenOver extends Data.TaggedError("TakenOver") {}

/** Writes a step over the entry that was found, or fails with `TakenOver` if another process has written since. */
export const claim = Effect.fnUntraced(function* (
  journal: JournalService,
  key: string,
  step: JournalStep,
  found: Entry | undefined
) {
  return (yield* journal.put(key, step, found)) ?? (yield* new TakenOver())
})

/** Writes a step over whatever is stored. The next `put` of the previous writer then returns `undefined`. */
export const takeOver = (journal: JournalService, key: string, step: JournalStep): Effect.Effect<Entry, JournalError> =>
  Effect.flatMap(journal.get(key), (found) => claim(journal, key, step, found)).pipe(
    Effect.catchTag("TakenOver", () => takeOver(journal, key, step))
  )

/**
 * Writes a certain outcome over whatever is stored, with two exceptions. `Mailed` is only replaced by `Mailed`. Another
 * process's `ReissueStarted` is left for that process to settle.
 */
export const writeOutcome = Effect.fnUntraced(function* (
  journal: JournalService,
  key: string,
  outcome: JournalStep,
  found: Entry | undefined
) {
  let current = found
  while ((yield* journal.put(key, outcome, current)) === undefined) {
    current = yield* journal.get(key)
    const tag = current?.step._tag
    if (tag === "ReissueStarted" || (tag === "Mailed" && outcome._tag !== "Mailed")) return
  }
})
