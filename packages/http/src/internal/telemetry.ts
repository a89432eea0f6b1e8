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

const total = (attributes: { readonly operation: Operation; readonly outcome: string }) =>
  Metric.counter("polar_seats_operations_total", {
    description: "Calls of Polar's seat operations, by operation and outcome",
    incremental: true,
    attributes
  })
const duration = (attributes: { readonly operation: Operation; readonly outcome: string }) =>
  Metric.timer("polar_seats_operations_duration", {
    description: "How long calls took, pauses and repetitions included",
    attributes
  })
const retries = (attributes: { readonly operation: Operation }) =>
  Metric.counter("polar_seats_operations_retries_total", {
    description: "Requests that repeated an earlier one of the same call",
    incremental: true,
    attributes
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

/** Counts the requests of a call that began at `start`. */
export interface Attempts {
  readonly start: number
  count: number
}

// Each pair of them is made once, with its attributes: `Metric.withAttributes` makes a context at each update
interface Counters {
  readonly total: ReturnType<typeof total>
  readonly duration: ReturnType<typeof duration>
}
const counters = new Map<Operation, Map<string, Counters>>()
const countersOf = (operation: Operation, outcome: string) => {
  const ofOperation = counters.get(operation) ?? new Map()
  const known = ofOperation.get(outcome)
  if (known !== undefined) return known
  const labels = { operation, outcome }
  const made = { total: total(labels), duration: duration(labels) }
  counters.set(operation, ofOperation.set(outcome, made))
  return made
}
const repetitions = new Map<Operation, ReturnType<typeof retries>>()
const repetitionsOf = (operation: Operation) => {
  const known = repetitions.get(operation)
  if (known !== undefined) return known
  const made = retries({ operation })
  repetitions.set(operation, made)
  return made
}

// Who installed none has nobody to show a span to, and it costs as much as all the rest of a call
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

const record = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: Operation,
  { count, start }: Attempts,
  exit: Exit.Exit<A, E>
): Effect.Effect<void> => {
  const outcome = outcomeOf(exit)
  const counters = countersOf(operation, outcome)
  const end = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
  counters.total.updateUnsafe(1, fiber.context)
  counters.duration.updateUnsafe(Duration.millis(end - start), fiber.context)
  if (count > 1) repetitionsOf(operation).updateUnsafe(count - 1, fiber.context)
  return isTraced(fiber)
    ? Effect.annotateCurrentSpan({ "polar.outcome": outcome, "polar.attempts": count })
    : Effect.void
}

/**
 * Runs a call in a span of its name, where there is a tracer, and leaves there and in the metrics what became of it and
 * how many requests it took. So does a call that is interrupted, which has nobody else left to tell.
 */
export const observed = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => { readonly [name: string]: string },
  call: (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const attempts: Attempts = { count: 0, start: fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() }
    const recorded = Effect.onExit(call(attempts, fiber), (exit) => record(fiber, operation, attempts, exit))
    return isTraced(fiber) ? Effect.withSpan(recorded, operation, { attributes: attributes() }) : recorded
  })

/** The same for an answer that goes on and on, from its request to its end. Who has enough of it has succeeded. */
export const observedStream = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => { readonly [name: string]: string },
  stream: (attempts: Attempts) => Stream.Stream<A, E>
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const attempts: Attempts = { count: 0, start: yield* Clock.currentTimeMillis }
      // Where the reader stops early, the end runs in the reader's context, which knows another span
      const context = yield* Effect.context()
      return Stream.onExit(stream(attempts), (exit) =>
        Effect.withFiber((fiber) => record(fiber, operation, attempts, exit)).pipe(Effect.provideContext(context))
      )
    })
  ).pipe(Stream.withSpan(operation, { attributes: attributes() }))
