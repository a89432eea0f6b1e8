import type { Seat } from "@polar-seats/domain/Seat"
import { eachSeat } from "./EachSeat.ts"
import { say } from "./Outcome.ts"

// Polar still names who had the seat, unless it was revoked before
const tell = (seat: Seat) =>
  say(seat.holderEmail === null ? `${seat.id}: revoked` : `${seat.id}: revoked from ${seat.holderEmail}`)

/** Takes seats away. */
export const run = ({ ids }: { readonly ids: ReadonlyArray<string> }) =>
  eachSeat({ ids, operation: "Seats.revoke", act: (seats, id) => seats.revoke(id), done: "revoked", tell })
