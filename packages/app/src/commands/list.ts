import type { SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { encodeSeatsList } from "@polar-seats/http/SeatJson"
import * as Effect from "effect/Effect"
import { layerSeats } from "../config/polarLayers.ts"
import { callAndShow } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printJson, printOut } from "../output/print.ts"
import { formatSeatTable } from "../output/seatTable.ts"
import { stdoutColumns } from "../output/terminal.ts"
import type { SourceFlags } from "./flags.ts"
import { readSource } from "./sourceFlags.ts"

const printList = Effect.fnUntraced(function* (list: SeatsList) {
  const { json } = yield* root
  if (json) return yield* printJson(encodeSeatsList(list))
  const table = formatSeatTable(list.seats, yield* readPolarTime, yield* stdoutColumns)
  yield* printOut([...table, "", `${list.availableSeats} of ${list.totalSeats} seats are free.`])
})

/** Lists the seats of a subscription or an order. */
export const run = Effect.fnUntraced(function* (flags: SourceFlags) {
  const source = yield* readSource(flags)
  const list = Effect.flatMap(Seats, (seats) => seats.list(source))
  yield* callAndShow("Seats.list", list, printList).pipe(Effect.provide(layerSeats))
})
