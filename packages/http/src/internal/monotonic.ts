import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Whole milliseconds on a clock that nobody sets: for waits, and for how long something took. */
export const monotonicMillisUnsafe = (clock: Clock.Clock): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000)

/** `monotonicMillisUnsafe` of the current clock. */
export const monotonicMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.succeed(monotonicMillisUnsafe(clock))
)

const steadyClocks = new WeakMap<Clock.Clock, Clock.Clock>()

const makeSteady = (clock: Clock.Clock): Clock.Clock => {
  const offset = clock.currentTimeMillisUnsafe() - monotonicMillisUnsafe(clock)
  const currentTimeMillisUnsafe = () => offset + monotonicMillisUnsafe(clock)
  const currentTimeNanosUnsafe = () => BigInt(currentTimeMillisUnsafe()) * 1_000_000n
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

/**
 * Runs an effect on a clock that shows the time of day as it was when the process first asked, plus the time since then.
 * If somebody sets the system's clock, this one goes on. All users of one clock have the same steady clock.
 */
export const withSteadyClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    const steady = steadyClocks.get(clock) ?? makeSteady(clock)
    steadyClocks.set(clock, steady)
    return Effect.provideService(effect, Clock.Clock, steady)
  })
