import { checkCount, checkDuration, finiteAndPositive } from "@polar-seats/domain/InvalidOption"
import type * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Semaphore from "effect/Semaphore"
import { withSteadyClock } from "./internal/monotonic.ts"
import { fromConfig } from "./internal/options.ts"
import { parseDate } from "./internal/polarClock.ts"
import { parseRetryAfter } from "./internal/retry.ts"
import type { Environment, InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options {
  /** The environment whose published limit applies: 500 requests a minute in production, 100 in the sandbox. Default: production. */
  readonly environment?: Environment | undefined
  /** How many requests Polar allows in a window. Wins over `environment`. Set it if Polar gave your organization another limit. */
  readonly limit?: number | undefined
  /** How long Polar's window is. Default: 1 minute. */
  readonly window?: Duration.Input | undefined
  /**
   * Layers on the same store share a pace if they have the same key. Polar counts the requests of each customer, member and
   * organization apart, so each may have a pace of its own. Default: the name of the environment.
   */
  readonly key?: string | undefined
}

const published: Record<Environment, number> = { production: 500, sandbox: 100 }

/** A full count is spread over this many windows, because requests that travel at different speeds arrive closer together. */
const windowFactor = 1.03

const storeTimeout = "1 second"

// A store in memory takes the time from the clock, and a clock that is set back would stop it
const steadyLimiter = Effect.map(RateLimiter.RateLimiter, ({ adaptiveConsume, adaptiveFeedback, consume }) => ({
  consume: (options: Parameters<typeof consume>[0]) => withSteadyClock(consume(options)),
  adaptiveConsume: (options: Parameters<typeof adaptiveConsume>[0]) => withSteadyClock(adaptiveConsume(options)),
  adaptiveFeedback: (options: Parameters<typeof adaptiveFeedback>[0]) => withSteadyClock(adaptiveFeedback(options))
}))

const make = Effect.fnUntraced(function* (options: Options) {
  const {
    environment = "production",
    key = environment,
    limit = published[environment],
    window: input = "1 minute"
  } = options
  yield* checkCount("limit", limit)
  const window = yield* checkDuration("window", input, finiteAndPositive)
  const client = yield* HttpClient.HttpClient
  const limiter = yield* steadyLimiter
  const queue = yield* Semaphore.make(1)

  // Polar's windows may begin at any time, so no span of that length may hold too many requests. A full bucket and the
  // tokens that it gains in such a span are together the limit
  const burst = Math.max(1, Math.floor(limit / 20))
  const interval = (windowFactor * Duration.toMillis(window)) / (limit - burst + 1)
  const shared = `polar-seats/pace/${key}`
  const take = limiter.consume({
    algorithm: "token-bucket",
    onExceeded: "fail",
    key: shared,
    limit: burst,
    window: interval * burst
  })

  // Zero tokens, so that the limiter keeps only a pause and learns no limit. Polar asks for a whole window however little of
  // it is left, and the limiter would conclude that the limit is half as high
  const readPause = limiter.adaptiveConsume({ key: shared, tokens: 0, fallbackLimit: limit, fallbackWindow: window })
  const pause = Effect.fnUntraced(
    function* ({ date, "retry-after": retryAfter }: Headers.Headers) {
      const asked = parseRetryAfter(retryAfter, parseDate(date) ?? (yield* DateTime.now)) ?? Duration.infinity
      const length = Duration.min(asked, window)
      if (!Duration.isPositive(length)) return
      // Read the pause again, because the one that was known when the request left may have ended
      const { epoch } = yield* readPause
      yield* limiter.adaptiveFeedback({ key: shared, epoch, tokens: 0, status: 429, retryAfter: length })
    },
    (pausing) => Effect.ignore(Effect.timeout(pausing, storeTimeout))
  )

  // A token is taken only when the request can leave, so a caller that stops waiting takes none
  const waitMillis = (time: Duration.Duration) => Math.max(1, Math.ceil(Duration.toMillis(time)))
  const takeOrWait = Effect.flatMap(readPause, ({ delay }) =>
    Duration.isPositive(delay) ? Effect.succeed(waitMillis(delay)) : Effect.as(take, 0)
  )
  const turn: Effect.Effect<void> = takeOrWait.pipe(
    Effect.timeout(storeTimeout),
    Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
      Effect.succeed(waitMillis(retryAfter))
    ),
    Effect.orElseSucceed(() => 0),
    Effect.flatMap((millis) => (millis === 0 ? Effect.void : Effect.andThen(Effect.sleep(millis), turn)))
  )

  const heed = ({ headers, status }: HttpClientResponse.HttpClientResponse) =>
    status === 429 ? pause(headers) : Effect.void

  return client.pipe(
    HttpClient.mapRequestEffect((request) => Effect.as(queue.withPermit(turn), request)),
    HttpClient.tap(heed),
    // A client that fails on a status keeps the answer in its error
    HttpClient.tapError(({ response }) => (response === undefined ? Effect.void : heed(response)))
  )
})

/**
 * Keeps the requests of Polar's layers below Polar's rate limit. Provide it between the layers and their `HttpClient`. The
 * requests wait for their turn and leave in the order of the calls, each exactly once. The caller gets every answer, even a
 * 429.
 *
 * - At most `limit` requests leave in any span of 1.03 windows, wherever Polar's own windows begin. A twentieth of them may
 *   leave at once. The others leave evenly, at 92 % of the limit or more.
 * - All calls through the layer share the pace. So do layers with the same `key` and `limit` whose `RateLimiter` is on one
 *   store, such as several machines on `RateLimiter.layerStoreRedis`. The order between those is by chance.
 * - If Polar answers 429 all the same, all calls of the pace wait for its `Retry-After`, but no longer than a window. Without
 *   that header they wait for a window.
 * - A call that is interrupted while it waits takes no turn.
 * - If the store fails or takes more than one second, the request leaves at once, because Polar still counts.
 *
 * While a call waits, its `attemptTimeout` does not run, but its `totalTimeout` and its `SendWithin` do. If one of them ends
 * first, the call is `Unavailable` with the reason `NotSent`. For more calls at a time than can leave within it, make
 * `totalTimeout` longer. The pace stays the same if somebody sets the system's clock.
 */
export const layer = (
  options: Options = {}
): Layer.Layer<HttpClient.HttpClient, InvalidOption, HttpClient.HttpClient | RateLimiter.RateLimiter> =>
  Layer.effect(HttpClient.HttpClient, make(options))

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<
  HttpClient.HttpClient,
  Config.ConfigError | InvalidOption,
  HttpClient.HttpClient | RateLimiter.RateLimiter
> = /* @__PURE__ */ fromConfig(layer)
