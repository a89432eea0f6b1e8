import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import type { Ledger } from "../ledger.ts"

const pieceLength = 64 * 1024

interface Piece {
  /** Rows with commas between them. */
  readonly json: string
  /** The position of the row after them. */
  readonly next: number
}

const pieceFrom = <Row>(
  { at, start }: Ledger<Row>,
  from: number,
  end: number,
  toJson: (row: Row) => unknown
): Piece => {
  const rows: Array<string> = []
  let length = 0
  let next = Math.max(from, start())
  for (; next < end && length < pieceLength; next++) {
    const row = at(next)
    if (row === undefined) continue
    const json = JSON.stringify(toJson(row))
    length += json.length
    rows.push(json)
  }
  return { json: rows.join(), next }
}

/**
 * The answer with the rows of a ledger. `x-dropped` says how many the ledger has dropped since it was emptied. A long list
 * is written piece by piece, so that a reader costs little memory, however slowly it reads. Rows that the ledger drops in
 * the meantime are left out.
 */
export const ledgerAnswer = <Row>(ledger: Ledger<Row>, toJson: (row: Row) => unknown) => {
  const headers = { "x-dropped": String(ledger.dropped()) }
  const end = ledger.end()
  const first = pieceFrom(ledger, 0, end, toJson)
  const contentType = "application/json"
  if (first.next >= end) return HttpServerResponse.text(`[${first.json}]`, { contentType, headers })
  const pieces = function* () {
    yield `[${first.json}`
    for (let { next } = first; next < end;) {
      const piece = pieceFrom(ledger, next, end, toJson)
      next = piece.next
      if (piece.json !== "") yield `,${piece.json}`
    }
    yield "]"
  }
  return Stream.fromIterable({ [Symbol.iterator]: pieces }, { chunkSize: 1 }).pipe(Stream.encodeText, (body) =>
    HttpServerResponse.stream(body, { contentType, headers })
  )
}
