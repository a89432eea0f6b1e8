import * as CallMetrics from "@polar-seats/domain/CallMetrics"
import type { Operation } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { monotonicMillisUnsafe } from "./monotonic.ts"

/** Counts the requests of a call that began at `start`, on the clock that nobody sets. */
export interface Attempts {
  readonly start: number
  count: number
  /** The status of the last answer. Undefined if none came. */
  status: number | undefined
}

/** Attributes of a span. */
export type Attributes = { readonly [name: string]: string | number }

/** The host of a base URL, and the attributes that name the server by OpenTelemetry's conventions. */
export const serverOf = (baseUrl: string): { readonly host: string; readonly attributes: Attributes } => {
  const { host, hostname, port } = new URL(baseUrl)
  return {
    host,
    attributes: {
      // An address of IPv6 has brackets only in a URL
      "server.address": hostname.replace(/^\[|\]$/g, ""),
      ...(port === "" ? {} : { "server.port": Number(port) })
    }
  }
}

const startAttempts = (fiber: Fiber.Fiber<unknown, unknown>): Attempts => ({
  count: 0,
  status: undefined,
  start: monotonicMillisUnsafe(fiber.getRef(Clock.Clock))
})

// Without a tracer nobody sees a span, and making one costs as much as the rest of a call
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

/** The headers that name the span of the fiber as the parent. There are none without a tracer, or if tracing is turned off. */
export const traceHeaders = (fiber: Fiber.Fiber<unknown, unknown>): Headers.Headers => {
  const span = isTraced(fiber) ? Option.getOrUndefined(Context.getOption(fiber.context, Tracer.ParentSpan)) : undefined
  // A span of tracing that is turned off has no id
  return span?._tag === "Span" && !Context.get(span.annotations, Tracer.DisablePropagation)
    ? HttpTraceContext.toHeaders(span)
    : Headers.empty
}

const record = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.Fiber<unknown, unknown>,
  operation: Operation,
  { count, start, status }: Attempts,
  exit: Exit.Exit<A, E>
): Effect.Effect<void> => {
  const outcome = CallMetrics.outcomeOf(exit)
  const millis = monotonicMillisUnsafe(fiber.getRef(Clock.Clock)) - start
  CallMetrics.record({ operation, outcome, millis, retries: count - 1 }, fiber.context)
  return isTraced(fiber)
    ? Effect.annotateCurrentSpan({
        "polar.outcome": outcome,
        "polar.attempts": count,
        ...(status === undefined ? {} : { "http.response.status_code": status })
      })
    : Effect.void
}

/**
 * Records a call in the metrics, and in a span of its name if a tracer is installed: its outcome and the number of its
 * requests. An interrupted call is recorded too.
 */
export const withTelemetry = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => Attributes,
  call: (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const attempts = startAttempts(fiber)
    const recorded = Effect.onExit(call(attempts, fiber), (exit) => record(fiber, operation, attempts, exit))
    return isTraced(fiber)
      ? Effect.withSpan(recorded, operation, { attributes: attributes(), kind: "client" })
      : recorded
  })

/** Records a stream from its request to its end. A reader that stops early counts as a success. */
export const streamWithTelemetry = <A, E extends { readonly _tag: string }>(
  operation: Operation,
  attributes: () => Attributes,
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
  ).pipe(Stream.withSpan(operation, { attributes: attributes(), kind: "client" }))
