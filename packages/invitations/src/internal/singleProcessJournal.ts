import * as Effect from "effect/Effect"
import type { Entry, JournalError, Storage, UnreadableEntry } from "../Journal.ts"
import type { Locks } from "./locks.ts"

/** Keeps entries, and cannot compare and set by itself. */
export interface PlainStorage extends Pick<Storage, "ofSeat" | "entries" | "attempts"> {
  readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError | UnreadableEntry>
  /** The entry is durable when `set` returns. */
  readonly set: (entry: Entry) => Effect.Effect<void, JournalError>
  readonly locks: Locks
}

const unreadable = Symbol("unreadable")

/** Adds the comparison for a journal that one process has to itself. */
export const singleProcess = ({ set, ...storage }: PlainStorage): Storage => ({
  ...storage,
  isShared: false,
  replace: (entry, found) =>
    // The name keeps it apart from the lock of a person, which is held meanwhile
    storage.locks(
      `put/${entry.key}`,
      Effect.gen(function* () {
        // An entry that cannot be read is never written over
        const current = yield* Effect.catchTag(storage.get(entry.key), "UnreadableEntry", () =>
          Effect.succeed(unreadable)
        )
        if (current === unreadable || current?.version !== found?.version) return false
        yield* set(entry)
        return true
        // Nobody can tell half a write from the next entry
      }).pipe(Effect.uninterruptible)
    )
})
