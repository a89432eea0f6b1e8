import type { Seat, SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Effect from "effect/Effect"
import { layerSeats } from "../config/polarLayers.ts"
import { callAndShow } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printOut, printTable } from "../output/print.ts"
import { commandFailure, printLine, summaryLine } from "../output/seatLines.ts"
import { formatSeatTable } from "../output/seatTable.ts"
import { canColorStdout, stdoutColumns } from "../output/terminal.ts"
import { chooseSeats } from "./chooseSeats.ts"
import type { ListFlags } from "./flags.ts"
import { readSource } from "./sourceFlags.ts"

const printListJson = Effect.fnUntraced(function* (
  { availableSeats, totalSeats }: SeatsList,
  seats: ReadonlyArray<Seat>
) {
  for (const seat of seats) {
    yield* printLine({ id: seat.id, address: seat.holderEmail, outcome: "listed", seat: encodeSeat(seat) })
  }
  const outcomes = seats.map(() => "listed" as const)
  const numbers = { available_seats: availableSeats, total_seats: totalSeats }
  yield* printLine({ ...summaryLine(outcomes, ["listed"], false), ...numbers })
})

const printList = Effect.fnUntraced(function* (list: SeatsList, flags: ListFlags) {
  const { json } = yield* root
  // Without a word about a clock that decides nothing
  const now = json && !flags.expired ? (yield* (yield* Seats).now).now : yield* readPolarTime
  const seats = chooseSeats(list.seats, now, flags, json ? undefined : "status")
  if (json) return yield* printListJson(list, seats)
  if (seats.length > 0) {
    const table = formatSeatTable(seats, now, {
      columns: yield* stdoutColumns,
      timeZone: flags.utc ? "UTC" : undefined,
      isColoured: yield* canColorStdout
    })
    yield* printTable([...table, ""])
  }
  yield* printOut([
    ...(seats.length < list.seats.length ? [`${seats.length} of ${list.seats.length} seats match.`] : []),
    `${list.availableSeats} of ${list.totalSeats} seats are free.`
  ])
})

/** Lists the seats of a subscription or an order. */
export const run = Effect.fnUntraced(function* (flags: ListFlags) {
  const source = yield* readSource(flags)
  const list = Effect.flatMap(Seats, (seats) => seats.list(source))
  const show = (list: SeatsList) => printList(list, flags)
  yield* callAndShow("Seats.list", list, show, commandFailure(["listed"])).pipe(Effect.provide(layerSeats))
})
