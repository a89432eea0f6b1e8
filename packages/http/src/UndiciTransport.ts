import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import type { Agent, Dispatcher } from "undici"
import {
  type Answer,
  bodyTooLarge,
  decodeBody,
  type Exchange,
  exchanges,
  type Limits,
  longestTimer,
  noAnswer,
  type Reason,
  sizeOf,
  whyTooLarge
} from "./internal/exchange.ts"
import { concat } from "./internal/readBody.ts"
import { failedToAnswer, failedToSend, unwritable } from "./internal/transportFailure.ts"

// How much of a body is kept for whoever has not asked for it yet. Then the server has to wait
const highWaterMark = 64 * 1024

const failed = (request: HttpClientRequest.HttpClientRequest, cause: unknown) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

const unwanted = () => new Error("nobody waits for the answer any more")

/** One request on its way: what undici tells of it, kept until somebody asks. */
class Sending implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined = undefined
  chunks: Array<Uint8Array> = []
  size = 0
  isEnded = false
  isTaken = false
  /** Whether somebody wants it whole, however large it is. */
  isWanted = false
  failure: { readonly cause: unknown } | undefined = undefined
  private abandoned: Error | undefined = undefined
  private waiting: Array<() => void> = []
  private readonly started: (status: number, headers: Dispatcher.ResponseData["headers"]) => void
  private readonly refused: (cause: unknown) => void

  constructor(
    started: (status: number, headers: Dispatcher.ResponseData["headers"]) => void,
    refused: (cause: unknown) => void
  ) {
    this.started = started
    this.refused = refused
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.controller = controller
    if (this.abandoned !== undefined) controller.abort(this.abandoned)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Dispatcher.ResponseData["headers"]) {
    // What comes before the answer, as 103 does
    if (status >= 200) this.started(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array) {
    this.chunks.push(chunk)
    this.size += chunk.byteLength
    if (!this.isWanted && this.size > highWaterMark) controller.pause()
    this.wake()
  }

  onResponseEnd() {
    this.isEnded = true
    this.wake()
  }

  onResponseError(_: Dispatcher.DispatchController, cause: unknown) {
    this.failure = { cause }
    this.refused(cause)
    this.wake()
  }

  /** Ends the connection, or sees to it that the request never gets one. Nothing, once the body is complete. */
  abandon() {
    if (this.isEnded || this.failure !== undefined) return
    this.abandoned = unwanted()
    this.controller?.abort(this.abandoned)
  }

  /** Until there is news: more of the body, its end, or a failure. */
  get news(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.waiting.push(() => resume(Effect.void))
      this.controller?.resume()
    })
  }

  take(): Array<Uint8Array> {
    const chunks = this.chunks
    this.isTaken = true
    this.chunks = []
    this.size = 0
    return chunks
  }

  private wake() {
    if (this.waiting.length === 0) return
    const waiting = this.waiting
    this.waiting = []
    // Not within undici's parser, which is not done with this connection yet
    queueMicrotask(() => waiting.forEach((resume) => resume()))
  }
}

// An answer that nobody reads keeps its connection, until it is known that nobody will
const unread = new FinalizationRegistry<Sending>((exchange) => exchange.abandon())

class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  readonly headers: Headers.Headers
  private readonly source: Dispatcher.ResponseData["headers"]
  readonly url: string
  private readonly exchange: Sending

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    url: string,
    status: number,
    source: Dispatcher.ResponseData["headers"],
    exchange: Sending
  ) {
    super()
    this.request = request
    this.status = status
    this.headers = isFlat(source) ? Headers.fromRecordUnsafe(source) : Headers.fromInput(source)
    this.source = source
    this.url = url
    this.exchange = exchange
    if (!exchange.isEnded) unread.register(this, exchange)
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.source["set-cookie"] ?? [])
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> {
    const { exchange } = this
    const pull: Pull.Pull<readonly [Uint8Array, ...Array<Uint8Array>], HttpClientError.HttpClientError> =
      Effect.suspend(() => {
        const [first, ...rest] = exchange.take()
        if (first !== undefined) return Effect.succeed([first, ...rest])
        if (exchange.failure !== undefined) return Effect.fail(this.unreadable(exchange.failure.cause))
        return exchange.isEnded ? Cause.done() : Effect.andThen(exchange.news, pull)
      })
    return Stream.ensuring(
      Stream.fromPull(Effect.succeed(pull)),
      Effect.sync(() => exchange.abandon())
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => bytes.buffer)
  }

  get text(): Effect.Effect<string, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  get json() {
    return Effect.flatMap(this.web, (response) => response.json)
  }

  get urlParamsBody() {
    return Effect.flatMap(this.web, (response) => response.urlParamsBody)
  }

  get formData() {
    return Effect.flatMap(this.web, (response) => response.formData)
  }

  get upgrade(): Effect.Effect<never, HttpClientError.HttpClientError> {
    const description = "this transport does not hand over connections"
    return Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.StatusCodeError({ request: this.request, response: this, description })
      })
    )
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "effect/http/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe() {
    // oxlint-disable-next-line prefer-rest-params
    return pipeArguments(this, arguments)
  }

  private unreadable(cause: unknown) {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
    })
  }

  private get bytes(): Effect.Effect<Uint8Array<ArrayBuffer>, HttpClientError.HttpClientError> {
    const { exchange } = this
    const whole: Effect.Effect<Uint8Array<ArrayBuffer>, HttpClientError.HttpClientError> = Effect.suspend(() => {
      if (exchange.isTaken) return Effect.fail(this.unreadable(new Error("the body was read as a stream")))
      if (exchange.failure !== undefined) return Effect.fail(this.unreadable(exchange.failure.cause))
      if (exchange.isEnded) return Effect.succeed(concat(exchange.chunks, exchange.size))
      exchange.isWanted = true
      return Effect.andThen(
        Effect.onInterrupt(exchange.news, () => Effect.sync(() => exchange.abandon())),
        whole
      )
    })
    return whole
  }

  /** For what is seldom asked for. */
  private get web(): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> {
    return Effect.flatMap(this.bytes, (bytes) =>
      Effect.try({
        try: () => {
          const { headers, status } = this
          const body = bytes.byteLength === 0 ? null : bytes
          return HttpClientResponse.fromWeb(this.request, new globalThis.Response(body, { status, headers }))
        },
        catch: (cause) => this.unreadable(cause)
      })
    )
  }
}

