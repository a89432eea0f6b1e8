import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { exitCode } from "./exit.ts"

// npm passes a Ctrl-C on to a command that has got it from the terminal too
const timeToPassOn = "100 millis"
const timeToEnd = "1 second"

/**
 * Ends the process at once at the second Ctrl-C or SIGTERM, whatever the first one has begun. A second one that follows
 * at once is the first one, passed on by a parent, and gives the command a second.
 */
export const endOnSecondSignal = Effect.gen(function* () {
  const signals = yield* Queue.dropping<void>(2)
  const next = Queue.take(signals)
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => Queue.offerUnsafe(signals, undefined))
  yield* next
  const passedOn = yield* Effect.timeoutOption(next, timeToPassOn)
  yield* Effect.timeoutOption(next, Option.isSome(passedOn) ? timeToEnd : Duration.infinity)
  process.exit(exitCode.interrupted)
})
