import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

// A run asks many times within a millisecond, and a `DateTime` takes longer to make than an answer to decode
let latest = DateTime.makeUnsafe(0)

/** The time that a clock shows. Somebody may set the clock. */
export const nowOf = (clock: Clock.Clock): DateTime.Utc => {
  const millis = clock.currentTimeMillisUnsafe()
  if (latest.epochMilliseconds !== millis) latest = DateTime.makeUnsafe(millis)
  return latest
}

export const now: Effect.Effect<DateTime.Utc> = Effect.clockWith((clock) => Effect.succeed(nowOf(clock)))

/** Milliseconds on a clock that nobody sets: for waits, and for how old something is. */
export const monotonicMillisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

export const monotonicMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.succeed(monotonicMillisOf(clock))
)
