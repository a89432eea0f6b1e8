import { Seats } from "@polar-seats/domain/Seats"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { printErr } from "./print.ts"

// A command says it once, although it judges many links
const warned = new WeakSet<Seats["Service"]>()

/** Says on stderr, once for a command, that links are judged by this machine's clock. Says nothing if Polar's time is known. */
export const readPolarTime: Effect.Effect<DateTime.Utc, never, Seats> = Effect.gen(function* () {
  const seats = yield* Seats
  const { clock, now } = yield* seats.now
  if (clock === "Machine" && !warned.has(seats)) {
    warned.add(seats)
    yield* printErr(
      "Polar's time is not known, because its answers had no Date that can be believed. " +
        "This machine's clock decides which links are live: check that it is right."
    )
  }
  return now
})
