import { type Operation, type Unavailable } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"

const total = Metric.counter("polar_seats_operations_total", {
  description: "Calls of Polar's seat operations, by operation and outcome",
  incremental: true
})
const duration = Metric.timer("polar_seats_operations_duration", {
  description: "How long calls took, pauses and repetitions included"
})
const retries = Metric.counter("polar_seats_operations_retries_total", {
  description: "Requests that repeated an earlier one of the same call",
  incremental: true
})

const isUnavailable = (error: { readonly _tag: string }): error is Unavailable => error._tag === "Unavailable"

/** What became of a call, in one word. One that was interrupted may have happened: nobody waited for the answer. */
const outcomeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "OutcomeUnknown"
  const error = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (error === undefined) return "Defect"
  return isUnavailable(error) ? error.reason._tag : error._tag
}

/** Counts the requests of a call. */
export interface Attempts {
  count: number
}

const record = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  { count }: Attempts,
  start: number,
  exit: Exit.Exit<A, E>
) =>
  Effect.flatMap(Clock.currentTimeMillis, (end) => {
    const outcome = outcomeOf(exit)
    const labels = { operation, outcome }
    return Effect.all(
      [
        Effect.annotateCurrentSpan({ "polar.outcome": outcome, "polar.attempts": count }),
        Metric.update(Metric.withAttributes(total, labels), 1),
        Metric.update(Metric.withAttributes(duration, labels), Duration.millis(end - start)),
        Metric.update(Metric.withAttributes(retries, { operation }), Math.max(0, count - 1))
      ],
      { discard: true }
    )
  })

/**
 * Runs a call in a span of its name, and leaves there and in the metrics what became of it and how many requests it
 * took. So does a call that is interrupted, which has nobody else left to tell.
 */
export const observed = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: { readonly [name: string]: string },
  call: (attempts: Attempts) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(Clock.currentTimeMillis, (start) => {
    const attempts: Attempts = { count: 0 }
    return Effect.onExit(call(attempts), (exit) => record(operation, attempts, start, exit))
  }).pipe(Effect.withSpan(operation, { attributes }))

/** The same for an answer that goes on and on, from its request to its end. Who has enough of it has succeeded. */
export const observedStream = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: { readonly [name: string]: string },
  stream: (attempts: Attempts) => Stream.Stream<A, E>
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const attempts: Attempts = { count: 0 }
      const start = yield* Clock.currentTimeMillis
      // Where the reader stops early, the end runs in the reader's context, which knows another span
      const context = yield* Effect.context()
      return Stream.onExit(stream(attempts), (exit) =>
        Effect.provideContext(record(operation, attempts, start, exit), context)
      )
    })
  ).pipe(Stream.withSpan(operation, { attributes }))
