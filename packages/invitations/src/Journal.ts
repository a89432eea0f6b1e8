import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { JournalError } from "./internal/journalError.ts"
import { Reissue } from "./Reissue.ts"
import { SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"

/** How far somebody's mail has come. */
export const Step = Schema.TaggedUnion({
  /** A resend is about to leave, or has left, and what came of it is not written down. */
  Resending: { seatId: SeatId },
  /** A reissue was begun, and how it ended is not written down. */
  Reissuing: { reissue: Reissue },
  /** The mail was sent, for the seat that the person has now. */
  Mailed: { seatId: SeatId, how: Schema.Literals(["Resent", "Reissued"]) },
  /** Nothing was mailed, for certain. */
  NotMailed: { seatId: SeatId },
  /** It may have been mailed, and nobody will know. */
  InDoubt: { seatId: SeatId }
})
export type Step = typeof Step.Type

/** What is written of somebody. The key has the address in the clear. */
export class Entry extends Schema.Class<Entry>("JournalEntry")({
  key: Schema.String,
  /** Counts how often the entry was written over, from 1 on. */
  version: Schema.Int,
  at: Timestamp,
  step: Step
}) {}

export { JournalError } from "./internal/journalError.ts"
export { keyFor } from "./internal/journalKey.ts"

/**
 * Remembers who was mailed, so that nobody is mailed twice: each send is written down before it leaves, and what came of
 * it after. Whoever shares a journal shares that memory.
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** What is written under a key, if anything is. */
    readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError>
    /**
     * Writes a step over what was `found`; it is durable once this has returned. Where something else stands there by
     * now, nothing is written, and nothing comes back. Of several who found the same, one writes.
     */
    readonly put: (key: string, step: Step, found: Entry | undefined) => Effect.Effect<Entry | undefined, JournalError>
    /** Everything that is written, in no promised order. */
    readonly entries: Stream.Stream<Entry, JournalError>
  }
>()("@polar-seats/invitations/Journal") {}

/** The entry that follows on the one that was found: for who implements a journal. */
export const nextEntry = (key: string, step: Step, found: Entry | undefined, at: DateTime.Utc): Entry =>
  new Entry({ key, version: (found?.version ?? 0) + 1, at, step })

/** A journal that ends with its layer. */
export const layerMemory: Layer.Layer<Journal> = Layer.sync(Journal, () => {
  const entries = new Map<string, Entry>()
  return Journal.of({
    get: (key) => Effect.sync(() => entries.get(key)),
    put: (key, step, found) =>
      Effect.map(DateTime.now, (at) => {
        if (entries.get(key)?.version !== found?.version) return undefined
        const entry = nextEntry(key, step, found, at)
        entries.set(key, entry)
        return entry
      }),
    entries: Stream.suspend(() => Stream.fromIterable(entries.values()))
  })
})
