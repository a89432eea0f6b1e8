import { RetryAmbiguousRevoke, RetryRateLimited, SendWithin } from "@polar-seats/domain/CallOptions"
import {
  checkCount,
  type DurationRule,
  isCount,
  notNegative,
  positive,
  readDuration
} from "@polar-seats/domain/InvalidOption"
import { isSafeToRetry, mayHaveHappened, type UnavailableReason } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { CurrentRetryPolicy, type RetryPolicy } from "../RetryPolicy.ts"
import { notSentWithin, stillWaiting, type TimeLimits } from "./exchange.ts"
import { monotonicMillis } from "./monotonic.ts"
import { checkMillis } from "./options.ts"

/** The policy of a layer, with the defaults that `RetryPolicy` documents. It fails if an option is invalid. */
export const checkPolicy = Effect.fnUntraced(function* (policy: RetryPolicy) {
  return {
    times: yield* checkCount("times", policy.times ?? 3, 0),
    schedule: policy.schedule,
    maxRetryAfter: yield* checkMillis("maxRetryAfter", policy.maxRetryAfter ?? "10 seconds", notNegative),
    attemptTimeout: yield* checkMillis("attemptTimeout", policy.attemptTimeout ?? "30 seconds", positive),
    totalTimeout: yield* checkMillis("totalTimeout", policy.totalTimeout ?? "60 seconds", positive)
  }
})

/** A policy with a value for everything but the schedule. Times are milliseconds, and `Infinity` is no limit. */
export type Policy = Effect.Success<ReturnType<typeof checkPolicy>>

/** The policy of a call whose caller provides none. */
export const defaultRetryPolicy = Context.get(Context.empty(), CurrentRetryPolicy)

/** The policy of a call: each option is the caller's if it is valid, and otherwise that of the layer. */
export const currentPolicy = (layer: Policy, fiber: Fiber.Fiber<unknown, unknown>): Policy => {
  const own = fiber.getRef(CurrentRetryPolicy)
  if (own === defaultRetryPolicy) return layer
  const millis = (option: "maxRetryAfter" | "attemptTimeout" | "totalTimeout", rule: DurationRule) => {
    const duration = own[option] === undefined ? undefined : readDuration(own[option], rule)
    return duration === undefined ? layer[option] : Duration.toMillis(duration)
  }
  return {
    times: own.times !== undefined && isCount(own.times, 0) ? own.times : layer.times,
    schedule: own.schedule ?? layer.schedule,
    maxRetryAfter: millis("maxRetryAfter", notNegative),
    attemptTimeout: millis("attemptTimeout", positive),
    totalTimeout: millis("totalTimeout", positive)
  }
}

// The three date formats of HTTP begin like this. Many engines read any other text with letters as a date too
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

// Longer than anybody waits, and short enough for every computation with times
const maxRetryAfterSeconds = 1e9

/** Reads a `Retry-After` header, in seconds or as a date. Any other value counts as no header: null. */
export const parseRetryAfter = (header: string | undefined, now: DateTime.Utc): Duration.Duration | null => {
  if (header === undefined) return null
  if (/^\d+$/.test(header)) return Duration.seconds(Math.min(Number(header), maxRetryAfterSeconds))
  return Option.match(httpDate.test(header) ? DateTime.make(header) : Option.none(), {
    onNone: () => null,
    onSome: (at) => (DateTime.isGreaterThan(at, now) ? DateTime.distance(now, at) : Duration.zero)
  })
}

/** One call: when it began, what limits it, and how its failures become errors. Times are on the clock that nobody sets. */
interface Retried<E> {
  readonly start: number
  readonly policy: Policy
  /** Within which time after `start` each request must have left. */
  readonly sendWithin: number
  readonly notSent: (reason: UnavailableReason) => E
  readonly clock: Clock.Clock
}

/**
 * Runs an attempt, and retries it while that is safe, within the number of retries and within the time of a call that
 * began at `start`. The attempt is told how much time it has. `notSent` makes the error of a call that does not send.
 */
export const retry = <A, E extends { readonly _tag: string }>(
  layer: Policy,
  fiber: Fiber.Fiber<unknown, unknown>,
  start: number,
  notSent: (reason: UnavailableReason) => E,
  attempt: (time: TimeLimits) => Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const policy = currentPolicy(layer, fiber)
  const { attemptTimeout, totalTimeout } = policy
  const limit = fiber.getRef(SendWithin)
  const sendWithin = limit === undefined ? totalTimeout : Math.min(Duration.toMillis(limit), totalTimeout)
  const clock = fiber.getRef(Clock.Clock)
  const time = { total: totalTimeout, sendWithin, within: Math.min(attemptTimeout, totalTimeout), clock }
  if (sendWithin <= 0) return Effect.fail(notSent(stillWaiting(time)))
  // Most calls need no retry, and a generator costs something
  return Effect.catch(attempt(time), (error) =>
    isSafeToRetry(error)
      ? retryAfterFailure({ start, policy, sendWithin, notSent, clock }, error, attempt)
      : Effect.fail(error)
  )
}

const retryAfterFailure = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }>(
  { clock, notSent, policy, sendWithin, start }: Retried<E>,
  first: E,
  attempt: (time: TimeLimits) => Effect.Effect<A, E>
): Effect.fn.Return<A, E> {
  const { attemptTimeout, maxRetryAfter, times, totalTimeout } = policy
  // Made for the first retry only, because the first call of a program would wait for it
  const step = yield* Schedule.toStep(policy.schedule ?? Schedule.jittered(Schedule.exponential("200 millis")))
  let error = first
  let doubt: E | undefined

  for (let attempts = 1; ; attempts++) {
    // The refusal of a later request says nothing about an earlier one that Polar may have carried out
    if (mayHaveHappened(error)) doubt = error
    const outcome = doubt ?? error
    if (!isSafeToRetry(error) || attempts > times) return yield* Effect.fail(outcome)
    if (error._tag === "RateLimited" && !(yield* RetryRateLimited)) return yield* Effect.fail(outcome)
    if (doubt !== undefined && !(yield* RetryAmbiguousRevoke)) return yield* Effect.fail(outcome)
    const asked = error._tag === "RateLimited" && error.retryAfter !== null ? Duration.toMillis(error.retryAfter) : 0
    if (asked > maxRetryAfter) return yield* Effect.fail(outcome)
    const now = yield* monotonicMillis
    const pause = yield* step(now, error).pipe(
      Effect.map(([, delay]) => Duration.toMillis(delay)),
      Pull.catchDone(() => Effect.succeed(Number.POSITIVE_INFINITY))
    )
    const wait = Math.max(pause, asked)
    if (now - start + wait >= totalTimeout) return yield* Effect.fail(outcome)
    if (now - start + wait >= sendWithin) {
      if (doubt !== undefined || error._tag !== "RateLimited") return yield* Effect.fail(outcome)
      const length = Duration.format(Duration.millis(Math.round(wait)))
      return yield* Effect.fail(notSent(notSentWithin(`the pause before the retry is ${length}`)))
    }
    yield* Effect.sleep(Duration.millis(wait))
    // A pause may take longer than planned
    const passed = (yield* monotonicMillis) - start
    const total = totalTimeout - passed
    const within = Math.min(attemptTimeout, total)
    const time = { total, sendWithin: Math.min(sendWithin - passed, total), within, clock }
    if (total <= 0) return yield* Effect.fail(outcome)
    if (time.sendWithin <= 0) return yield* Effect.fail(doubt ?? notSent(stillWaiting(time)))
    const result = yield* Effect.result(attempt(time))
    if (result._tag === "Success") return result.success
    error = result.failure
  }
})
