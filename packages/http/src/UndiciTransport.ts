import { InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { UnavailableReason } from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Agent, Dispatcher } from "undici"
import {
  AnswerCollector,
  type AnswerResult,
  Connections,
  type Exchange,
  exchanges,
  headerBytes,
  maxTimerMillis,
  noAnswerWithin,
  type SizeLimits,
  stillWaiting,
  type TimeLimits
} from "./internal/exchange.ts"
import { monotonicMillisUnsafe } from "./internal/monotonic.ts"
import { datedNow } from "./internal/polarClock.ts"
import { answerFailure, requestFailure, unwritable } from "./internal/transportFailure.ts"

// A URL that parsing would not change. Dots in a path are left to the parser, because they may lead upwards
const plainUrl = /^(https?:\/\/[a-z\d.-]+(?::\d+)?)((?:\/[\w~-]+)+\/?)$/

const targetOf = (request: HttpClientRequest.HttpClientRequest) => {
  const plain = request.urlParams.params.length === 0 && Option.isNone(request.hash) ? plainUrl.exec(request.url) : null
  const [, origin, path] = plain ?? []
  if (origin !== undefined && path !== undefined) return { origin, path }
  const parsed = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  return parsed === undefined ? undefined : { origin: parsed.origin, path: parsed.pathname + parsed.search }
}

/** A header that came more than once is one text, as in the standard. */
const textOf = (header: string | Array<string> | undefined) => (Array.isArray(header) ? header.join(", ") : header)

/** Settles one request when its answer is complete, when it failed, or when its time is over. */
const makeHandler = (time: TimeLimits, limits: SizeLimits, finish: (result: AnswerResult) => void) => {
  const { clock, sendWithin, within } = time
  const collector = new AnswerCollector(limits)
  let controller: Dispatcher.DispatchController | undefined
  let timer: NodeJS.Timeout | undefined
  let sentAt = monotonicMillisUnsafe(clock)
  let isEnded = false
  let isSettled = false

  // Closes the connection, or prevents that the request gets one. Does nothing if the answer is complete
  const abandon = () => {
    clearTimeout(timer)
    isSettled = true
    if (!isEnded) controller?.abort(new Error("nobody waits for the answer any more"))
  }
  const settle = (result: AnswerResult | undefined) => {
    if (result === undefined || isSettled) return
    isSettled = true
    // undici's parser still works on this connection. A short answer is complete when the microtask runs
    queueMicrotask(() => {
      abandon()
      finish(result)
    })
  }
  const fail = (reason: UnavailableReason) => settle(Result.fail(reason))
  // A timer costs a tenth of a fiber that sleeps
  const expect = (millis: number) => {
    timer = millis > maxTimerMillis ? undefined : setTimeout(() => fail(noAnswerWithin(within)), millis)
  }
  if (sendWithin >= Math.min(within, maxTimerMillis)) expect(within)
  else {
    timer = setTimeout(() => {
      if (controller === undefined) fail(stillWaiting(time))
      else expect(within - sendWithin)
    }, sendWithin)
  }

  const handler: Dispatcher.DispatchHandler = {
    // undici has a connection, and writes the request right after this
    onRequestStart(started) {
      controller = started
      sentAt = monotonicMillisUnsafe(clock)
      if (isSettled) abandon()
    },
    onResponseStart(_, status, headers) {
      // An informational response, as 103 is, comes before the answer
      if (status < 200) return
      const length = Number(headers["content-length"] ?? Number.NaN)
      const dated = datedNow(clock, sentAt, textOf(headers["date"]), textOf(headers["age"]))
      settle(collector.begin(status, headerBytes(headers), length, textOf(headers["retry-after"]), dated))
    },
    onResponseData(_, chunk) {
      if (!isSettled) settle(collector.add(chunk))
    },
    onResponseEnd() {
      isEnded = true
      if (!isSettled) settle(collector.end())
    },
    onResponseError(_, cause) {
      isEnded = true
      fail(collector.status === 0 ? requestFailure(cause) : answerFailure(cause))
    }
  }
  return { handler, fail, abandon }
}

