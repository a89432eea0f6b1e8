import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { isRateLimited } from "@polar-seats/domain/SeatError"
import { monotonicMillis, monotonicMillisOf } from "./clock.ts"

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
// A longer pause is for the seat that was refused. It does not hold up the others
const maxPauseMillis = 60_000

/** The request rate that several callers share. It is as fast as asked for, until Polar refuses many requests in a row. */
export interface AdaptiveRate {
  /** Waits until the next request may leave. */
  readonly waitForTurn: Effect.Effect<void>
  /** Takes a turn too, but does not wait for it if it is farther off than some milliseconds. */
  readonly waitForTurnWithin: (millis: number) => Effect.Effect<void>
  /** Waits while requests are paused. It takes no turn. */
  readonly waitWhilePaused: Effect.Effect<void>
  /** Sends a request whose turn has come. A 429 fails at once, without a retry. */
  readonly send: <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** How long to wait after a 429 that follows `times` earlier ones for the same item. */
export const pauseAfter = (
  error: { readonly retryAfter: Duration.Duration | null },
  times: number
): Duration.Duration =>
  error.retryAfter === null
    ? Duration.min(Duration.seconds(2 ** times), Duration.minutes(1))
    : Duration.max(error.retryAfter, Duration.millis(100))

/** For a single call, which the client itself retries after a 429. */
export const unlimited: AdaptiveRate = {
  waitForTurn: Effect.void,
  waitForTurnWithin: () => Effect.void,
  waitWhilePaused: Effect.void,
  send: (call) => call
}

/** Tells when a call has succeeded, or failed with which error. A call that is interrupted has done neither. */
const afterAnswer = <A, E, R>(
  call: Effect.Effect<A, E, R>,
  clock: Clock.Clock,
  tell: (now: number, error: E | undefined) => void
) =>
  Effect.onExit(call, (exit) =>
    Effect.sync(() => {
      const error = exit._tag === "Success" ? undefined : Option.getOrUndefined(Cause.findErrorOption(exit.cause))
      if (exit._tag === "Success" || error !== undefined) tell(monotonicMillisOf(clock), error)
    })
  )

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

  const waitWhilePaused: Effect.Effect<void> = Effect.flatMap(monotonicMillis, (now) =>
    now < pausedUntil ? Effect.andThen(Effect.sleep(pausedUntil - now), waitWhilePaused) : Effect.void
  )
  const waitForTurnWithin = (millis: number): Effect.Effect<void> =>
    Effect.flatMap(monotonicMillis, (now) => {
      const turnAt = Math.max(now, nextTurnAt, pausedUntil)
      nextTurnAt = turnAt + 1 / rate
      const at = turnAt - now > millis ? Math.max(now, pausedUntil) : turnAt
      // A pause may begin during this sleep
      return at - now < 1 ? Effect.void : Effect.andThen(Effect.sleep(at - now), waitWhilePaused)
    })

  const judge = (now: number) => {
    const answers = passed + refused
    if (rate === maxRate || answers < answersToJudge || now - measuredSince < millisToJudge) return
    slowdownsInVain = refused / answers < highRefusalShare ? 0 : slowdownsInVain + 1
    if (slowdownsInVain >= slowdownsBeforeReset) {
      slowdownsInVain = 0
      rate = maxRate
    } else {
      const millis = now - measuredSince
      rate =
        refused === 0
          ? Math.min(maxRate, rate * (1 + (growthPerSecond * millis) / 1000))
          : Math.min(rate, (slowdownFactor * passed) / millis)
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
    pausedUntil = now + Math.min(Duration.toMillis(pause), maxPauseMillis)
    nextTurnAt = pausedUntil
    refusalsInARow = 0
    measureFrom(pausedUntil)
  }

  return {
    waitForTurn: waitForTurnWithin(Number.POSITIVE_INFINITY),
    waitForTurnWithin,
    waitWhilePaused,
    send: (call) =>
      Effect.clockWith((clock) => {
        const sentAt = monotonicMillisOf(clock)
        // Answers from before a long silence say nothing about the rate limit now
        const isLong = measuredSince < 0 || sentAt - lastSentAt > millisOfSilenceBeforeReset
        if (isLong) measureFrom(Math.max(sentAt, pausedUntil))
        lastSentAt = sentAt
        return afterAnswer(Effect.provideService(call, RetryRateLimited, false), clock, (now, error) =>
          error !== undefined && isRateLimited(error) ? countRefused(now, pauseAfter(error, 0)) : countPassed(now)
        )
      })
  }
}
