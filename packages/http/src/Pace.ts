import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Semaphore from "effect/Semaphore"
import { retryAfter } from "./internal/retryAfter.ts"
import { checkCount, type Environment, InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options {
  /** Whose published limit to keep: 500 requests a minute in production, 100 in the sandbox. Default: production. */
  readonly environment?: Environment | undefined
  /** How many requests Polar allows in a window, for an organization with a limit of its own. Wins over `environment`. */
  readonly limit?: number | undefined
  /** How long Polar's window is. Default: 1 minute. */
  readonly window?: Duration.Input | undefined
  /**
   * Who shares the pace, among all that use the same store. Polar counts each customer, member and organization for
   * itself, so each may have a pace of its own. Default: one for the environment.
   */
  readonly key?: string | undefined
}

const published: Record<Environment, number> = { production: 500, sandbox: 100 }

const isUsable = (window: Duration.Duration): boolean => Duration.isFinite(window) && Duration.isPositive(window)

/** By how much more than Polar's window a full count is spread, so that requests which travel unevenly do not crowd. */
const slack = 1.03

/** How long the store may take. */
const patience = "1 second"

const make = Effect.fnUntraced(function* (options: Options) {
  const {
    environment = "production",
    key = environment,
    limit = published[environment],
    window: input = "1 minute"
  } = options
  yield* checkCount("limit", limit)
  const window = yield* Option.match(Option.filter(Duration.fromInput(input), isUsable), {
    onNone: () => Effect.fail(new InvalidOption({ option: "window", problem: "is no time, or one without an end" })),
    onSome: (duration) => Effect.succeed(Duration.toMillis(duration))
  })
  const client = yield* HttpClient.HttpClient
  const limiter = yield* RateLimiter.RateLimiter
  const queue = yield* Semaphore.make(1)

  // Polar's windows begin when they like, so no span as long as one may hold too many: a full bucket and what trickles
  // in meanwhile are together what is allowed
  const burst = Math.max(1, Math.floor(limit / 20))
  const interval = (slack * window) / (limit - burst + 1)
  const shared = `polar-seats/pace/${key}`
  const take = limiter.consume({
    algorithm: "token-bucket",
    onExceeded: "fail",
    key: shared,
    limit: burst,
    window: Duration.millis(interval * burst)
  })

  // Zero tokens, so that the limiter keeps a pause alone and learns no limit: Polar asks for a whole window however little
  // of it is left, which would be taken for a rate of half as much
  let epoch = 0
  const pauseLeft = Effect.map(
    limiter.adaptiveConsume({ key: shared, tokens: 0, fallbackLimit: limit, fallbackWindow: Duration.millis(window) }),
    (state) => {
      epoch = state.epoch
      return state.delay
    }
  )
  const pause = (length: Duration.Duration) =>
    Duration.isPositive(length)
      ? // It is asked anew: what was known when the request left may have ended since
        Effect.andThen(
          pauseLeft,
          Effect.suspend(() =>
            limiter.adaptiveFeedback({ key: shared, epoch, tokens: 0, status: 429, retryAfter: length })
          )
        ).pipe(Effect.timeout(patience), Effect.ignore)
      : Effect.void

  // Nothing is taken before its time has come: whoever stops waiting leaves nothing behind
  const wait = (time: Duration.Duration) => Math.max(1, Math.ceil(Duration.toMillis(time)))
  const ask = Effect.flatMap(pauseLeft, (left) =>
    Duration.isPositive(left) ? Effect.succeed(wait(left)) : Effect.as(take, 0)
  )
  const turn: Effect.Effect<void> = ask.pipe(
    Effect.timeout(patience),
    Effect.catch((error) =>
      Effect.succeed(
        error._tag === "RateLimiterError" && error.reason._tag === "RateLimitExceeded"
          ? wait(error.reason.retryAfter)
          : 0
      )
    ),
    Effect.flatMap((millis) => (millis === 0 ? Effect.void : Effect.andThen(Effect.sleep(millis), turn)))
  )

  return client.pipe(
    HttpClient.mapRequestEffect((request) => Effect.as(queue.withPermit(turn), request)),
    HttpClient.tap(({ headers, status }) =>
      status === 429
        ? Effect.flatMap(DateTime.now, (now) =>
            pause(Duration.min(retryAfter(headers["retry-after"], now) ?? Duration.infinity, Duration.millis(window)))
          )
        : Effect.void
    )
  )
})

/**
 * Around the `HttpClient` that Polar's layers are given: requests wait their turn, so that Polar's limit is not overrun.
 * They are sent in the order in which they came, and each exactly once: an answer, 429 included, goes to whoever asked.
 *
 * - At most `limit` requests leave in any span 1.03 times as long as the window, wherever Polar's own windows begin. A
 *   twentieth of them may leave at once; those that wait leave evenly, at 92 % of what is allowed or more.
 * - All calls through the layer share it. Layers whose `RateLimiter` is on one store and that have the same `key` and
 *   limit share it too: on `RateLimiter.layerStoreRedis` several machines can. They take turns by chance.
 * - Where Polar answers 429 all the same, everybody who shares the pace waits for as long as its `Retry-After` says, but
 *   no longer than a window; without one, for a window.
 * - A call that is interrupted while it waits takes up no turn.
 * - Where the store fails or takes more than a second, the request is sent at once: Polar still counts.
 *
 * While a call waits, its `attemptTimeout` does not run, and its `totalTimeout` does: where that ends first, the call is
 * `Unavailable` with the reason `NotSent`. For more calls at a time than leave within it, make `totalTimeout` longer.
 */
export const layer = (
  options: Options = {}
): Layer.Layer<HttpClient.HttpClient, InvalidOption, HttpClient.HttpClient | RateLimiter.RateLimiter> =>
  Layer.effect(HttpClient.HttpClient, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  HttpClient.HttpClient,
  InvalidOption | Config.ConfigError,
  HttpClient.HttpClient | RateLimiter.RateLimiter
> => Layer.effect(HttpClient.HttpClient, Effect.flatMap(Config.unwrap(options), make))
