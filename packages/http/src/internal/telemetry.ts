import { type Operation, type Unavailable } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { monotonicMillisUnsafe } from "./monotonic.ts"

const isUnavailable = (error: { readonly _tag: string }): error is Unavailable => error._tag === "Unavailable"

/** The outcome of a call in one word. An interrupted call is `OutcomeUnknown`, because Polar may have carried it out. */
const outcomeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "OutcomeUnknown"
  const error = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (error === undefined) return "Defect"
  return isUnavailable(error) ? error.reason._tag : error._tag
}

/** Counts the requests of a call that began at `start`, on the clock that nobody sets. */
export interface Attempts {
  readonly start: number
  count: number
}

const startAttempts = (fiber: Fiber.Fiber<unknown, unknown>): Attempts => ({
  count: 0,
  start: monotonicMillisUnsafe(fiber.getRef(Clock.Clock))
})

const makeMetrics = (operation: Operation, outcome: string) => ({
  total: Metric.counter("polar_seats_operations_total", {
    description: "Calls of Polar's seat operations, by operation and outcome",
    incremental: true,
    attributes: { operation, outcome }
  }),
  duration: Metric.timer("polar_seats_operations_duration", {
    description: "How long calls took, including pauses and retries",
    attributes: { operation, outcome }
  }),
  retries: Metric.counter("polar_seats_operations_retries_total", {
    description: "Requests that retried an earlier one of the same call",
    incremental: true,
    attributes: { operation }
  })
})

// Made once for each operation and outcome, because `Metric.withAttributes` would make a context at each update
const known = new Map<Operation, Map<string, ReturnType<typeof makeMetrics>>>()
const metricsOf = (operation: Operation, outcome: string) => {
  const ofOperation = known.get(operation) ?? new Map<string, ReturnType<typeof makeMetrics>>()
  const metrics = ofOperation.get(outcome) ?? makeMetrics(operation, outcome)
  if (ofOperation.size === 0) known.set(operation, ofOperation)
  ofOperation.set(outcome, metrics)
  return metrics
}

// Without a tracer nobody sees a span, and making one costs as much as the rest of a call
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

const record = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: Operation,
  { count, start }: Attempts,
  exit: Exit.Exit<A, E>
): Effect.Effect<void> => {
  const outcome = outcomeOf(exit)
  const { duration, retries, total } = metricsOf(operation, outcome)
  const end = monotonicMillisUnsafe(fiber.getRef(Clock.Clock))
  total.updateUnsafe(1, fiber.context)
  duration.updateUnsafe(Duration.millis(end - start), fiber.context)
  if (count > 1) retries.updateUnsafe(count - 1, fiber.context)
  return isTraced(fiber)
    ? Effect.annotateCurrentSpan({ "polar.outcome": outcome, "polar.attempts": count })
    : Effect.void
}

/**
 * Records a call in the metrics, and in a span of its name if a tracer is installed: its outcome and the number of its
 * requests. An interrupted call is recorded too.
 */
export const withTelemetry = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => { readonly [name: string]: string },
  call: (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const attempts = startAttempts(fiber)
    const recorded = Effect.onExit(call(attempts, fiber), (exit) => record(fiber, operation, attempts, exit))
    return isTraced(fiber) ? Effect.withSpan(recorded, operation, { attributes: attributes() }) : recorded
  })

/** Records a stream from its request to its end. A reader that stops early counts as a success. */
export const streamWithTelemetry = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => { readonly [name: string]: string },
  open: (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<Stream.Stream<A, E>, E>
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.withFiber((fiber) => {
      const attempts = startAttempts(fiber)
      // If the reader stops early, the end runs in the context of the reader, which has another span
      const { context } = fiber
      return Effect.succeed(
        Stream.onExit(Stream.unwrap(open(attempts, fiber)), (exit) =>
          Effect.withFiber((fiber) => record(fiber, operation, attempts, exit)).pipe(Effect.provideContext(context))
        )
      )
    })
  ).pipe(Stream.withSpan(operation, { attributes: attributes() }))
