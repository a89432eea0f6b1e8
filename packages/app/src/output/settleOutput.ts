import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as MutableRef from "effect/MutableRef"
import { Ended, exitCode, InterruptIsSuccess } from "../exit.ts"
import { Output } from "./Output.ts"
import type { WriterState } from "./textWriter.ts"

// A command that is interrupted ends within a second. Its report on stderr comes after what stdout still takes
const timeForOut = "300 millis"
const timeForErr = "400 millis"
const timeForLastWords = "200 millis"

/** The terminal has gone away. */
const hangUp = Effect.callback<"hangUp">((resume) => {
  // The listener stays, because a second signal would end the process before it has cleaned up
  process.on("SIGHUP", () => resume(Effect.succeed("hangUp")))
})

const formatMissing = ({ endsInsideLine, missingLines }: WriterState): string => {
  const lines = missingLines === 1 ? "1 line is missing" : `${missingLines} lines are missing`
  return `${lines} from stdout${endsInsideLine ? ", and its last line is incomplete" : ""}`
}

/** The last line on stderr, about text that stdout did not take. */
const formatLoss = (state: WriterState, isError: boolean): string | undefined => {
  const { failure, missingLines } = state
  const missing = formatMissing(state)
  if (failure !== undefined && isError) return `${failure.message}.${missingLines > 0 ? ` ${missing}.` : ""}`
  if (missingLines === 0) return undefined
  return failure === undefined
    ? `${missing}, because the command was interrupted before its reader took them.`
    : `${missing}, because its reader has gone.`
}

/**
 * Runs a command until the system has taken everything that it printed. If stdout or stderr takes no more, or the terminal
 * goes away, the command ends as if it were interrupted. A command that is interrupted waits 300 ms for its readers,
 * and says on stderr how many lines are missing.
 */
export const settleOutput = <A, E, R>(command: Effect.Effect<A, E, R>): Effect.Effect<A, E | Ended, R> =>
  Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const { err, out } = yield* Output
      const drain = Effect.andThen(out.drain, err.drain)
      const fiber = yield* Effect.forkDetach(Effect.onExit(restore(command), () => drain))
      const ending = yield* Effect.exit(
        restore(Effect.raceAllFirst([Fiber.await(fiber), out.failure, err.failure, hangUp]))
      )
      const limits = yield* Effect.forkDetach(
        restore(Effect.all([out.limit(timeForOut), err.limit(timeForErr)], { concurrency: "unbounded" }))
      )
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      yield* Fiber.interrupt(limits)

      const failure = out.state().failure ?? err.state().failure
      const isSignalled = Exit.isFailure(ending) || ending.value === "hangUp"
      // A reader that goes away interrupts a command, but a server has not done what it was asked
      const isServer = MutableRef.get(yield* InterruptIsSuccess)
      const isError = failure !== undefined && (!failure.isClosed || (isServer && !isSignalled))
      const loss = formatLoss(out.state(), isError)
      if (loss !== undefined) yield* Effect.timeoutOption(restore(err.write(`${loss}\n`)), timeForLastWords)
      if (isError) return yield* new Ended({ code: exitCode.failed })
      if (failure !== undefined && !isSignalled) return yield* new Ended({ code: exitCode.interrupted })
      if (out.state().missingLines + err.state().missingLines > 0) return yield* Effect.interrupt
      return yield* exit
    })
  )
