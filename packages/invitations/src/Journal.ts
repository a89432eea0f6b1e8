import { SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { JournalError, UnreadableEntry } from "./internal/journalError.ts"
import { nowOf } from "./internal/clock.ts"
import { laterOf } from "./internal/laterOf.ts"
import { type Locks, makeLocks } from "./internal/locks.ts"
import { Phase, Reissue } from "./Reissue.ts"

/** A mail that was certainly sent. `seatId` is the seat that it invited to. */
export const Mailed = Schema.Struct({
  at: Timestamp,
  seatId: SeatId,
  how: Schema.Literals(["Resent", "Reissued"]),
  /** The revocation that came before, of a reissue. It explains to others why the seat is revoked. */
  revoked: Schema.NullOr(Schema.Struct({ seatId: SeatId, revokedAt: Schema.NullOr(Timestamp) }))
}).annotate({ identifier: "Mailed" })
export type Mailed = typeof Mailed.Type

/** A mail that may have been sent. Nobody can find out. */
export const Doubt = Schema.Struct({ at: Timestamp, seatId: SeatId }).annotate({ identifier: "Doubt" })
export type Doubt = typeof Doubt.Type

const attemptFields = {
  /** Tells this attempt from every other one. */
  id: Schema.String,
  /** The `owner` of the journal through which it was begun. */
  owner: Schema.String,
  startedAt: Timestamp,
  /** A process that is alive moves this on. Afterwards the attempt counts as abandoned. */
  until: Timestamp
}

/** The work of a process for a person at this moment, or when the process ended. */
export const Attempt = Schema.TaggedUnion({
  Resend: { ...attemptFields, seatId: SeatId },
  Reissue: { ...attemptFields, reissue: Reissue, phase: Phase }
})
export type Attempt = typeof Attempt.Type

/** The knowledge about one person, and the attempt that is under way. `key` holds the address in the clear. */
export const Entry = Schema.Struct({
  key: Schema.String,
  /** Counts the writes under this key, starting at 1. */
  version: Schema.Int,
  at: Timestamp,
  mailed: Schema.NullOr(Mailed),
  doubt: Schema.NullOr(Doubt),
  attempt: Schema.NullOr(Attempt)
}).annotate({ identifier: "JournalEntry" })
export type Entry = typeof Entry.Type

/** The content of an entry, without its key and version. */
export type Content = Pick<Entry, "mailed" | "doubt" | "attempt">

export { JournalError, UnreadableEntry } from "./internal/journalError.ts"
export { keyFor } from "./internal/journalKey.ts"

/**
 * Remembers who was mailed, so that nobody is mailed twice. `Invitations` writes each mail down before it leaves, and its
 * outcome afterwards. All processes that share a journal share this memory. Knowledge only grows: no write makes a journal
 * forget a mail or a doubt.
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** Names this process in the attempts that it begins. */
    readonly owner: string
    /** Whether several processes use the journal at the same time. If not, an attempt of another owner is abandoned. */
    readonly isShared: boolean
    /** How long an attempt counts as alive after the last sign of life of its process. */
    readonly lease: Duration.Duration
    /** Reads the entry of a key, or `undefined` if there is none. */
    readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError | UnreadableEntry>
    /** Reads the entries that speak of a seat: whoever was mailed for it, or is being mailed. */
    readonly ofSeat: (seatId: SeatId) => Effect.Effect<ReadonlyArray<Entry>, JournalError | UnreadableEntry>
    /**
     * Replaces the entry `found`. The new entry keeps the mails and doubts of `found`, unless `content` has later ones. The
     * entry is durable when `put` returns. If the entry has changed since it was read, `put` writes nothing and returns
     * `undefined`. If several writers read the same version, exactly one succeeds.
     */
    readonly put: (
      key: string,
      content: Content,
      found: Entry | undefined
    ) => Effect.Effect<Entry | undefined, JournalError>
    /** All entries that can be read, in no promised order. */
    readonly entries: Stream.Stream<Entry, JournalError>
    /** The entries with an attempt, in no promised order. */
    readonly attempts: Stream.Stream<Entry, JournalError>
    /** Runs an effect while no other effect of this process holds the same key. */
    readonly withLock: <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>()("@polar-seats/invitations/Journal") {}

/** The place that a journal is kept in. Use it to implement a journal. */
export interface Storage {
  readonly isShared: boolean
  /** How long an attempt counts as alive after the last sign of life of its process. Default: 1 minute. */
  readonly lease?: Duration.Duration | undefined
  readonly get: (key: string) => Effect.Effect<Entry | undefined, JournalError | UnreadableEntry>
  readonly ofSeat: (seatId: SeatId) => Effect.Effect<ReadonlyArray<Entry>, JournalError | UnreadableEntry>
  /** Replaces `found`, durably. Returns false, and writes nothing, if another version is stored by now. */
  readonly replace: (entry: Entry, found: Entry | undefined) => Effect.Effect<boolean, JournalError>
  readonly entries: Stream.Stream<Entry, JournalError>
  readonly attempts?: Stream.Stream<Entry, JournalError> | undefined
  /** The locks of the place where the journal is kept, if several journals of this process use it. */
  readonly locks?: Locks | undefined
}

/** The seats that an entry speaks of. */
export const seatsOf = ({ attempt, doubt, mailed }: Content): ReadonlyArray<SeatId> => {
  const seatId = attempt?._tag === "Resend" ? attempt.seatId : attempt?.reissue.seatId
  return [mailed?.seatId, mailed?.revoked?.seatId, doubt?.seatId, seatId].filter((id) => id !== undefined)
}

/** Makes a journal that is kept in a storage. */
export const make = (storage: Storage): Effect.Effect<Journal["Service"]> =>
  Effect.map(Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER), (number) => {
    const withLock = storage.locks ?? makeLocks()
    return Journal.of({
      owner: number.toString(36),
      isShared: storage.isShared,
      lease: storage.lease ?? Duration.minutes(1),
      get: storage.get,
      ofSeat: storage.ofSeat,
      put: (key, content, found) =>
        Effect.clockWith((clock) => {
          const entry = {
            key,
            version: (found?.version ?? 0) + 1,
            at: nowOf(clock),
            mailed: laterOf(found?.mailed ?? null, content.mailed),
            doubt: laterOf(found?.doubt ?? null, content.doubt),
            attempt: content.attempt
          }
          return Effect.map(storage.replace(entry, found), (isReplaced) => (isReplaced ? entry : undefined))
        }),
      entries: storage.entries,
      attempts: storage.attempts ?? Stream.filter(storage.entries, ({ attempt }) => attempt !== null),
      withLock
    })
  })