/** The dispatcher that a client sends through now. */
interface Dispatching {
  readonly current: () => Dispatcher
  /** Lets new requests go over new connections. The requests under way end on the old ones. */
  readonly retire: () => void
  /** Whether each request is written right after `onRequestStart`. An interceptor may do otherwise. */
  readonly tellsStart: boolean
}

const makeExchange =
  ({ current, tellsStart }: Dispatching): Exchange =>
  (request, time, limits) => {
    const target = targetOf(request)
    if (target === undefined) return Effect.fail(unwritable())
    const { headers, method } = request
    const body = request.body._tag === "Uint8Array" ? request.body.body : null
    return Effect.callback((resume) => {
      const limited = tellsStart ? time : { ...time, sendWithin: time.total }
      const { abandon, fail, handler } = makeHandler(limited, limits, (result) => resume(Effect.fromResult(result)))
      // undici's dispatcher decompresses nothing. An interceptor may write into the headers, and may throw
      const uncompressed = { "accept-encoding": "identity", ...headers }
      const dispatched = Result.try(() =>
        current().dispatch({ ...target, method, headers: uncompressed, body }, handler)
      )
      if (Result.isFailure(dispatched)) fail(answerFailure(dispatched.failure))
      return Effect.sync(abandon)
    })
  }

// An interceptor that throws may have sent the request, so the code of its error must not count as "nothing was sent"
const hideThrown: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  Result.getOrThrowWith(
    Result.try(() => dispatch(options, handler)),
    (thrown) => new Error("the dispatcher threw", { cause: { thrown } })
  )

const unwritableCharacter = /[^\t\x20-\x7e\x80-\xff]/

/** undici cannot be loaded, mostly because it is not installed. Nothing was sent. */
export class UndiciUnavailable extends Schema.TaggedError<UndiciUnavailable>()("UndiciUnavailable", {
  /** Node's code, such as `ERR_MODULE_NOT_FOUND`. Null if there is none. */
  code: Schema.NullOr(Schema.String)
}) {
  override get message() {
    const code = this.code === null ? "" : ` (${this.code})`
    return `undici cannot be loaded${code}, so nothing was sent: install it with \`npm install undici@8\`, or provide FetchTransport.layer instead.`
  }
}

const detailOf = (failure: unknown, key: "code" | "message"): string | null => {
  const value: unknown = Predicate.isObject(failure) ? Reflect.get(failure, key) : undefined
  return Predicate.isString(value) ? value : null
}

// Importing undici replaces the dispatcher of the global `fetch`, so this waits until a client is made
const loadUndici = Effect.tryPromise({
  try: () => import("undici"),
  catch: (failure) => new UndiciUnavailable({ code: detailOf(failure, "code") })
})

const makeOver = (dispatching: Dispatching): Effect.Effect<HttpClient.HttpClient, UndiciUnavailable> =>
  Effect.gen(function* () {
    const { errors, fetch } = yield* loadUndici
    // undici declares a `Response` of its own, which TypeScript does not take for the global one
    const fetchThrough: typeof globalThis.fetch = (input, init) => {
      const dispatcher = dispatching.current().compose(hideThrown)
      return Reflect.apply(fetch, undefined, [input, { redirect: "manual", ...init, dispatcher }])
    }
    const offerRetirement = (connections: Connections | undefined) => {
      if (connections !== undefined) connections.retire = dispatching.retire
    }
    const client = HttpClient.transform(yield* HttpClient.HttpClient, (sent, request) => {
      // `fetch` has no code for a header that it cannot write, and undici has
      for (const name in request.headers) {
        if (unwritableCharacter.test(request.headers[name] ?? "")) {
          const cause = new errors.InvalidArgumentError(`invalid ${name} header`)
          const reason = new HttpClientError.TransportError({ request, cause })
          return Effect.fail(new HttpClientError.HttpClientError({ reason }))
        }
      }
      return Effect.andThen(
        Effect.map(Connections, offerRetirement),
        Effect.provideService(sent, FetchHttpClient.Fetch, fetchThrough)
      )
    })
    exchanges.set(client, (provided) => {
      offerRetirement(Context.get(provided, Connections))
      return makeExchange(dispatching)
    })
    return client
  }).pipe(Effect.provide(Layer.fresh(FetchHttpClient.layer)))

