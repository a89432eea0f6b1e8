import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { type JournalEntries, makeJournalEntries } from "./journalEntries.ts"
import { readThrough } from "./readThrough.ts"

/** The first line of a journal file. */
export const header = JSON.stringify({ journal: "polar-seats", version: 2 })

/** A line that cannot be read, and that names nobody. */
export class BadLine extends Schema.TaggedError<BadLine>()("BadLine", { description: Schema.String }) {}

/** The content of a journal file. */
export interface Lines {
  readonly entries: JournalEntries
  /** How many bytes the whole lines take. Half a line follows, which a killed process did not finish. */
  readonly wholeBytes: number
  readonly bytes: number
  /** Whether the next line can follow at once. */
  readonly endsInLineBreak: boolean
}

const newline = 10
// No entry is that long, and a text of half a gigabyte would not fit into a string
const maxLineLength = 16 * 1024 * 1024

const withoutReturn = (line: string) => (line.endsWith("\r") ? line.slice(0, -1) : line)

/** Reads a file piece by piece, whatever its size. */
export const readLines = (fs: FileSystem.FileSystem, path: string): Effect.Effect<Lines, PlatformError | BadLine> =>
  Effect.gen(function* () {
    const entries = makeJournalEntries()
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    let wholeBytes = 0
    let number = 0
    const bad = (description: string) => new BadLine({ description })
    // An editor may have added a mark of UTF-8
    const isHeader = (line: string) => withoutReturn(line).replace(/^\uFEFF/, "") === header
    const take = (line: string, lineBytes: Uint8Array): BadLine | undefined => {
      number++
      if (number === 1) return isHeader(line) ? undefined : bad(`its first line is not ${header}`)
      const text = withoutReturn(line)
      if (
        text.trim() === "" ||
        entries.take(text, lineBytes.subarray(0, lineBytes.length - line.length + text.length))
      ) {
        return undefined
      }
      return bad(`line ${number} is not an entry`)
    }
    const takeWhole = (piece: Uint8Array): BadLine | undefined => {
      let begin = 0
      // One decoding of many lines is faster than many decodings
      for (const line of decoder.decode(piece.subarray(0, -1)).split("\n")) {
        const end = piece.indexOf(newline, begin)
        const error = take(line, piece.subarray(begin, end))
        if (error !== undefined) return error
        begin = end + 1
      }
      return undefined
    }
    const rest = yield* readThrough(fs, path, (piece) =>
      Effect.suspend(() => {
        const end = piece.lastIndexOf(newline) + 1
        const error = end > 0 ? takeWhole(piece.subarray(0, end)) : undefined
        wholeBytes += end
        if (error !== undefined) return Effect.fail(error)
        if (piece.length - end > maxLineLength) return Effect.fail(bad(`line ${number + 1} has no end`))
        return Effect.succeed(end)
      })
    )
    const bytes = wholeBytes + rest.length
    const endsInLineBreak = rest.length === 0
    const last = decoder.decode(rest)
    // An editor may have dropped the last line break, and a killed process may have written half a line
    const isWhole = number === 0 ? isHeader(last) : entries.take(last, rest)
    if (number === 0 && !isWhole && !header.startsWith(last)) return yield* bad(`its first line is not ${header}`)
    return {
      entries,
      wholeBytes: isWhole ? bytes : wholeBytes,
      bytes,
      endsInLineBreak: endsInLineBreak || !isWhole
    }
  })
