import { sourceOf } from "@polar-seats/domain/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { eachSeat } from "./EachSeat.ts"
import { complain, interrupted, say } from "./Outcome.ts"
import * as Polar from "./Polar.ts"
import { describeHolder, describeInvitation } from "./SeatTable.ts"
import { flagOf } from "./Source.ts"

const reissueCommand = (seat: Seat): string => {
  const source = sourceOf(seat)
  return `polar-seats reissue ${seat.id}${source === undefined ? "" : ` ${flagOf(source)}`}`
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
