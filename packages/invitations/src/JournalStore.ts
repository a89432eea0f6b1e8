import type { SeatId } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import { type Locks, makeLocks } from "./internal/locks.ts"
import { singleProcess } from "./internal/singleProcessJournal.ts"
import { Journal, JournalError, make as makeJournal, seatsOf } from "./Journal.ts"

const prefix = "polar-seats/journal/"

// The store's own message names the key, which holds an address
const toJournalError = ({ method }: KeyValueStore.KeyValueStoreError) =>
  new JournalError({ description: `the key-value store failed in "${method}"` })

// Two journals over one store would both write over the same entry
const locksOfStore = new WeakMap<KeyValueStore.KeyValueStore, Locks>()
const locksOf = (store: KeyValueStore.KeyValueStore): Locks => {
  const locks = locksOfStore.get(store) ?? makeLocks()
  locksOfStore.set(store, locks)
  return locks
}

const KeysJson = Schema.fromJsonString(Schema.Array(Schema.String))
const decodeKeys = Schema.decodeEffect(KeysJson)
const encodeKeys = Schema.encodeEffect(KeysJson)

/** Makes a journal in a `KeyValueStore`. */
const make = Effect.flatMap(KeyValueStore.KeyValueStore, (everything) => {
  const store = KeyValueStore.prefix(everything, prefix)
  const locks = locksOf(everything)
  const orJournalError = Effect.mapError(toJournalError)
  const get = (key: string) =>
    Effect.flatMap(orJournalError(store.get(key)), (text) =>
      text === undefined ? Effect.undefined : EntryJson.decode(text)
    )
  const keysOf = (seatId: SeatId) =>
    Effect.flatMap(orJournalError(store.get(`of-seat/${seatId}`)), (text) =>
      text === undefined
        ? Effect.succeed<ReadonlyArray<string>>([])
        : Effect.mapError(decodeKeys(text), () => new JournalError({ description: "the keys of a seat are damaged" }))
    )
  // Two people of one seat would each write over the key of the other
  const addKey = (seatId: SeatId, key: string) =>
    locks(
      `of-seat/${seatId}`,
      Effect.gen(function* () {
        const keys = yield* keysOf(seatId)
        if (keys.includes(key)) return
        yield* orJournalError(store.set(`of-seat/${seatId}`, yield* Effect.orDie(encodeKeys([...keys, key]))))
      })
    )
  return makeJournal(
    singleProcess({
      locks,
      get,
      ofSeat: (seatId) =>
        Effect.flatMap(keysOf(seatId), (keys) =>
          Effect.map(Effect.forEach(keys, get), (entries) =>
            entries.flatMap((entry) => (entry !== undefined && seatsOf(entry).includes(seatId) ? [entry] : []))
          )
        ),
      set: (entry) =>
        Effect.gen(function* () {
          for (const seatId of seatsOf(entry)) yield* addKey(seatId, entry.key)
          yield* orJournalError(store.set(entry.key, yield* EntryJson.encode(entry)))
        }),
      entries: Stream.fromIterableEffect(orJournalError(store.keys)).pipe(
        Stream.filter((key) => !key.startsWith("of-seat/")),
        Stream.mapEffect((key) => Effect.catchTag(get(key), "UnreadableEntry", () => Effect.undefined)),
        Stream.filter((entry) => entry !== undefined)
      )
    })
  )
})

/**
 * A journal in any `KeyValueStore`. Only one process may use the store at a time: two of them could both write over the
 * same entry. Use `JournalSql` if several processes share a journal. An entry is as durable as the store makes it:
 * Effect's store of files outlives the process, but unlike `JournalFile` it can lose entries when the machine fails, and it
 * refuses an address that is too long for a file's name.
 *
 * Every key starts with `polar-seats/journal/`, so the store may hold other data.
 */
export const layer: Layer.Layer<Journal, never, KeyValueStore.KeyValueStore> = Layer.fresh(Layer.effect(Journal, make))