// undici writes their names in lower case
const isFlat = (headers: Dispatcher.ResponseData["headers"]): headers is Record<string, string> => {
  for (const name in headers) if (!Predicate.isString(headers[name])) return false
  return true
}

interface Target {
  readonly origin: string
  readonly path: string
  readonly url: string
}

// A URL that parsing would leave as it is. Dots are not among it, because they may lead upwards
const plainUrl = /^(https?:\/\/[a-z\d.-]+(?::\d+)?)((?:\/[\w~-]+)+\/?)$/

const targetOf = (request: HttpClientRequest.HttpClientRequest): Target | undefined => {
  const plain = request.urlParams.params.length === 0 && Option.isNone(request.hash) ? plainUrl.exec(request.url) : null
  const [, origin, path] = plain ?? []
  if (origin !== undefined && path !== undefined) return { origin, path, url: request.url }
  const parsed = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  return parsed === undefined
    ? undefined
    : {
        origin: parsed.origin,
        path: parsed.pathname + parsed.search,
        url: parsed.href.slice(0, parsed.href.length - parsed.hash.length)
      }
}

const dispatch = (
  dispatcher: Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  body: Uint8Array | Readable | null
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  const target = targetOf(request)
  if (target === undefined) {
    return Effect.fail(
      new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request }) })
    )
  }
  const { headers, method } = request
  const { origin, path, url } = target
  return Effect.callback((resume) => {
    const exchange = new Sending(
      (status, source) =>
        // Not within undici's parser. What is short is complete by then
        queueMicrotask(() => resume(Effect.succeed(new Response(request, url, status, source, exchange)))),
      (cause) => queueMicrotask(() => resume(Effect.fail(failed(request, cause))))
    )
    // An interceptor may write into the headers, and throw
    const dispatched = Result.try(() =>
      dispatcher.dispatch({ origin, path, method, headers: { ...headers }, body }, exchange)
    )
    if (Result.isFailure(dispatched)) {
      // Beneath, where no code of it says that nothing was sent: it may have thrown after it had sent
      const cause = new Error("the dispatcher threw", { cause: { thrown: dispatched.failure } })
      return resume(Effect.fail(failed(request, cause)))
    }
    return Effect.sync(() => exchange.abandon())
  })
}

const send = (
  dispatcher: Dispatcher,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  const { body } = request
  if (body._tag === "Empty") return dispatch(dispatcher, request, null)
  if (body._tag === "Uint8Array") return dispatch(dispatcher, request, body.body)
  if (body._tag === "Stream") {
    return Effect.suspend(() => dispatch(dispatcher, request, Readable.from(Stream.toAsyncIterable(body.stream))))
  }
  const description = "this transport sends bytes and streams of bytes alone"
  return Effect.fail(
    new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, description }) })
  )
}

/** A request whose answer is wanted whole, as long as it may be, and no longer. */
class Exchanging implements Dispatcher.DispatchHandler {
  private readonly limits: Limits
  private readonly resume: (effect: Effect.Effect<Answer, Reason>) => void
  private readonly timer: NodeJS.Timeout | undefined
  private controller: Dispatcher.DispatchController | undefined = undefined
  private status = 0
  private retryAfter: string | undefined = undefined
  private limit = 0
  private chunks: Array<Uint8Array> = []
  private size = 0
  private isEnded = false
  private isSettled = false

