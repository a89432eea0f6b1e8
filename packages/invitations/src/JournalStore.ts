import { Journal, JournalError } from "./Journal.ts"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import * as SingleProcessJournal from "./internal/singleProcessJournal.ts"

const prefix = "polar-seats/journal/"

// The message of the store's error names the key, which holds an address
const toJournalError = ({ method }: KeyValueStore.KeyValueStoreError) =>
  new JournalError({ description: `the key-value store failed in "${method}"` })

/**
 * A journal in any `KeyValueStore`, for one process at a time: two processes that share a store could overwrite the same
 * entry. Use `JournalSql` for several processes. All keys start with `polar-seats/journal/`, so the store may hold other
 * things too.
 *
 * An entry is as durable as the store makes it. Effect's store of files survives the end of the process, but not always a
 * crash of the machine, as `JournalFile` does. It also refuses an address that is too long for a file name.
 */
export const layer: Layer.Layer<Journal, never, KeyValueStore.KeyValueStore> = Layer.effect(
  Journal,
  Effect.map(KeyValueStore.KeyValueStore, (everything) => {
    const store = KeyValueStore.prefix(everything, prefix)
    const get = (key: string) =>
      Effect.flatMap(Effect.mapError(store.get(key), toJournalError), (text) =>
        text === undefined ? Effect.undefined : EntryJson.decode(text)
      )
    return SingleProcessJournal.make({
      get,
      set: (entry) =>
        Effect.flatMap(EntryJson.encode(entry), (text) => Effect.mapError(store.set(entry.key, text), toJournalError)),
      entries: Stream.fromIterableEffect(Effect.mapError(store.keys, toJournalError)).pipe(
        Stream.mapEffect(get),
        Stream.filter((entry) => entry !== undefined)
      )
    })
  })
)
