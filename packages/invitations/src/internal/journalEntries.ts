import type { SeatId } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Entry, seatsOf, type UnreadableEntry } from "../Journal.ts"
import * as EntryJson from "./entryJson.ts"
import { makeLineTable, marks } from "./lineTable.ts"
import { makeSeatsOfLines } from "./seatsOfLines.ts"
import { noteOf, readableOf, startOf, takeLine } from "./takeLine.ts"

/** The entries of a journal file. Each is kept as its line, and decoded when somebody asks for it. */
export interface JournalEntries {
  /** Takes a line of the file, and its bytes. Returns false if the line names nobody. */
  readonly take: (text: string, bytes: Uint8Array) => boolean
  /** Replaces the entry of a key. `text` is the line of the new one. */
  readonly set: (entry: Entry, text: string) => void
  readonly get: (key: string) => Effect.Effect<Entry | undefined, UnreadableEntry>
  readonly ofSeat: (seatId: SeatId) => Effect.Effect<ReadonlyArray<Entry>, UnreadableEntry>
  readonly entries: Stream.Stream<Entry>
  readonly attempts: Stream.Stream<Entry>
}

// How many rows are looked at before others have their turn. A process that gives no sign of life loses the file
const rowsAtOnce = 1_000

export const makeJournalEntries = (): JournalEntries => {
  const lines = makeLineTable()
  const seats = makeSeatsOfLines(lines)
  const decode = (row: number) => EntryJson.decode(lines.text(row))
  const readable = (isWanted: (marks: number) => boolean): Stream.Stream<Entry> =>
    Stream.paginate(0, (from) =>
      Effect.map(Effect.yieldNow, () => {
        const until = Math.min(from + rowsAtOnce, lines.size())
        const found: Array<Entry> = []
        for (let row = from; row < until; row++) {
          if (!isWanted(lines.marks(row))) continue
          const entry = readableOf(lines.text(row))
          if (entry !== undefined) found.push(entry)
        }
        return [found, until < lines.size() ? Option.some(until) : Option.none()] as const
      })
    )
  return {
    take: (text, bytes) => takeLine(lines, text, bytes),
    set: (entry, text) => {
      const row = lines.rowOf(startOf(entry.key))
      seats.beforeSet(row, text)
      lines.set(row, { text, ...noteOf(entry) })
    },
    get: (key) =>
      Effect.suspend(() => {
        const row = lines.find(startOf(key))
        return row === undefined ? Effect.undefined : decode(row)
      }),
    ofSeat: (seatId) =>
      Effect.flatMap(seats.rowsOf(seatId), (rows) =>
        Effect.map(Effect.forEach(rows, decode), (entries) =>
          entries.filter((entry) => seatsOf(entry).includes(seatId))
        )
      ),
    entries: readable(() => true),
    attempts: readable((noted) => (noted & marks.attempt) !== 0)
  }
}
