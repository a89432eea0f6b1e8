import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { eachSeat } from "./forEachSeat.ts"
import { complain, interrupted, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { describeHolder, describeInvitation } from "../output/seatTable.ts"
import { flagOf } from "./sourceFlags.ts"

const reissueCommand = (seat: Seat): string => {
  const { source } = seat
  return `polar-seats reissue ${seat.id}${source === null ? "" : ` ${flagOf(source)}`}`
}

const tell = Effect.fnUntraced(function* (seat: Seat) {
  const now = yield* DateTime.now
  yield* say(`${seat.id}: resent to ${describeHolder(seat)} (${describeInvitation(seat, now)})`)
  if (seat.invitation(now)._tag === "Expired") {
    yield* complain(`${seat.id}: the link in that mail is dead. Mail a new one: ${reissueCommand(seat)}`)
  }
})

/** Mails invitations once more. */
export const run = Effect.fnUntraced(function* ({ ids }: { readonly ids: ReadonlyArray<string> }) {
  const { resend } = yield* Seats
  yield* eachSeat({
    ids,
    interrupted: interrupted("Seats.resend"),
    act: (id, restore) => restore(resend(id)),
    done: "resent",
    tell
  })
}, Effect.provide(Polar.seats))
