import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import { eachSeat } from "./forEachSeat.ts"
import { interrupted, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"

// Polar still names who had the seat, unless it was revoked before
const tell = (seat: Seat) =>
  say(seat.holderEmail === null ? `${seat.id}: revoked` : `${seat.id}: revoked from ${seat.holderEmail}`)

/** Takes seats away. */
export const run = Effect.fnUntraced(function* ({ ids }: { readonly ids: ReadonlyArray<string> }) {
  const { revoke } = yield* Seats
  yield* eachSeat({
    ids,
    interrupted: interrupted("Seats.revoke"),
    act: (id, restore) => restore(revoke(id)),
    done: "revoked",
    tell
  })
}, Effect.provide(Polar.seats))
