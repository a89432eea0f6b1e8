import type { SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ask, printJson, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { root } from "../globalFlags.ts"
import { columns, render } from "../output/seatTable.ts"
import { oneSource, type SourceFlags } from "./sourceFlags.ts"

const encodeList = Schema.encodeEffect(Schema.fromJsonString(SeatsListJson))

const printList = (list: SeatsList) => Effect.flatMap(Effect.orDie(encodeList(list)), printJson)

const tell = Effect.fnUntraced(function* ({ availableSeats, seats, totalSeats }: SeatsList) {
  yield* say(render(seats, yield* DateTime.now, yield* columns))
  yield* say(`\n${availableSeats} of ${totalSeats} seats are free.`)
})

/** Lists the seats of a subscription or an order. */
export const run = Effect.fnUntraced(function* (flags: SourceFlags) {
  const { json } = yield* root
  const source = yield* oneSource(flags)
  const list = Effect.flatMap(Seats, (seats) => seats.list(source))
  yield* ask("Seats.list", list, json ? printList : tell).pipe(Effect.provide(Polar.seats))
})
