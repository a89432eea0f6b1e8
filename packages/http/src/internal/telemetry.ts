import * as CallMetrics from "@polar-seats/domain/CallMetrics"
import type { Operation } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { monotonicMillisUnsafe } from "./monotonic.ts"

/** Counts the requests of a call that began at `start`, on the clock that nobody sets. */
export interface Attempts {
  readonly start: number
  count: number
}

const startAttempts = (fiber: Fiber.Fiber<unknown, unknown>): Attempts => ({
  count: 0,
  start: monotonicMillisUnsafe(fiber.getRef(Clock.Clock))
})

// Without a tracer nobody sees a span, and making one costs as much as the rest of a call
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

const record = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: Operation,
  { count, start }: Attempts,
  exit: Exit.Exit<A, E>
): Effect.Effect<void> => {
  const outcome = CallMetrics.outcomeOf(exit)
  const millis = monotonicMillisUnsafe(fiber.getRef(Clock.Clock)) - start
  CallMetrics.record({ operation, outcome, millis, retries: count - 1 }, fiber.context)
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