/** Keeps entries in memory. */
const makeEntryMap = () => {
  const entries = new Map<string, Entry>()
  // Most runs never ask for it. A key stays in the list of a seat of which its entry speaks no longer
  let keysOfSeat: Map<SeatId, Set<string>> | undefined
  const index = (keys: Map<SeatId, Set<string>>, entry: Entry) => {
    for (const id of seatsOf(entry)) {
      const known = keys.get(id)
      if (known === undefined) keys.set(id, new Set([entry.key]))
      else known.add(entry.key)
    }
  }
  return {
    set: (entry: Entry) => {
      if (keysOfSeat !== undefined) index(keysOfSeat, entry)
      entries.set(entry.key, entry)
    },
    get: (key: string) => entries.get(key),
    ofSeat: (seatId: SeatId) => {
      if (keysOfSeat === undefined) {
        keysOfSeat = new Map()
        for (const entry of entries.values()) index(keysOfSeat, entry)
      }
      return Array.from(keysOfSeat.get(seatId) ?? []).flatMap((key) => {
        const entry = entries.get(key)
        return entry !== undefined && seatsOf(entry).includes(seatId) ? [entry] : []
      })
    },
    all: () => Array.from(entries.values())
  }
}

/** A journal in memory. It is lost when its layer ends. Each build of the layer is a journal of its own. */
export const layerMemory: Layer.Layer<Journal> = Layer.fresh(
  Layer.effect(
    Journal,
    Effect.suspend(() => {
      const entries = makeEntryMap()
      return make({
        isShared: false,
        get: (key) => Effect.sync(() => entries.get(key)),
        ofSeat: (seatId) => Effect.sync(() => entries.ofSeat(seatId)),
        replace: (entry, found) =>
          Effect.sync(() => {
            if (entries.get(entry.key)?.version !== found?.version) return false
            entries.set(entry)
            return true
          }),
        entries: Stream.suspend(() => Stream.fromIterable(entries.all()))
      })
    })
  )
)
