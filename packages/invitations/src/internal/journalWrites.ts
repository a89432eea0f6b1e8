import * as Effect from "effect/Effect"
import type * as Journal from "../Journal.ts"

type Service = Journal.Journal["Service"]

/**
 * Writes down what is certain, over what was written meanwhile. Only that a mail was sent outlasts what comes later, and
 * so does a reissue of somebody else's, which has its own end.
 */
export const settle = (
  journal: Service,
  key: string,
  step: Journal.Step,
  found: Journal.Entry | undefined
): Effect.Effect<void, Journal.JournalError> =>
  Effect.flatMap(journal.put(key, step, found), (written) =>
    written !== undefined
      ? Effect.void
      : Effect.flatMap(journal.get(key), (other) =>
          other?.step._tag === "Reissuing" || (other?.step._tag === "Mailed" && step._tag !== "Mailed")
            ? Effect.void
            : settle(journal, key, step, other)
        )
  )

/** The same, over whatever stands there. */
export const write = (journal: Service, key: string, step: Journal.Step): Effect.Effect<void, Journal.JournalError> =>
  Effect.flatMap(journal.get(key), (found) => settle(journal, key, step, found))

/** Writes a step over whatever stands there. Who wrote before is told by its next `put` that nothing comes back of. */
export const claim = (
  journal: Service,
  key: string,
  step: Journal.Step
): Effect.Effect<Journal.Entry, Journal.JournalError> =>
  Effect.flatMap(journal.get(key), (found) =>
    Effect.flatMap(journal.put(key, step, found), (written) =>
      written === undefined ? claim(journal, key, step) : Effect.succeed(written)
    )
  )
