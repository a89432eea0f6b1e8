import { type Entry, Journal, type JournalError, nextEntry } from "../Journal.ts"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type * as Stream from "effect/Stream"

/** What keeps entries, and cannot compare and set by itself. */
export interface Kept {
  readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError>
  /** It is durable once this has returned. */
  readonly set: (entry: Entry) => Effect.Effect<void, JournalError>
  readonly entries: Stream.Stream<Entry, JournalError>
}

/** A journal for one process: whoever puts has it alone. */
export const make = ({ entries, get, set }: Kept): Journal["Service"] => {
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
        // Half a write is none that anybody can tell from the nextEntry
        Effect.uninterruptible,
        lock.withPermit
      )
  })
}
