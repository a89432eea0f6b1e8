import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import { layerSeats } from "../config/polarLayers.ts"
import { printOut } from "../output/print.ts"
import { forEachSeat } from "./forEachSeat.ts"

// Polar's answer still names the former holder, unless the seat was revoked before
const printRevoked = (seat: Seat) =>
  printOut(seat.holderEmail === null ? `${seat.id}: revoked` : `${seat.id}: revoked from ${seat.holderEmail}`)

/** Revokes seats. */
export const run = Effect.fnUntraced(function* ({ ids }: { readonly ids: ReadonlyArray<string> }) {
  const { revoke } = yield* Seats
  yield* forEachSeat({
    ids,
    operation: "Seats.revoke",
    act: (id, restore) => restore(revoke(id)),
    doneWord: "revoked",
    printDone: printRevoked
  })
}, Effect.provide(layerSeats))
