import type { SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { layerSeats } from "../config/polarLayers.ts"
import { callAndShow } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { printJson, printOut } from "../output/print.ts"
import { formatSeatTable, stdoutColumns } from "../output/seatTable.ts"
import { readSource, type SourceFlags } from "./sourceFlags.ts"

const encodeList = Schema.encodeEffect(Schema.fromJsonString(SeatsListJson))

const printListJson = (list: SeatsList) => Effect.flatMap(Effect.orDie(encodeList(list)), printJson)

const printList = Effect.fnUntraced(function* ({ availableSeats, seats, totalSeats }: SeatsList) {
  yield* printOut(formatSeatTable(seats, yield* DateTime.now, yield* stdoutColumns))
  yield* printOut(`\n${availableSeats} of ${totalSeats} seats are free.`)
})

/** Lists the seats of a subscription or an order. */
export const run = Effect.fnUntraced(function* (flags: SourceFlags) {
  const { json } = yield* root
  const source = yield* readSource(flags)
  const list = Effect.flatMap(Seats, (seats) => seats.list(source))
  yield* callAndShow("Seats.list", list, json ? printListJson : printList).pipe(Effect.provide(layerSeats))
})
