import { RetryAmbiguousRevoke, RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { isSafeToRetry, mayHaveHappened } from "@polar-seats/domain/SeatError"
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
import type { TimeLimits } from "./exchange.ts"
import { checkCount, checkDuration, type DurationRule, isCount, notNegative, positive, toMillis } from "./options.ts"

/** The policy of a layer, with the defaults that `RetryPolicy` documents. It fails if an option is invalid. */
export const checkPolicy = Effect.fnUntraced(function* (policy: RetryPolicy) {
  return {
    times: yield* checkCount("times", policy.times ?? 3, 0),
    schedule: policy.schedule,
    maxRetryAfter: yield* checkDuration("maxRetryAfter", policy.maxRetryAfter ?? "10 seconds", notNegative),
    attemptTimeout: yield* checkDuration("attemptTimeout", policy.attemptTimeout ?? "30 seconds", positive),
    totalTimeout: yield* checkDuration("totalTimeout", policy.totalTimeout ?? "60 seconds", positive)
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
  const millis = (option: "maxRetryAfter" | "attemptTimeout" | "totalTimeout", rule: DurationRule) =>
    (own[option] === undefined ? undefined : toMillis(own[option], rule)) ?? layer[option]
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

/** Reads a `Retry-After` header, in seconds or as a date. Any other value counts as no header: null. */
export const parseRetryAfter = (header: string | undefined, now: DateTime.Utc): Duration.Duration | null => {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Duration.seconds(Number(header))
  return Option.match(httpDate.test(header) ? DateTime.make(header) : Option.none(), {
    onNone: () => null,
    onSome: (at) => (DateTime.isGreaterThan(at, now) ? DateTime.distance(now, at) : Duration.zero)
  })
}

/**
 * Runs an attempt, and retries it while that is safe, within the number of retries and within the time of a call that
 * began at `start`. The attempt is told how much time it has.
 */
export const retry = <A, E extends { readonly _tag: string }>(
  layer: Policy,
  fiber: Fiber.Fiber<unknown, unknown>,
  start: number,
  attempt: (time: TimeLimits) => Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const policy = currentPolicy(layer, fiber)
  const { attemptTimeout, totalTimeout } = policy
  const deadline = start + totalTimeout
  // Most calls need no retry, and a generator costs something
  return Effect.catch(attempt({ deadline, within: Math.min(attemptTimeout, totalTimeout) }), (error) =>
    isSafeToRetry(error) ? retryAfterFailure(policy, deadline, error, attempt) : Effect.fail(error)
  )
}

const retryAfterFailure = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }>(
  policy: Policy,
  deadline: number,
  first: E,
  attempt: (time: TimeLimits) => Effect.Effect<A, E>
): Effect.fn.Return<A, E> {
  // Made for the first retry only, because the first call of a program would wait for it
  const step = yield* Schedule.toStep(policy.schedule ?? Schedule.jittered(Schedule.exponential("200 millis")))
  let error = first
  let doubt: E | undefined

  for (let attempts = 1; ; attempts++) {
    // The refusal of a later request says nothing about an earlier one that Polar may have carried out
    if (mayHaveHappened(error)) doubt = error
    const outcome = doubt ?? error
    if (!isSafeToRetry(error) || attempts > policy.times) return yield* Effect.fail(outcome)
    if (error._tag === "RateLimited" && !(yield* RetryRateLimited)) return yield* Effect.fail(outcome)
    if (doubt !== undefined && !(yield* RetryAmbiguousRevoke)) return yield* Effect.fail(outcome)
    const asked = error._tag === "RateLimited" && error.retryAfter !== null ? Duration.toMillis(error.retryAfter) : 0
    if (asked > policy.maxRetryAfter) return yield* Effect.fail(outcome)
    const now = yield* Clock.currentTimeMillis
    const pause = yield* step(now, error).pipe(
      Effect.map(([, delay]) => Duration.toMillis(delay)),
      Pull.catchDone(() => Effect.succeed(Number.POSITIVE_INFINITY))
    )
    const wait = Math.max(pause, asked)
    if (now + wait >= deadline) return yield* Effect.fail(outcome)
    yield* Effect.sleep(Duration.millis(wait))
    // A pause may take longer than planned
    const left = deadline - (yield* Clock.currentTimeMillis)
    if (left <= 0) return yield* Effect.fail(outcome)
    const result = yield* Effect.result(attempt({ deadline, within: Math.min(policy.attemptTimeout, left) }))
    if (result._tag === "Success") return result.success
    error = result.failure
  }
})
