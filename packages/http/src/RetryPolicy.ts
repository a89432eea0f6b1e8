import type { RateLimited, Unavailable } from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"

/**
 * Limits the number, delay and duration of retries. A policy cannot change which failures are retried: reads and `revoke`
 * after transport errors, 429 and 5xx; `resend`, `assign` and `claim` only if Polar certainly did nothing.
 */
export interface RetryPolicy {
  /** How many retries a call may make, whatever its failures are. Default: 3. */
  readonly times?: number | undefined
  /** The pause before each retry. A longer `Retry-After` wins. Default: 200 ms, doubled each time, with jitter. */
  readonly schedule?: Schedule.Schedule<unknown, RateLimited | Unavailable> | undefined
  /** The longest `Retry-After` that a call waits for. After a longer one it fails with `RateLimited`. Default: 10 seconds. */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** How long one request may take. The time that it waits in a `Pace` does not count. Default: 30 seconds. */
  readonly attemptTimeout?: Duration.Input | undefined
  /**
   * How long a call may take in all, including pauses and the time in a `Pace`. The call fails instead of starting a pause
   * that would end later. It does not send a request whose turn comes later. Default: 60 seconds.
   */
  readonly totalTimeout?: Duration.Input | undefined
}

/** The policy of the calls in this scope. Each of its options wins over that of the layer. */
export const CurrentRetryPolicy = Context.Reference<RetryPolicy>("@polar-seats/http/CurrentRetryPolicy", {
  defaultValue: () => ({})
})

/**
 * Runs the calls of an effect with another policy: `seats.list(source).pipe(RetryPolicy.provide({ times: 0 }))`. An invalid
 * value, such as `times` below zero, counts as left out. A layer fails with `InvalidOption` for the same value.
 */
export const provide =
  (policy: RetryPolicy) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(self, CurrentRetryPolicy, policy)
