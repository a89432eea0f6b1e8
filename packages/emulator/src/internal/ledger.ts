/** How much a ledger keeps. */
export interface Bound {
  readonly rows: number
  /** The bytes of text in the rows. A character counts as two. */
  readonly bytes: number
}

/** A list that keeps its newest rows, up to a bound, and counts those that it dropped. */
export interface Ledger<Row> {
  readonly push: (row: Row) => void
  /** Removes the oldest row and returns it. */
  readonly shift: () => Row | undefined
  /** A copy of the list, newest last. */
  readonly rows: () => ReadonlyArray<Row>
  /** The row at a position, which no other row ever has. Undefined if the ledger has dropped it. */
  readonly at: (position: number) => Row | undefined
  /** The position of the oldest row. */
  readonly start: () => number
  /** The position of the next row. */
  readonly end: () => number
  /** How many rows the bound cost since the ledger was last emptied. */
  readonly dropped: () => number
  /** Empties the ledger. */
  readonly clear: () => void
}

/** Makes a ledger. `charactersOf` counts the text in a row, and `onDrop` learns of each row that the bound costs. */
export const make = <Row>(
  bound: Bound,
  charactersOf: (row: Row) => number,
  onDrop: (row: Row) => void = () => {}
): Ledger<Row> => {
  const entries = new Map<number, { readonly row: Row; readonly bytes: number }>()
  let end = 0
  let bytes = 0
  let dropped = 0
  const start = () => end - entries.size
  const shift = () => {
    const oldest = entries.get(start())
    entries.delete(start())
    bytes -= oldest?.bytes ?? 0
    return oldest?.row
  }
  return {
    push: (row) => {
      const added = 2 * charactersOf(row)
      entries.set(end++, { row, bytes: added })
      bytes += added
      while (entries.size > bound.rows || bytes > bound.bytes) {
        const oldest = shift()
        if (oldest === undefined) return
        dropped++
        onDrop(oldest)
      }
    },
    shift,
    rows: () => Array.from(entries.values(), ({ row }) => row),
    at: (position) => entries.get(position)?.row,
    start,
    end: () => end,
    dropped: () => dropped,
    clear: () => {
      entries.clear()
      bytes = 0
      dropped = 0
    }
  }
}
