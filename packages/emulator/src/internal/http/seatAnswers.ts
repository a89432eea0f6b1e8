import * as Arr from "effect/Array"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import type { Seat } from "@polar-seats/domain/Seat"
import { encodeSeat, encodeSeatsList, type SeatFields, type SeatsListFields } from "@polar-seats/http/SeatJson"

// The model holds only valid seats, so an answer need not go through the schema, which takes longer than all the rest

/** The answer with a seat. */
export const seatAnswer = (seat: Seat) => HttpServerResponse.jsonUnsafe(encodeSeat(seat))

/** The answer with a claimed seat, and the session of its holder. */
export const claimAnswer = (seat: Seat, session: string) =>
  HttpServerResponse.jsonUnsafe({ seat: encodeSeat(seat), customer_session_token: session })

const pieceLength = 1000
const toPiece = (seats: ReadonlyArray<SeatFields>) => seats.map((seat) => JSON.stringify(encodeSeat(seat))).join(",")

/**
 * The answer with a list. A long list is written piece by piece while the client reads it, so that a few of them at once
 * do not fill the memory. Only a short one has a `Content-Length`.
 */
export const listAnswer = (list: SeatsListFields) => {
  if (list.seats.length <= pieceLength) return HttpServerResponse.jsonUnsafe(encodeSeatsList(list))
  // A list without seats shows what comes before and after them
  const [start = "", end = ""] = JSON.stringify(encodeSeatsList({ ...list, seats: [] })).split(/(?<=\[)/)
  return Stream.fromIterable(Arr.chunksOf(list.seats, pieceLength), { chunkSize: 1 }).pipe(
    Stream.map(toPiece),
    Stream.intersperseAffixes({ start, middle: ",", end }),
    Stream.encodeText,
    (body) => HttpServerResponse.stream(body, { contentType: "application/json" })
  )
}
