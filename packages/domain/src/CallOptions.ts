import * as Context from "effect/Context"

/**
 * Whether a call of `Seats` waits by itself where Polar limits the rate, and tries again. Who has other seats to mail
 * meanwhile provides false, and is told `RateLimited` at once. Default: true.
 */
export const RetryRateLimited = Context.Reference<boolean>("@polar-seats/domain/CallOptions/RetryRateLimited", {
  defaultValue: () => true
})

/**
 * Whether a revocation of which nobody knows whether it was done is repeated by itself. Polar gives the row of a revoked
 * seat to the next person, so who assigns at the same time provides false, and looks instead. Default: true.
 */
export const RetryAmbiguousRevoke = Context.Reference<boolean>("@polar-seats/domain/CallOptions/RetryAmbiguousRevoke", {
  defaultValue: () => true
})
