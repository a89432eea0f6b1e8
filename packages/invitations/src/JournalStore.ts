import { Journal, JournalError } from "./Journal.ts"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import * as Locked from "./internal/singleProcessJournal.ts"

const prefix = "polar-seats/journal/"

// Its message would name the key, which has an address in it
const failed = ({ method }: KeyValueStore.KeyValueStoreError) =>
  new JournalError({ description: `the key-value store cannot do "${method}"` })

/**
 * A journal in any `KeyValueStore`, for one process at a time: two that share a store could both write over the same
 * entry. What several share is `JournalSql`. An entry is as durable as the store makes it: Effect's store of files
 * survives the end of the process, but not always that of the machine, as `JournalFile` does, and refuses an address that
 * is too long for a file's name.
 *
 * Everything is kept under keys that start with `polar-seats/journal/`, so the store may have other things in it.
 */
export const layer: Layer.Layer<Journal, never, KeyValueStore.KeyValueStore> = Layer.effect(
  Journal,
  Effect.map(KeyValueStore.KeyValueStore, (everything) => {
    const store = KeyValueStore.prefix(everything, prefix)
    const get = (key: string) =>
      Effect.flatMap(Effect.mapError(store.get(key), failed), (text) =>
        text === undefined ? Effect.undefined : EntryJson.decode(text)
      )
    return Locked.make({
      get,
      set: (entry) =>
        Effect.flatMap(EntryJson.encode(entry), (text) => Effect.mapError(store.set(entry.key, text), failed)),
      entries: Stream.fromIterableEffect(Effect.mapError(store.keys, failed)).pipe(
        Stream.mapEffect(get),
        Stream.filter((entry) => entry !== undefined)
      )
    })
  })
)
