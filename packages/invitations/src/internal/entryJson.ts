import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Entry, UnreadableEntry } from "../Journal.ts"

const EntryJson = Schema.fromJsonString(Schema.toCodecJson(Entry))
const fromJson = Schema.decodeResult(EntryJson)
const toJson = Schema.encodeResult(EntryJson)

/**
 * Encodes an entry as one line of JSON, which begins with its key. The line holds the address in the clear. It throws only
 * if an entry breaks its own schema.
 */
export const encodeUnsafe = (entry: Entry): string => Result.getOrThrow(toJson(entry))

/** The same as an effect. */
export const encode = (entry: Entry): Effect.Effect<string> => Effect.sync(() => encodeUnsafe(entry))

/** Decodes an entry. The error does not quote the text. */
export const decodeResult = (text: string): Result.Result<Entry, UnreadableEntry> =>
  Result.mapError(
    fromJson(text),
    () => new UnreadableEntry({ description: "the journal's entry is damaged, or of a later version" })
  )

/** Decodes an entry. The error does not quote the text. */
export const decode = (text: string): Effect.Effect<Entry, UnreadableEntry> =>
  Effect.suspend(() => Effect.fromResult(decodeResult(text)))
