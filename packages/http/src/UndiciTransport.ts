import type { UnavailableReason } from "@polar-seats/domain/SeatError"
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
  type Answer,
  bodyTooLarge,
  decodeBody,
  type Exchange,
  exchanges,
  headerBytes,
  headersProblem,
  joinChunks,
  maxTimerMillis,
  noAnswerWithin,
  type SizeLimits
} from "./internal/exchange.ts"
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

/** Collects the answer to one request, up to its limits. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  private readonly limits: SizeLimits
  private readonly resume: (effect: Effect.Effect<Answer, UnavailableReason>) => void
  private readonly timer: NodeJS.Timeout | undefined
  private controller: Dispatcher.DispatchController | undefined = undefined
  private status = 0
  private retryAfter: string | undefined = undefined
  private limit = 0
  private chunks: Array<Uint8Array> = []
  private size = 0
  private isEnded = false
  private isSettled = false

  constructor(within: number, limits: SizeLimits, resume: (effect: Effect.Effect<Answer, UnavailableReason>) => void) {
    this.limits = limits
    this.resume = resume
    // A timer costs a tenth of a fiber that sleeps
    this.timer = within > maxTimerMillis ? undefined : setTimeout(() => this.fail(noAnswerWithin(within)), within)
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.controller = controller
    if (this.isSettled) this.abandon()
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Dispatcher.ResponseData["headers"]) {
    // An informational response, as 103 is, comes before the answer
    if (status < 200) return
    const tooLarge = headersProblem(status, headerBytes(headers), this.limits)
    if (tooLarge !== undefined) return this.fail(tooLarge)
    this.status = status
    const retryAfter = headers["retry-after"]
    this.retryAfter = Array.isArray(retryAfter) ? retryAfter.join(", ") : retryAfter
    const limit = this.limits.body(status)
    if (limit === undefined) return this.succeed("")
    this.limit = limit
    if (Number(headers["content-length"] ?? 0) > limit) this.fail(bodyTooLarge(status, limit))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array) {
    if (this.isSettled) return
    this.chunks.push(chunk)
    this.size += chunk.byteLength
    if (this.size > this.limit) this.fail(bodyTooLarge(this.status, this.limit))
  }

  onResponseEnd() {
    this.isEnded = true
    if (this.isSettled) return
    const [first, second] = this.chunks
    const bytes = first !== undefined && second === undefined ? first : joinChunks(this.chunks, this.size)
    const text = decodeBody(this.status, bytes)
    if (Result.isSuccess(text)) this.succeed(text.success)
    else this.fail(text.failure)
  }

  onResponseError(_: Dispatcher.DispatchController, cause: unknown) {
    this.isEnded = true
    this.fail(this.status === 0 ? requestFailure(cause) : answerFailure(cause))
  }

  fail(reason: UnavailableReason) {
    this.settle(Effect.fail(reason))
  }

  /** Closes the connection, or prevents that the request gets one. Does nothing if the answer is complete. */
  abandon() {
    clearTimeout(this.timer)
    this.isSettled = true
    if (!this.isEnded) this.controller?.abort(new Error("nobody waits for the answer any more"))
  }

  private succeed(text: string) {
    this.settle(Effect.succeed({ status: this.status, retryAfter: this.retryAfter, text }))
  }

  private settle(effect: Effect.Effect<Answer, UnavailableReason>) {
    if (this.isSettled) return
    this.isSettled = true
    // undici's parser still works on this connection. A short answer is complete when the microtask runs
    queueMicrotask(() => {
      this.abandon()
      this.resume(effect)
    })
  }
}

const makeExchange =
  (dispatcher: Dispatcher): Exchange =>
  (request, { within }, limits) => {
    const target = targetOf(request)
    const { body, headers, method } = request
    if (target === undefined) return Effect.fail(unwritable())
    const { origin, path } = target
    return Effect.callback((resume) => {
      const handler = new ExchangeHandler(within, limits, resume)
      const bytes = body._tag === "Uint8Array" ? body.body : null
      // An interceptor may write into the headers, and may throw
      const dispatched = Result.try(() =>
        dispatcher.dispatch({ origin, path, method, headers: { ...headers }, body: bytes }, handler)
      )
      if (Result.isFailure(dispatched)) handler.fail(answerFailure(dispatched.failure))
      return Effect.sync(() => handler.abandon())
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

/**
 * An `HttpClient` over a dispatcher of undici, such as a `ProxyAgent`. You make the dispatcher and close it. See `layer`
 * for what the client does.
 */
export const make = (dispatcher: Dispatcher): Effect.Effect<HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { errors, fetch } = yield* loadUndici
    const guarded = dispatcher.compose(hideThrown)
    // undici declares a `Response` of its own, which TypeScript does not take for the global one
    const fetchThrough: typeof globalThis.fetch = (input, init) =>
      Reflect.apply(fetch, undefined, [input, { redirect: "manual", ...init, dispatcher: guarded }])
    const client = HttpClient.transform(yield* HttpClient.HttpClient, (sent, request) => {
      // `fetch` has no code for a header that it cannot write, and undici has
      for (const name in request.headers) {
        if (unwritableCharacter.test(request.headers[name] ?? "")) {
          const cause = new errors.InvalidArgumentError(`invalid ${name} header`)
          const reason = new HttpClientError.TransportError({ request, cause })
          return Effect.fail(new HttpClientError.HttpClientError({ reason }))
        }
      }
      return Effect.provideService(sent, FetchHttpClient.Fetch, fetchThrough)
    })
    exchanges.set(client, () => makeExchange(dispatcher))
    return client
  }).pipe(Effect.provide(Layer.fresh(FetchHttpClient.layer)))

/**
 * `layer` with options for undici's `Agent`: the time for a connection (10 seconds by default), for headers and between two
 * parts of a body (5 minutes each), and the number of connections. All connections close with the layer.
 */
export const layerOptions = (options: Agent.Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.map(loadUndici, ({ Agent }) => new Agent(options)),
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )

/**
 * An `HttpClient` for Node. Polar's layers are as fast on it as raw undici: they send and read in one step, ask for nothing
 * compressed, and keep their timeouts on Node's clock, not on Effect's `Clock`. All other requests go through undici's
 * `fetch`, and so do those of a client made of this one (`Pace`, `HttpClient.mapRequest`). No request follows a redirect.
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = layerOptions({})
