import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { type Entry, makeEntryMap, UnreadableEntry } from "../Journal.ts"
import * as EntryJson from "./entryJson.ts"

/** The first line of a journal file. */
export const header = JSON.stringify({ journal: "polar-seats", version: 2 })

/** A line that cannot be read, and that names nobody. */
export class BadLine extends Schema.TaggedError<BadLine>()("BadLine", { description: Schema.String }) {}

/** What a journal file holds. */
export interface Lines {
  readonly entries: ReturnType<typeof makeEntryMap>
  /** The keys whose latest line cannot be read. */
  readonly unreadable: Map<string, UnreadableEntry>
  /** How many bytes the whole lines take. What follows is half a line that a killed process did not finish. */
  readonly wholeBytes: number
  readonly bytes: number
}

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))

// The key of a line whose rest is of a later version, or damaged
const keyOf = (line: string): string | undefined => {
  const json = Result.getOrUndefined(parseJson(line))
  const key: unknown = Predicate.isObject(json) ? Reflect.get(json, "key") : undefined
  return Predicate.isString(key) ? key : undefined
}

const newline = 10

/** Reads a file line by line, whatever its size. */
export const readLines = (fs: FileSystem.FileSystem, path: string): Effect.Effect<Lines, PlatformError | BadLine> =>
  Effect.gen(function* () {
    const entries = makeEntryMap()
    const unreadable = new Map<string, UnreadableEntry>()
    let rest = ""
    let bytes = 0
    let wholeBytes = 0
    let number = 0
    const take = (line: string): Effect.Effect<void, BadLine> => {
      number++
      if (number === 1) {
        return line === header
          ? Effect.void
          : Effect.fail(new BadLine({ description: `its first line is not ${header}` }))
      }
      if (line.trim() === "") return Effect.void
      return Effect.matchEffect(EntryJson.decode(line), {
        onSuccess: (entry: Entry) =>
          Effect.sync(() => {
            entries.set(entry)
          }),
        onFailure: (error) => {
          const key = keyOf(line)
          if (key === undefined) return Effect.fail(new BadLine({ description: `line ${number} is not an entry` }))
          return Effect.sync(() => void unreadable.set(key, error))
        }
      })
    }
    const text = new TextDecoder("utf-8")
    yield* Stream.runForEach(fs.stream(path), (chunk) =>
      Effect.suspend(() => {
        const end = chunk.lastIndexOf(newline)
        if (end >= 0) wholeBytes = bytes + end + 1
        bytes += chunk.length
        const lines = (rest + text.decode(chunk, { stream: true })).split("\n")
        rest = lines.pop() ?? ""
        return Effect.forEach(lines, (line) => take(line.replace(/\r$/, "")), { discard: true })
      })
    )
    return { entries, unreadable, wholeBytes, bytes }
  })
