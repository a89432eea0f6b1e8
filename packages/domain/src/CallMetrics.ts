import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import { isUnavailable } from "./SeatError.ts"

/** The outcome of a failed call in one word: the tag of its error, or the reason of an `Unavailable`. */
export const outcomeOfError = (error: { readonly _tag: string }): string =>
  isUnavailable(error) ? error.reason._tag : error._tag

/**
 * The outcome of a call in one word: `Success`, or that of its error. An interrupted call is `OutcomeUnknown`, because Polar
 * may have carried it out.
 */
export const outcomeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "OutcomeUnknown"
  const error = exit.cause.reasons.find(Cause.isFailReason)?.error
  return error === undefined ? "Defect" : outcomeOfError(error)
}

const makeMetrics = (operation: string, outcome: string) => ({
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
const known = new Map<string, Map<string, ReturnType<typeof makeMetrics>>>()
const metricsOf = (operation: string, outcome: string) => {
  const ofOperation = known.get(operation) ?? new Map<string, ReturnType<typeof makeMetrics>>()
  const metrics = ofOperation.get(outcome) ?? makeMetrics(operation, outcome)
  if (ofOperation.size === 0) known.set(operation, ofOperation)
  ofOperation.set(outcome, metrics)
  return metrics
}

/** A call that has ended. */
export interface EndedCall {
  /** The name of the service method, and of the span. */
  readonly operation: string
  readonly outcome: string
  readonly millis: number
  /** How many of its requests retried an earlier one. Default: 0. */
  readonly retries?: number
}

/** Counts a call in the metrics of a context, by operation and outcome. */
export const record = (
  { millis, operation, outcome, retries: retried = 0 }: EndedCall,
  context: Context.Context<never>
): void => {
  const { duration, retries, total } = metricsOf(operation, outcome)
  total.updateUnsafe(1, context)
  duration.updateUnsafe(Duration.millis(millis), context)
  if (retried > 0) retries.updateUnsafe(retried, context)
}
