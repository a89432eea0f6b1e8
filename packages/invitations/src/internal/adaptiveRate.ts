import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { isRateLimited } from "@polar-seats/domain/SeatError"

// One 429 may be meant for one; this many without a success in between say that it is too fast for everybody
const enough = 8
// Once it was too fast, the rate is looked at again after so many answers and so long
const answersToJudge = 20
const timeToJudge = 50
const growthInASecond = 0.1
const belowWhatPassed = 0.9
// Where a slower rate makes no difference to so many refusals, it is not the rate that they are for
const isMuch = 0.1
const longSilence = 10_000
const triesToSlowDown = 5

/** How fast all go who share it: as fast as is asked for, until Polar says again and again that it is too fast. */
export interface Throttle {
  /** Waits until the next request may leave. */
  readonly turn: Effect.Effect<void>
  /** Waits while Polar is left alone, whose turn has come before that. */
  readonly open: Effect.Effect<void>
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
export const none: Throttle = { turn: Effect.void, open: Effect.void, send: (call) => call }

/** `ceiling` is in requests a millisecond. */
export const make = (ceiling: number): Throttle => {
  let rate = ceiling
  let free = 0
  let shutUntil = 0
  let inARow = 0
  let inVain = 0
  let passed = 0
  let refused = 0
  let since = -1
  let heard = 0

  const startOver = (now: number) => {
    since = now
    passed = 0
    refused = 0
  }

  const open: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    now < shutUntil ? Effect.andThen(Effect.sleep(shutUntil - now), open) : Effect.void
  )
  const turn: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = Math.max(now, free, shutUntil)
    free = at + 1 / rate
    // It may be shut while somebody waits for their turn
    return at - now < 1 ? Effect.void : Effect.andThen(Effect.sleep(at - now), open)
  })

  const judge = (now: number) => {
    const answers = passed + refused
    if (rate === ceiling || answers < answersToJudge || now - since < timeToJudge) return
    inVain = refused / answers < isMuch ? 0 : inVain + 1
    if (inVain >= triesToSlowDown) {
      inVain = 0
      rate = ceiling
    } else {
      const time = now - since
      rate =
        refused === 0
          ? Math.min(ceiling, rate * (1 + (growthInASecond * time) / 1000))
          : Math.min(rate, (belowWhatPassed * passed) / time)
    }
    startOver(now)
  }
  const pass = (now: number) => {
    passed++
    inARow = 0
    judge(now)
  }
  const refuse = (now: number, pause: Duration.Duration) => {
    // Those that left before it was shut say nothing new
    if (now < shutUntil) return
    refused++
    inARow++
    if (inARow < enough) return judge(now)
    rate = Math.min(rate, (passed + refused) / Math.max(1, now - since)) / 2
    shutUntil = now + Duration.toMillis(pause)
    free = shutUntil
    inARow = 0
    startOver(shutUntil)
  }
  const answered = (tell: (now: number) => void) => Effect.map(Clock.currentTimeMillis, tell)

  return {
    turn,
    open,
    send: (call) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        // What was measured before a long silence says nothing of now
        if (since < 0 || now - heard > longSilence) startOver(Math.max(now, shutUntil))
        heard = now
        return Effect.tapError(
          Effect.tap(Effect.provideService(call, RetryRateLimited, false), () => answered(pass)),
          (error) => answered(isRateLimited(error) ? (now) => refuse(now, pauseAfter(error, 0)) : pass)
        )
      })
  }
}
