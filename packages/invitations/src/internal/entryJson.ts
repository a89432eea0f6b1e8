import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Entry, UnreadableEntry } from "../Journal.ts"

const EntryJson = Schema.fromJsonString(Schema.toCodecJson(Entry))
const fromJson = Schema.decodeEffect(EntryJson)
const toJson = Schema.encodeEffect(EntryJson)

/** Encodes an entry as one line of JSON. The line holds the address in the clear. */
export const encode = (entry: Entry): Effect.Effect<string> => Effect.orDie(toJson(entry))

/** Decodes an entry. The error does not quote the text. */
export const decode = (text: string): Effect.Effect<Entry, UnreadableEntry> =>
  Effect.mapError(
    fromJson(text),
    () => new UnreadableEntry({ description: "the journal's entry is damaged, or of a later version" })
  )
