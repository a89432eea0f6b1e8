import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds on a clock that nobody sets: for waits, and for how old something is. */
export const monotonicMillis: Effect.Effect<number> = Effect.map(
  Clock.monotonicTimeNanos,
  (nanos) => Number(nanos) / 1_000_000
)
