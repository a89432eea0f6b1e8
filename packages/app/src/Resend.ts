import type { Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { eachSeat } from "./EachSeat.ts"
import { complain, say } from "./Outcome.ts"
import { describeHolder, describeInvitation } from "./SeatTable.ts"

const tell = Effect.fnUntraced(function* (seat: Seat) {
  const now = yield* DateTime.now
  yield* say(`${seat.id}: resent to ${describeHolder(seat)} (${describeInvitation(seat, now)})`)
  if (seat.invitation(now)._tag === "Expired") {
    yield* complain(`${seat.id}: the link in that mail is dead. Revoke the seat and assign it again.`)
  }
})

/** Mails invitations once more. */
export const run = ({ ids }: { readonly ids: ReadonlyArray<string> }) =>
  eachSeat({ ids, operation: "Seats.resend", act: (seats, id) => seats.resend(id), done: "resent", tell })
