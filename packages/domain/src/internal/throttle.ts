import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { IsWaitedFor } from "../RateLimit.ts"
import { isRateLimited } from "../SeatError.ts"

// One 429 may be meant for one; this many without a success in between say that it is too fast for everybody
const enough = 8
const slower = 0.7
const faster = 1.1
const growthEvery = 1000

/** How fast all go who share it: as fast as is asked for, until Polar says again and again that it is too fast. */
export interface Throttle {
  /** Waits until the next request may leave. */
  readonly turn: Effect.Effect<void>
  /** Sends one whose turn has come. A refusal for its rate is told at once. */
  readonly send: <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** How long to leave Polar alone after a refusal, by how often it has refused the same before. */
export const pauseAfter = (
  error: { readonly retryAfter: Duration.Duration | null },
  times: number
): Duration.Duration =>
  error.retryAfter === null
    ? Duration.min(Duration.seconds(2 ** times), Duration.minutes(1))
    : Duration.max(error.retryAfter, Duration.millis(100))

/** For one who waits by itself where Polar says so. */
export const none: Throttle = { turn: Effect.void, send: (call) => call }

/** `ceiling` is in requests a millisecond. */
export const make = (ceiling: number): Throttle => {
  let rate = ceiling
  let free = 0
  let shutUntil = 0
  let inARow = 0
  let sent = 0
  let since = 0
  let grown = 0

  // It may be shut while somebody waits for their turn
  const open: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    now < shutUntil ? Effect.andThen(Effect.sleep(shutUntil - now), open) : Effect.void
  )
  const turn: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = Math.max(now, free, shutUntil)
    free = at + 1 / rate
    return at - now < 1 ? Effect.void : Effect.andThen(Effect.sleep(at - now), open)
  })

  const passed = Effect.map(Clock.currentTimeMillis, (now) => {
    inARow = 0
    if (rate < ceiling && now - grown >= growthEvery) {
      rate = Math.min(ceiling, rate * faster)
      grown = now
    }
  })
  const refused = (pause: Duration.Duration) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      inARow++
      if (inARow < enough || now < shutUntil) return
      rate = slower * Math.min(rate, sent / Math.max(1, now - since))
      shutUntil = now + Duration.toMillis(pause)
      free = shutUntil
      grown = shutUntil
      since = shutUntil
      sent = 0
      inARow = 0
    })

  return {
    turn,
    send: (call) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (since === 0) since = now
        sent++
        return Effect.tapError(
          Effect.tap(Effect.provideService(call, IsWaitedFor, false), () => passed),
          (error) => (isRateLimited(error) ? refused(pauseAfter(error, 0)) : passed)
        )
      })
  }
}
