import { Seats } from "@polar-seats/domain/Seats"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { printJson, refuse, say } from "./Outcome.ts"
import * as Polar from "./Polar.ts"
import { root } from "./Root.ts"
import { render } from "./SeatTable.ts"
import { oneSource, type SourceFlags } from "./Source.ts"

const encodeList = Schema.encodeEffect(Schema.fromJsonString(SeatsListJson))

/** Lists the seats of a subscription or an order. */
export const run = Effect.fnUntraced(function* (flags: SourceFlags) {
  const { json } = yield* root
  const source = yield* oneSource(flags)
  const list = yield* Effect.flatMap(Seats, (seats) => seats.list(source)).pipe(
    Effect.catch(refuse),
    Effect.provide(Polar.seats)
  )
  if (json) return yield* printJson(yield* Effect.orDie(encodeList(list)))
  yield* say(render(list.seats, yield* DateTime.now))
  yield* say(`\n${list.availableSeats} of ${list.totalSeats} seats are free.`)
})