/**
 * An `HttpClient` over a dispatcher of undici, such as a `ProxyAgent`. You make the dispatcher and close it, so its
 * connections stay in use even after an answer that belongs to another request. See `layer` for what the client does.
 */
export const make = (dispatcher: Dispatcher): Effect.Effect<HttpClient.HttpClient, InvalidOption | UndiciUnavailable> =>
  Predicate.hasProperty(dispatcher, "dispatch") && Predicate.isFunction(dispatcher.dispatch)
    ? makeOver({ current: () => dispatcher, retire: () => {}, tellsStart: false })
    : Effect.fail(new InvalidOption({ option: "dispatcher", description: "is not a dispatcher of undici" }))

// Agents whose connections are retired stay open until their last request has ended
const makeAgents = (makeAgent: () => Agent) => {
  let current = makeAgent()
  const open = new Set([current])
  return {
    current: () => current,
    retire: () => {
      const retired = current
      current = makeAgent()
      open.add(current)
      retired.close().then(
        () => open.delete(retired),
        () => open.delete(retired)
      )
    },
    tellsStart: true,
    destroy: () => Promise.all([...open].map((agent) => agent.destroy()))
  }
}

const invalidOption = (options: Agent.Options, failure: unknown): InvalidOption => {
  // undici names the option in its sentence, and repeats no value
  const sentence = detailOf(failure, "code") === "UND_ERR_INVALID_ARG" ? detailOf(failure, "message") : null
  const option = sentence?.split(/\W+/).find((word) => Predicate.hasProperty(options, word)) ?? "options"
  return new InvalidOption({ option, description: `is refused by undici (${sentence ?? "they are no object"})` })
}

// An agent judges most options only when it makes its first connection, and would lose a call by that
const openAgents = (
  options: Agent.Options
): Effect.Effect<ReturnType<typeof makeAgents>, InvalidOption | UndiciUnavailable> =>
  Effect.flatMap(loadUndici, ({ Agent, Client, Pool }) =>
    Effect.try({
      try: () => {
        const agents = makeAgents(() => new Agent(options))
        const { factory, ...connecting } = options
        if (factory === undefined) {
          for (const Judge of [Pool, Client]) void new Judge("https://api.polar.sh", connecting).destroy()
        }
        return agents
      },
      catch: (failure) => invalidOption(options, failure)
    })
  )

/**
 * `layer` with options for undici's `Agent`: the time for a connection (10 seconds by default), for headers and between two
 * parts of a body (5 minutes each), and the number of connections. All connections close with the layer. If undici refuses
 * an option, the layer does not build: `InvalidOption` names it.
 */
export const layerOptions = (
  options: Agent.Options
): Layer.Layer<HttpClient.HttpClient, InvalidOption | UndiciUnavailable> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(
      Effect.acquireRelease(openAgents(options), (agents) => Effect.promise(agents.destroy)),
      makeOver
    )
  )

/**
 * An `HttpClient` for Node. Polar's layers are as fast on it as raw undici: they send and read in one step, ask for nothing
 * compressed, and keep their timeouts on Node's clock, not on Effect's `Clock`. All other requests go through undici's
 * `fetch`, and so do those of a client made of this one (`Pace`, `HttpClient.mapRequest`). No request follows a redirect.
 *
 * After an answer that belongs to another request, the client sends nothing more over the connections that it had.
 */
export const layer: Layer.Layer<HttpClient.HttpClient, UndiciUnavailable> = Layer.catchTag(
  layerOptions({}),
  "InvalidOption",
  // undici accepts its own defaults
  (error) => Layer.effectContext(Effect.die(error))
)
