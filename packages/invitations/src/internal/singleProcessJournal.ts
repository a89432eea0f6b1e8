import { type Entry, Journal, type JournalError, nextEntry } from "../Journal.ts"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type * as Stream from "effect/Stream"

/** A store of entries without compare-and-set. */
export interface EntryStore {
  readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError>
  /** The entry is durable when `set` returns. */
  readonly set: (entry: Entry) => Effect.Effect<void, JournalError>
  readonly entries: Stream.Stream<Entry, JournalError>
}

/** A journal over a store that only this process writes to. Writes run one at a time. */
export const make = ({ entries, get, set }: EntryStore): Journal["Service"] => {
  const lock = Semaphore.makeUnsafe(1)
  return Journal.of({
    entries,
    get,
    put: (key, step, found) =>
      Effect.gen(function* () {
        const current = yield* get(key)
        if (current?.version !== found?.version) return undefined
        const entry = nextEntry(key, step, found, yield* DateTime.now)
        yield* set(entry)
        return entry
      }).pipe(
        // After an interrupted write nobody could tell whether the entry is stored
        Effect.uninterruptible,
        lock.withPermit
      )
  })
}