  constructor(within: number, limits: Limits, resume: (effect: Effect.Effect<Answer, Reason>) => void) {
    this.limits = limits
    this.resume = resume
    // A timer is a tenth of what a fiber that sleeps costs
    this.timer =
      within > longestTimer ? undefined : setTimeout(() => this.settle(Effect.fail(noAnswer(within))), within)
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.controller = controller
    if (this.isSettled) controller.abort(unwanted())
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Dispatcher.ResponseData["headers"]) {
    // What comes before the answer, as 103 does
    if (status < 200) return
    const tooLarge = whyTooLarge(status, sizeOf(headers), this.limits)
    if (tooLarge !== undefined) return this.settle(Effect.fail(tooLarge))
    this.status = status
    const after = headers["retry-after"]
    this.retryAfter = Array.isArray(after) ? after.join(", ") : after
    const limit = this.limits.body(status)
    if (limit === undefined) return this.settle(this.answer(""))
    this.limit = limit
    if (Number(headers["content-length"] ?? 0) > limit) this.settle(Effect.fail(bodyTooLarge(status, limit)))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array) {
    if (this.isSettled) return
    this.chunks.push(chunk)
    this.size += chunk.byteLength
    if (this.size > this.limit) this.settle(Effect.fail(bodyTooLarge(this.status, this.limit)))
  }

  onResponseEnd() {
    this.isEnded = true
    if (this.isSettled) return
    const [first, second] = this.chunks
    const bytes = first !== undefined && second === undefined ? first : concat(this.chunks, this.size)
    const text = decodeBody(this.status, bytes)
    this.settle(Result.isSuccess(text) ? this.answer(text.success) : Effect.fail(text.failure))
  }

  onResponseError(_: Dispatcher.DispatchController, cause: unknown) {
    this.isEnded = true
    this.settle(Effect.fail(this.status === 0 ? failedToSend(cause) : failedToAnswer(cause)))
  }

  /** Ends it without an answer. */
  give(reason: Reason) {
    this.settle(Effect.fail(reason))
  }

  /** Lets go of the connection, or sees to it that the request never gets one, unless the answer is complete. */
  abandon() {
    clearTimeout(this.timer)
    this.isSettled = true
    if (!this.isEnded) this.controller?.abort(unwanted())
  }

  private answer(text: string): Effect.Effect<Answer> {
    return Effect.succeed({ status: this.status, retryAfter: this.retryAfter, text })
  }

  private settle(effect: Effect.Effect<Answer, Reason>) {
    if (this.isSettled) return
    this.isSettled = true
    // Not within undici's parser, which is not done with this connection yet. What is short is complete by then
    queueMicrotask(() => {
      this.abandon()
      this.resume(effect)
    })
  }
}

const exchange =
  (dispatcher: Dispatcher): Exchange =>
  (request, { within }, limits) => {
    const target = targetOf(request)
    const { body, headers, method } = request
    if (target === undefined) return Effect.fail(unwritable())
    const { origin, path } = target
    return Effect.callback((resume) => {
      const exchanging = new Exchanging(within, limits, resume)
      const bytes = body._tag === "Uint8Array" ? body.body : null
      // An interceptor may write into the headers, and throw
      const dispatched = Result.try(() =>
        dispatcher.dispatch({ origin, path, method, headers: { ...headers }, body: bytes }, exchanging)
      )
      if (Result.isFailure(dispatched)) exchanging.give(failedToAnswer(dispatched.failure))
      return Effect.sync(() => exchanging.abandon())
    })
  }

/** An `HttpClient` over a dispatcher of undici, whoever closes that: what goes through a proxy has one of its own. */
export const make = (dispatcher: Dispatcher): HttpClient.HttpClient => {
  const client = HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, (request) => send(dispatcher, request)),
    (request) => Effect.succeed(request)
  )
  exchanges.set(client, () => exchange(dispatcher))
  return client
}

/**
 * `layer` with options for undici's `Agent`: how long to wait for a connection (10 seconds), for headers and between
 * two parts of a body (5 minutes each), and how many connections there may be. All are closed with the layer.
 */
export const layerOptions = (options: Agent.Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        // Not before it is asked for: whoever loads undici has it take the place of what fetch sends by
        Effect.map(
          Effect.promise(() => import("undici")),
          (undici) => new undici.Agent(options)
        ),
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )

/**
 * An `HttpClient` for Node that is as fast as undici, because there is next to nothing in between. It sends a request as it
 * is, once, and answers as soon as the headers are there. It follows no redirect, unpacks nothing, knows no proxy, hands
 * over no connection, and has no spans of its own. The timeouts of Polar's layers are kept on Node's clock, whatever
 * Effect's says.
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = layerOptions({})
