import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Entry, makeEntryMap, type UnreadableEntry } from "../Journal.ts"
import * as EntryJson from "./entryJson.ts"
import { laterOf } from "./laterOf.ts"

/** The first line of a journal file. */
export const header = JSON.stringify({ journal: "polar-seats", version: 2 })

/** A line that cannot be read, and that names nobody. */
export class BadLine extends Schema.TaggedError<BadLine>()("BadLine", { description: Schema.String }) {}

/** A line that cannot be read, but that names somebody. */
interface UnreadableLine {
  readonly line: string
  readonly error: UnreadableEntry
}

/** The content of a journal file. */
export interface Lines {
  readonly entries: ReturnType<typeof makeEntryMap>
  /** The keys of which a line cannot be read. */
  readonly unreadable: Map<string, UnreadableLine>
  /** How many bytes the whole lines take. Half a line follows, which a killed process did not finish. */
  readonly wholeBytes: number
  readonly bytes: number
  /** Whether the next line can follow at once. */
  readonly endsInLineBreak: boolean
}

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))

// The key of a line whose rest is of a later version, or damaged
const keyOf = (line: string): string | undefined => {
  const json = Result.getOrUndefined(parseJson(line))
  const key: unknown = Predicate.isObject(json) ? Reflect.get(json, "key") : undefined
  return Predicate.isString(key) ? key : undefined
}

/**
 * Joins two lines of one key. Usually the later one knows all. A process that was paused, and that lost the
 * file meanwhile, may still add one line: what it knows of mails counts, and it does not end what another process has begun.
 */
const join = (one: Entry, other: Entry): Entry => {
  const [before, after] = one.version > other.version ? [other, one] : [one, other]
  const isTie = one.version === other.version
  const attempt = after.attempt ?? (isTie ? before.attempt : null)
  const lost = isTie && before.attempt?._tag === "Resend" && before.attempt !== attempt ? before.attempt : undefined
  const doubt = lost === undefined ? null : { at: lost.startedAt, seatId: lost.seatId }
  return {
    ...after,
    at: DateTime.max(before.at, after.at),
    mailed: laterOf(before.mailed, after.mailed),
    doubt: laterOf(laterOf(before.doubt, after.doubt), doubt),
    attempt
  }
}

const newline = 10
// No entry is that long, and a text of half a gigabyte would not fit into a string
const maxLineLength = 16 * 1024 * 1024

/** Reads a file line by line, whatever its size. */
export const readLines = (fs: FileSystem.FileSystem, path: string): Effect.Effect<Lines, PlatformError | BadLine> =>
  Effect.gen(function* () {
    const entries = makeEntryMap()
    const unreadable = new Map<string, UnreadableLine>()
    let rest = ""
    let bytes = 0
    let wholeBytes = 0
    let number = 0
    const bad = (description: string) => Effect.fail(new BadLine({ description }))
    const isEntry = (line: string): Effect.Effect<boolean> =>
      Effect.match(EntryJson.decode(line), {
        onSuccess: (entry) => {
          const last = entries.get(entry.key)
          entries.set(last === undefined ? entry : join(last, entry))
          return true
        },
        onFailure: (error) => {
          const key = keyOf(line)
          if (key !== undefined) unreadable.set(key, { line, error })
          return key !== undefined
        }
      })
    const take = (text: string): Effect.Effect<void, BadLine> => {
      const line = text.replace(/\r$/, "")
      number++
      if (number === 1) return line === header ? Effect.void : bad(`its first line is not ${header}`)
      if (line.trim() === "") return Effect.void
      return Effect.flatMap(isEntry(line), (isOne) => (isOne ? Effect.void : bad(`line ${number} is not an entry`)))
    }
    const decoder = new TextDecoder("utf-8")
    yield* Stream.runForEach(fs.stream(path), (chunk) =>
      Effect.suspend(() => {
        const end = chunk.lastIndexOf(newline)
        if (end >= 0) wholeBytes = bytes + end + 1
        bytes += chunk.length
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
        rest = lines.pop() ?? ""
        return Effect.andThen(
          Effect.forEach(lines, take, { discard: true }),
          rest.length > maxLineLength ? bad(`line ${number + 1} has no end`) : Effect.void
        )
      })
    )
    const endsInLineBreak = wholeBytes === bytes
    // An editor may have dropped the last line break, and a killed process may have written half a line
    const isWhole = number === 0 ? rest.replace(/\r$/, "") === header : yield* isEntry(rest)
    if (number === 0 && !isWhole && !header.startsWith(rest)) return yield* bad(`its first line is not ${header}`)
    return {
      entries,
      unreadable,
      wholeBytes: isWhole ? bytes : wholeBytes,
      bytes,
      endsInLineBreak: endsInLineBreak || !isWhole
    }
  })
