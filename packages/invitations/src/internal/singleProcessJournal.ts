import { type Entry, Journal, type JournalError, nextEntry } from "../Journal.ts"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/**
 * A journal over a store that only this process writes to. Writes run one at a time. An entry is durable when `set`
 * returns.
 */
export const make = (
  store: Omit<Journal["Service"], "put"> & { readonly set: (entry: Entry) => Effect.Effect<void, JournalError> }
): Journal["Service"] => {
  const lock = Semaphore.makeUnsafe(1)
  return Journal.of({
    entries: store.entries,
    get: store.get,
    put: Effect.fnUntraced(
      function* (key, step, found) {
        const current = yield* store.get(key)
        if (current?.version !== found?.version) return undefined
        const entry = nextEntry(key, step, found, yield* DateTime.now)
        yield* store.set(entry)
        return entry
      },
      // After an interrupted write nobody could tell whether the entry is stored
      Effect.uninterruptible,
      lock.withPermit
    )
  })
}
