import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { isRateLimited, type RateLimited } from "@polar-seats/domain/SeatError"

// One 429 may concern one seat only. This many without a success in between mean that all requests are too fast
const refusalsBeforeSlowdown = 8
// After a slowdown, the rate is judged again when this many answers have come and this much time has passed
const answersToJudge = 20
const millisToJudge = 50
const growthPerSecond = 0.1
// The new rate, as a share of the requests that passed
const slowdownFactor = 0.9
// If at least this share of the answers stays refused at a slower rate, the refusals have another cause
const highRefusalShare = 0.1
const slowdownsBeforeReset = 5
const millisOfSilenceBeforeReset = 10_000
const millisBeforeGivingUp = Duration.toMillis("1 hour")

/** The request rate that several callers share. It is as fast as asked for, until Polar refuses many requests in a row. */
export interface AdaptiveRate {
  /** Waits until the next request may leave. */
  readonly waitForTurn: Effect.Effect<void>
  /** Waits while requests are paused. It takes no turn. */
  readonly waitWhilePaused: Effect.Effect<void>
  /** Sends a request whose turn has come. A 429 fails at once, without a retry. */
  readonly send: <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** How often Polar has answered an item with 429, and since when (in epoch milliseconds). */
export interface Refusals {
  readonly times: number
  readonly since: number
}

const pauseAfter = ({ retryAfter }: RateLimited, times: number): Duration.Duration =>
  retryAfter === null
    ? Duration.min(Duration.seconds(2 ** times), Duration.minutes(1))
    : Duration.max(retryAfter, Duration.millis(100))

/** When to try again after a 429 that follows the refusals. `undefined` if Polar has answered 429 for an hour. */
export const nextTry = (error: RateLimited, refusals: Refusals | undefined) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const { since, times } = refusals ?? { since: now, times: 0 }
    return now - since < millisBeforeGivingUp
      ? { after: pauseAfter(error, times), refusals: { since, times: times + 1 } }
      : undefined
  })

/** For a single call, which the client itself retries after a 429. */
export const unlimited: AdaptiveRate = { waitForTurn: Effect.void, waitWhilePaused: Effect.void, send: (call) => call }

/** `maxRate` is in requests a millisecond. */
export const make = (maxRate: number): AdaptiveRate => {
  let rate = maxRate
  let nextTurnAt = 0
  let pausedUntil = 0
  let refusalsInARow = 0
  let slowdownsInVain = 0
  let passed = 0
  let refused = 0
  let measuredSince = -1
  let lastSentAt = 0

  const measureFrom = (now: number) => {
    measuredSince = now
    passed = 0
    refused = 0
  }

  const waitWhilePaused: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    now < pausedUntil ? Effect.andThen(Effect.sleep(pausedUntil - now), waitWhilePaused) : Effect.void
  )
  const waitForTurn: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = Math.max(now, nextTurnAt, pausedUntil)
    nextTurnAt = at + 1 / rate
    // A pause may begin during this sleep
    return at - now < 1 ? Effect.void : Effect.andThen(Effect.sleep(at - now), waitWhilePaused)
  })

  const judge = (now: number) => {
    const answers = passed + refused
    const millis = now - measuredSince
    if (rate === maxRate || answers < answersToJudge || millis < millisToJudge) return
    slowdownsInVain = refused / answers < highRefusalShare ? 0 : slowdownsInVain + 1
    if (slowdownsInVain >= slowdownsBeforeReset) {
      slowdownsInVain = 0
      rate = maxRate
    } else if (refused === 0) {
      rate = Math.min(maxRate, rate * (1 + (growthPerSecond * millis) / 1000))
    } else {
      rate = Math.min(rate, (slowdownFactor * passed) / millis)
    }
    measureFrom(now)
  }
  const countPassed = (now: number) => {
    passed++
    refusalsInARow = 0
    judge(now)
  }
  const countRefused = (now: number, pause: Duration.Duration) => {
    // Requests that left before the pause began say nothing new
    if (now < pausedUntil) return
    refused++
    refusalsInARow++
    if (refusalsInARow < refusalsBeforeSlowdown) return judge(now)
    rate = Math.min(rate, (passed + refused) / Math.max(1, now - measuredSince)) / 2
    pausedUntil = now + Duration.toMillis(pause)
    nextTurnAt = pausedUntil
    refusalsInARow = 0
    measureFrom(pausedUntil)
  }
  const count = (answer: (now: number) => void) => Effect.map(Clock.currentTimeMillis, answer)

  return {
    waitForTurn,
    waitWhilePaused,
    send: (call) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        // Answers from before a long silence say nothing about the rate limit now
        if (measuredSince < 0 || now - lastSentAt > millisOfSilenceBeforeReset) measureFrom(Math.max(now, pausedUntil))
        lastSentAt = now
        return Effect.tapError(
          Effect.tap(Effect.provideService(call, RetryRateLimited, false), () => count(countPassed)),
          (error) => count(isRateLimited(error) ? (now) => countRefused(now, pauseAfter(error, 0)) : countPassed)
        )
      })
  }
}
