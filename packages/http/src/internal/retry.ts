import { IsWaitedFor } from "@polar-seats/domain/RateLimit"
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
export const retrying = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }>(
  layer: RetryPolicy,
  attempt: (patience: Duration.Duration) => Effect.Effect<A, E>
): Effect.fn.Return<A, E> {
  const policy = merge(yield* CurrentRetryPolicy, layer)
  const start = yield* Clock.currentTimeMillis
  let step:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, RateLimited | Unavailable, never, never>>>
    | undefined

  for (let attempts = 1; ; attempts++) {
    const elapsed = (yield* Clock.currentTimeMillis) - start
    const result = yield* Effect.result(
      attempt(Duration.millis(Math.min(policy.attemptTimeout, policy.totalTimeout - elapsed)))
    )
    if (result._tag === "Success") return result.success
    const error = result.failure
    if (attempts > policy.times || !isSafeToRepeat(error)) return yield* Effect.fail(error)
    if (error._tag === "RateLimited" && !(yield* IsWaitedFor)) return yield* Effect.fail(error)
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
    if ((yield* Clock.currentTimeMillis) - start >= policy.totalTimeout) return yield* Effect.fail(error)
  }
})
