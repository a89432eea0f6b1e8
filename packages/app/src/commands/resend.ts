import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import { layerSeats } from "../config/polarLayers.ts"
import { formatReissueCommand } from "../output/followUpCommands.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printErr, printOut } from "../output/print.ts"
import { formatHolder, formatInvitation } from "../output/seatTable.ts"
import { forEachSeat } from "./forEachSeat.ts"

const printResent = Effect.fnUntraced(function* (seat: Seat) {
  const now = yield* readPolarTime
  yield* printOut(`${seat.id}: resent to ${formatHolder(seat)} (${formatInvitation(seat, now)})`)
  if (seat.invitation(now)._tag === "Expired") {
    yield* printErr(`${seat.id}: the link in that mail is dead. To mail a new link: ${formatReissueCommand(seat)}`)
  }
})

/** Resends invitations. */
export const run = Effect.fnUntraced(function* ({ ids }: { readonly ids: ReadonlyArray<string> }) {
  const { resend } = yield* Seats
  yield* forEachSeat({
    ids,
    operation: "Seats.resend",
    act: (id, restore) => restore(resend(id)),
    doneWord: "resent",
    printDone: printResent
  })
}, Effect.provide(layerSeats))
