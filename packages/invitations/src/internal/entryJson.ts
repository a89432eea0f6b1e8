import { Entry, JournalError } from "../Journal.ts"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const EntryJson = Schema.fromJsonString(Schema.toCodecJson(Entry))
const fromJson = Schema.decodeEffect(EntryJson)
const toJson = Schema.encodeEffect(EntryJson)

/** An entry as one line of JSON. It has the address in the clear. */
export const encode = (entry: Entry): Effect.Effect<string> => Effect.orDie(toJson(entry))

/** The entry that a text is. No message quotes the text. */
export const decode = (text: string): Effect.Effect<Entry, JournalError> =>
  Effect.mapError(
    fromJson(text),
    () => new JournalError({ description: "what is written there is no entry of a journal, or one of a later version" })
  )
