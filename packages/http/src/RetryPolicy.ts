import type { RateLimited, Unavailable } from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"

/**
 * How often, how patiently and how long a call is tried. What may be repeated is not a matter of policy: reads and a
 * revocation after whatever leaves Polar's answer open, a 429 or a 5xx; a resend, an assignment and a claim only where
 * it is certain that nothing happened.
 */
export interface RetryPolicy {
  /** How often a call may be repeated, whatever it fails with in between. Default: 3. */
  readonly times?: number | undefined
  /** The pause before each repetition; `Retry-After` wins where it is longer. Default: 200 ms, doubled each time, with jitter. */
  readonly schedule?: Schedule.Schedule<unknown, RateLimited | Unavailable> | undefined
  /** The longest `Retry-After` that is waited for. Beyond it the call fails with `RateLimited`. Default: 10 seconds. */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** How long one request may take. Waiting for its turn in a `Pace` is not part of it. Default: 30 seconds. */
  readonly attemptTimeout?: Duration.Input | undefined
  /**
   * How long a call may take in all, pauses and turns included; a pause that would go beyond it is not begun, and a
   * request whose turn does not come within it is not sent. Default: 60 seconds.
   */
  readonly totalTimeout?: Duration.Input | undefined
}

/** The policy of the calls in this scope; it wins over that of their layer, option by option. */
export const CurrentRetryPolicy = Context.Reference<RetryPolicy>("@polar-seats/http/CurrentRetryPolicy", {
  defaultValue: () => ({})
})

/**
 * Runs the calls of an effect with a policy of their own: `seats.list(source).pipe(RetryPolicy.provide({ times: 0 }))`.
 * A value that makes no sense (`times` below zero, no time where one is expected) counts as one that is left out. Where a
 * layer is given one, it is `InvalidOption`.
 */
export const provide =
  (policy: RetryPolicy) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(self, CurrentRetryPolicy, policy)
