import { isSafeToRepeat, type RateLimited, type Unavailable } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { CurrentRetryPolicy, defaults, type RetryPolicy } from "../RetryPolicy.ts"

interface Merged {
  readonly times: number
  readonly schedule: Schedule.Schedule<unknown, RateLimited | Unavailable>
  readonly maxRetryAfter: number
  readonly attemptTimeout: number
  readonly totalTimeout: number
}

const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))

// Option by option: the call's, else the layer's, else the default
const merge = (call: RetryPolicy, layer: RetryPolicy): Merged => ({
  times: call.times ?? layer.times ?? defaults.times,
  schedule: call.schedule ?? layer.schedule ?? defaults.schedule,
  maxRetryAfter: millis(call.maxRetryAfter ?? layer.maxRetryAfter ?? defaults.maxRetryAfter),
  attemptTimeout: millis(call.attemptTimeout ?? layer.attemptTimeout ?? defaults.attemptTimeout),
  totalTimeout: millis(call.totalTimeout ?? layer.totalTimeout ?? defaults.totalTimeout)
})

const retryAfter = (error: RateLimited | Unavailable): number =>
  error._tag === "RateLimited" && error.retryAfter !== null ? Duration.toMillis(error.retryAfter) : 0

/**
 * Tries until there is an answer, or no repetition is safe, left, or in time. `attempt` is told how long it may take.
 */
export const retrying = <A, E extends { readonly _tag: string }>(
  layer: RetryPolicy,
  attempt: (patience: Duration.Duration) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const policy = merge(fiber.getRef(CurrentRetryPolicy), layer)
    const start = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    const patience = Duration.millis(Math.min(policy.attemptTimeout, policy.totalTimeout))
    // Mostly there is nothing to repeat, and a generator is not for nothing
    return Effect.catch(attempt(patience), (error) => again(policy, start, error, attempt))
  })

const again = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }>(
  policy: Merged,
  start: number,
  first: E,
  attempt: (patience: Duration.Duration) => Effect.Effect<A, E>
): Effect.fn.Return<A, E> {
  let error = first
  let step:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, RateLimited | Unavailable, never, never>>>
    | undefined

  for (let attempts = 1; ; attempts++) {
    if (attempts > policy.times || !isSafeToRepeat(error)) return yield* Effect.fail(error)
    const asked = retryAfter(error)
    if (asked > policy.maxRetryAfter) return yield* Effect.fail(error)
    const now = yield* Clock.currentTimeMillis
    step ??= yield* Schedule.toStep(policy.schedule)
    const pause = yield* step(now, error).pipe(
      Effect.map(([, delay]) => Duration.toMillis(delay)),
      Pull.catchDone(() => Effect.succeed(Number.POSITIVE_INFINITY))
    )
    const wait = Math.max(pause, asked)
    if (now - start + wait >= policy.totalTimeout) return yield* Effect.fail(error)
    yield* Effect.sleep(Duration.millis(wait))
    // A pause may take longer than it was meant to
    const elapsed = (yield* Clock.currentTimeMillis) - start
    if (elapsed >= policy.totalTimeout) return yield* Effect.fail(error)
    const result = yield* Effect.result(
      attempt(Duration.millis(Math.min(policy.attemptTimeout, policy.totalTimeout - elapsed)))
    )
    if (result._tag === "Success") return result.success
    error = result.failure
  }
})
