import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"

/**
 * Whether a call of `Seats` waits and retries after a 429. Default: true. If it is false, the call fails with
 * `RateLimited` at once, so the caller can work on other seats meanwhile.
 */
export const RetryRateLimited = Context.Reference<boolean>("@polar-seats/domain/CallOptions/RetryRateLimited", {
  defaultValue: () => true
})

/**
 * Whether the client retries a revocation whose outcome is unknown. Default: true. Set it to false if seats are assigned at
 * the same time, and list the seats instead: Polar reuses a revoked row for the next person, so a retry could revoke the
 * wrong seat.
 */
export const RetryAmbiguousRevoke = Context.Reference<boolean>("@polar-seats/domain/CallOptions/RetryAmbiguousRevoke", {
  defaultValue: () => true
})

/**
 * Within which time a call must have left. If it still waits for its turn then, it fails as `NotSent`. A caller provides it
 * whose reason for the call does not last. Default: no limit but the timeouts of the layer.
 */
export const SendWithin = Context.Reference<Duration.Duration | undefined>(
  "@polar-seats/domain/CallOptions/SendWithin",
  { defaultValue: () => undefined }
)
