import * as Context from "effect/Context"

/**
 * Whether a call of `Seats` waits by itself where Polar limits the rate, and tries again. Who has other seats to mail
 * meanwhile provides false, and is told `RateLimited` at once. Default: true.
 */
export const IsWaitedFor = Context.Reference<boolean>("@polar-seats/domain/RateLimit/IsWaitedFor", {
  defaultValue: () => true
})
