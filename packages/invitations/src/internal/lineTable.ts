import { makeByteBlocks } from "./byteBlocks.ts"
import { hashOf, makeHashTable } from "./hashTable.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** The bits of what is noted about a line. */
export const marks = {
  /** It tells of an attempt. */
  attempt: 1,
  /** It was joined from lines that do not follow one another. */
  joined: 2,
  /** It cannot be read, or another line of its key cannot. */
  unreadable: 4
}

/** A line, and what is noted about it. */
export interface Line {
  readonly text: string
  /** The text in UTF-8, if the caller has it. */
  readonly bytes?: Uint8Array | undefined
  readonly version: number
  readonly marks: number
}

/** Lines by their start, which names their key. Each has a number, its row. */
export interface LineTable {
  /** How many rows there are. The next one has this number. */
  readonly size: () => number
  /** The row of the line that starts like this. */
  readonly find: (start: string) => number | undefined
  /** The same, or a new row. The caller sets its line at once. */
  readonly rowOf: (start: string) => number
  readonly text: (row: number) => string
  readonly version: (row: number) => number
  readonly marks: (row: number) => number
  /** Replaces the line of a row by one with the same start. */
  readonly set: (row: number, line: Line) => void
}

/** Makes a table that takes little more memory than its lines, none of it in JavaScript's heap. */
export const makeLineTable = (): LineTable => {
  const lines = makeByteBlocks()
  const rows = makeHashTable()
  let size = 0
  let versions = new Float64Array(1024)
  let notes = new Uint8Array(1024)
  let start = new Uint8Array(1024)

  const startsWith = (row: number, length: number): boolean => {
    const line = lines.get(row)
    if (line.length < length) return false
    for (let index = 0; index < length; index++) if (line[index] !== start[index]) return false
    return true
  }
  const locate = (text: string, hash: number): number | undefined => {
    // UTF-8 takes at most three bytes for a unit of UTF-16
    if (start.length < text.length * 3) start = new Uint8Array(text.length * 6)
    const { written } = encoder.encodeInto(text, start)
    return rows.find(hash, (row) => startsWith(row, written))
  }
  const grow = () => {
    const [oldVersions, oldNotes] = [versions, notes]
    versions = new Float64Array(size * 2)
    versions.set(oldVersions)
    notes = new Uint8Array(size * 2)
    notes.set(oldNotes)
  }
  const add = (hash: number): number => {
    if (size === notes.length) grow()
    rows.add(hash, size)
    return size++
  }
  return {
    size: () => size,
    find: (start) => locate(start, hashOf(start)),
    rowOf: (start) => {
      const hash = hashOf(start)
      return locate(start, hash) ?? add(hash)
    },
    text: (row) => decoder.decode(lines.get(row)),
    version: (row) => versions[row] ?? 0,
    marks: (row) => notes[row] ?? 0,
    set: (row, { bytes, marks, text, version }) => {
      lines.set(row, bytes ?? encoder.encode(text))
      versions[row] = version
      notes[row] = marks
    }
  }
}
