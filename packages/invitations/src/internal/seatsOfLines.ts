import type { SeatId } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { hashOf, makeHashTable } from "./hashTable.ts"
import type { LineTable } from "./lineTable.ts"

const uuid = /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/gi
const personKey = /^\{"key":"(?:subscription|order)\/[^/"]*\//

/**
 * The ids that a line may speak of, in every spelling. Each is a UUID that stands in it. The id of the source, which many
 * keys share, is not one of them.
 */
const idsIn = (text: string): ReadonlySet<string> =>
  new Set(Array.from(text.replace(personKey, "").matchAll(uuid), ([id]) => withoutHyphens(id).toLowerCase()))
const withoutHyphens = (id: string) => id.replaceAll("-", "")

// How many rows are looked at before others have their turn. A process that gives no sign of life loses the file
const rowsAtOnce = 1_000

/** Finds the lines that speak of a seat. */
export interface SeatsOfLines {
  /** Tells that the line of a row is about to be replaced. */
  readonly beforeSet: (row: number, text: string) => void
  /** The rows whose lines may speak of a seat, in their order. */
  readonly rowsOf: (seatId: SeatId) => Effect.Effect<ReadonlyArray<number>>
}

/** Makes an index that looks at a line only once somebody asks for a seat. Most runs never do. */
export const makeSeatsOfLines = (lines: LineTable): SeatsOfLines => {
  const rowsOfIds = makeHashTable()
  // The rows before this one are in the table. A row stays with an id of which its line speaks no longer
  let indexed = 0
  const add = (row: number, text: string, known: ReadonlySet<string> = new Set()) => {
    for (const id of idsIn(text)) if (!known.has(id)) rowsOfIds.add(hashOf(id), row)
  }
  const turn = Semaphore.makeUnsafe(1)
  const catchUp = turn.withPermit(
    Effect.gen(function* () {
      while (indexed < lines.size()) {
        for (let left = rowsAtOnce; left > 0 && indexed < lines.size(); left--) add(indexed, lines.text(indexed++))
        if (indexed < lines.size()) yield* Effect.yieldNow
      }
    })
  )
  return {
    beforeSet: (row, text) => {
      if (row < indexed) add(row, text, idsIn(lines.text(row)))
    },
    rowsOf: (seatId) =>
      Effect.map(catchUp, () => {
        const id = withoutHyphens(seatId)
        // Another id may have the same hash
        const rows = Array.from(rowsOfIds.rowsOf(hashOf(id))).filter((row) => idsIn(lines.text(row)).has(id))
        return Array.from(new Set(rows)).toSorted((one, other) => one - other)
      })
  }
}
