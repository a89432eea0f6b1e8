import { Entry, JournalError } from "../Journal.ts"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const EntryJson = Schema.fromJsonString(Schema.toCodecJson(Entry))
const fromJson = Schema.decodeEffect(EntryJson)
const toJson = Schema.encodeEffect(EntryJson)

/** Encodes an entry as one line of JSON. It holds the address in the clear. */
export const encode = (entry: Entry): Effect.Effect<string> => Effect.orDie(toJson(entry))

/** Decodes an entry. The error does not quote the text, which may hold an address. */
export const decode = (text: string): Effect.Effect<Entry, JournalError> =>
  Effect.mapError(
    fromJson(text),
    () => new JournalError({ description: "an entry is malformed, or was written by a later version" })
  )
