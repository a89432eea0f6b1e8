import type { UnavailableReason } from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
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

// Importing undici replaces the dispatcher of the global `fetch`, so this waits until a client is made
const loadUndici = Effect.promise(() => import("undici"))

const makeOver = (dispatching: Dispatching): Effect.Effect<HttpClient.HttpClient> =>
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
export const make = (dispatcher: Dispatcher): Effect.Effect<HttpClient.HttpClient> =>
  makeOver({ current: () => dispatcher, retire: () => {}, tellsStart: false })

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

/**
 * `layer` with options for undici's `Agent`: the time for a connection (10 seconds by default), for headers and between two
 * parts of a body (5 minutes each), and the number of connections. All connections close with the layer.
 */
export const layerOptions = (options: Agent.Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.map(loadUndici, ({ Agent }) => makeAgents(() => new Agent(options))),
        (agents) => Effect.promise(agents.destroy)
      ),
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
export const layer: Layer.Layer<HttpClient.HttpClient> = layerOptions({})
