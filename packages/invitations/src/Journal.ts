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

/** The state of one person's mail. */
export const JournalStep = Schema.TaggedUnion({
  /** A resend is about to leave or has left. Its outcome is not written down yet. */
  ResendStarted: { seatId: SeatId },
  /** A reissue has begun. Its outcome is not written down yet. */
  ReissueStarted: { reissue: Reissue },
  /** The mail was sent. `seatId` is the seat that the person has now. */
  Mailed: { seatId: SeatId, how: Schema.Literals(["Resent", "Reissued"]) },
  /** Certainly nothing was mailed. */
  NotMailed: { seatId: SeatId },
  /** The mail may have been sent, and nobody can find out. */
  InDoubt: { seatId: SeatId }
})
export type JournalStep = typeof JournalStep.Type

/** The latest step of one person. `key` holds the address in the clear. */
export class Entry extends Schema.Class<Entry>("JournalEntry")({
  key: Schema.String,
  /** Counts the writes under this key, starting at 1. */
  version: Schema.Int,
  at: Timestamp,
  step: JournalStep
}) {}

export { JournalError } from "./internal/journalError.ts"
export { keyFor } from "./internal/journalKey.ts"

/**
 * Remembers who was mailed, so that nobody is mailed twice. `Invitations` writes each mail down before it leaves, and its
 * outcome afterwards. All processes that share a journal share this memory.
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** Reads the entry of a key, or `undefined` if there is none. */
    readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError>
    /**
     * Replaces the entry `found` by a new step. The entry is durable when `put` returns. If the entry has changed since it
     * was read, `put` writes nothing and returns `undefined`. If several writers read the same version, exactly one
     * succeeds.
     */
    readonly put: (
      key: string,
      step: JournalStep,
      found: Entry | undefined
    ) => Effect.Effect<Entry | undefined, JournalError>
    /** All entries, in no promised order. */
    readonly entries: Stream.Stream<Entry, JournalError>
  }
>()("@polar-seats/invitations/Journal") {}

/** Builds the entry that replaces `found`. Use it to implement a journal. */
export const nextEntry = (key: string, step: JournalStep, found: Entry | undefined, at: DateTime.Utc): Entry =>
  new Entry({ key, version: (found?.version ?? 0) + 1, at, step })

/** A journal in memory. It is lost when its layer ends. */
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
