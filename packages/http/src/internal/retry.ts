import { RetryAmbiguousRevoke, RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { isSafeToRetry, mayHaveHappened, type RateLimited, type Unavailable } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { InvalidOption } from "../PolarConnection.ts"
import { CurrentRetryPolicy, type RetryPolicy } from "../RetryPolicy.ts"
import type { Patience } from "./exchange.ts"

/** A policy that says everything but the pauses of its own. Times are milliseconds, and what has no end is `Infinity`. */
export interface Policy {
  readonly times: number
  readonly schedule: RetryPolicy["schedule"]
  readonly maxRetryAfter: number
  readonly attemptTimeout: number
  readonly totalTimeout: number
}

type Part = { readonly [Option in keyof Policy]: Policy[Option] | undefined }

const millis = (input: Duration.Input | undefined, isUsable: (duration: Duration.Duration) => boolean) =>
  input === undefined
    ? undefined
    : Option.getOrUndefined(Option.map(Option.filter(Duration.fromInput(input), isUsable), Duration.toMillis))

const isNoLess = (duration: Duration.Duration) => !Duration.isNegative(duration)

// What makes sense of a policy
const usable = ({ attemptTimeout, maxRetryAfter, schedule, times, totalTimeout }: RetryPolicy): Part => ({
  times: times !== undefined && Number.isSafeInteger(times) && times >= 0 ? times : undefined,
  schedule,
  maxRetryAfter: millis(maxRetryAfter, isNoLess),
  attemptTimeout: millis(attemptTimeout, Duration.isPositive),
  totalTimeout: millis(totalTimeout, Duration.isPositive)
})

const over = (first: Part, second: Policy): Policy => ({
  times: first.times ?? second.times,
  schedule: first.schedule ?? second.schedule,
  maxRetryAfter: first.maxRetryAfter ?? second.maxRetryAfter,
  attemptTimeout: first.attemptTimeout ?? second.attemptTimeout,
  totalTimeout: first.totalTimeout ?? second.totalTimeout
})

const problems = [
  ["times", "is not a whole number from 0 on"],
  ["maxRetryAfter", "is no time, or a negative one"],
  ["attemptTimeout", "is not a time longer than zero"],
  ["totalTimeout", "is not a time longer than zero"]
] as const

// The defaults that `RetryPolicy` tells
const defaults: Policy = {
  times: 3,
  schedule: undefined,
  maxRetryAfter: 10_000,
  attemptTimeout: 30_000,
  totalTimeout: 60_000
}
// Made when there is something to repeat: the first call of a program would wait for it
const defaultSchedule = () => Schedule.jittered(Schedule.exponential("200 millis"))

/** The policy of a layer, once it is known to make sense. */
export const checkPolicy = (policy: RetryPolicy): Effect.Effect<Policy, InvalidOption> => {
  const checked = usable(policy)
  const wrong = problems.find(([option]) => policy[option] !== undefined && checked[option] === undefined)
  return wrong === undefined
    ? Effect.succeed(over(checked, defaults))
    : Effect.fail(new InvalidOption({ option: wrong[0], problem: wrong[1] }))
}

/** The policy of who has none of their own. */
export const unsaid = Context.get(Context.empty(), CurrentRetryPolicy)

/** The policy of a call: what its caller says, and for the rest that of its layer. */
export const policyOf = (layer: Policy, fiber: Fiber.Fiber<unknown, unknown>): Policy => {
  const own = fiber.getRef(CurrentRetryPolicy)
  return own === unsaid ? layer : over(usable(own), layer)
}

const retryAfter = (error: RateLimited | Unavailable): number =>
  error._tag === "RateLimited" && error.retryAfter !== null ? Duration.toMillis(error.retryAfter) : 0

/**
 * Tries until there is an answer, or no repetition is safe, left, or in time, for a call that began at `start`. `attempt` is
 * told what time it has.
 */
export const retrying = <A, E extends { readonly _tag: string }>(
  layer: Policy,
  fiber: Fiber.Fiber<unknown, unknown>,
  start: number,
  attempt: (patience: Patience) => Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const policy = policyOf(layer, fiber)
  const { attemptTimeout, totalTimeout } = policy
  const deadline = start + totalTimeout
  // Mostly there is nothing to repeat, and a generator is not for nothing
  return Effect.catch(attempt({ deadline, within: Math.min(attemptTimeout, totalTimeout) }), (error) =>
    again(policy, deadline, error, attempt)
  )
}

const again = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }>(
  policy: Policy,
  deadline: number,
  first: E,
  attempt: (patience: Patience) => Effect.Effect<A, E>
): Effect.fn.Return<A, E> {
  let error = first
  let doubt: E | undefined
  let step:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, RateLimited | Unavailable, never, never>>>
    | undefined

  for (let attempts = 1; ; attempts++) {
    // What the last request was refused with says nothing of an earlier one that may have been carried out
    if (mayHaveHappened(error)) doubt = error
    const outcome = doubt ?? error
    if (!isSafeToRetry(error) || attempts > policy.times) return yield* Effect.fail(outcome)
    if (error._tag === "RateLimited" && !(yield* RetryRateLimited)) return yield* Effect.fail(outcome)
    if (doubt !== undefined && !(yield* RetryAmbiguousRevoke)) return yield* Effect.fail(outcome)
    const asked = retryAfter(error)
    if (asked > policy.maxRetryAfter) return yield* Effect.fail(outcome)
    const now = yield* Clock.currentTimeMillis
    step ??= yield* Schedule.toStep(policy.schedule ?? defaultSchedule())
    const pause = yield* step(now, error).pipe(
      Effect.map(([, delay]) => Duration.toMillis(delay)),
      Pull.catchDone(() => Effect.succeed(Number.POSITIVE_INFINITY))
    )
    const wait = Math.max(pause, asked)
    if (now + wait >= deadline) return yield* Effect.fail(outcome)
    yield* Effect.sleep(Duration.millis(wait))
    // A pause may take longer than it was meant to
    const left = deadline - (yield* Clock.currentTimeMillis)
    if (left <= 0) return yield* Effect.fail(outcome)
    const result = yield* Effect.result(attempt({ deadline, within: Math.min(policy.attemptTimeout, left) }))
    if (result._tag === "Success") return result.success
    error = result.failure
  }
})
