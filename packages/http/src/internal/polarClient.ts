import type { InvalidOption } from "@polar-seats/domain/InvalidOption"
import * as SeatError from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Connection } from "../PolarConnection.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import { bodyProblem } from "./bodyProblem.ts"
import { type Asked, readErrorBody, type Refusable } from "./errorBody.ts"
import {
  type Answer,
  Connections,
  type Exchange,
  exchanges,
  makeSend,
  nestsTooDeep,
  readAnswer,
  type SizeLimits,
  type TimeLimits,
  tooDeep,
  unexpectedResponse
} from "./exchange.ts"
import { checkOrganization, checkSizes, checkVersion, resolveBaseUrl } from "./options.ts"
import { makePolarClock, parseDate, type PolarClock } from "./polarClock.ts"
import { checkPolicy, parseRetryAfter, type Policy, retry } from "./retry.ts"
import { type Attempts, type Attributes, serverOf, traceHeaders, withTelemetry } from "./telemetry.ts"

/** The options of every client layer. */
export interface Options extends Connection, RetryPolicy {
  /** The `Polar-Version` to send. The layers always send one, because Polar's default moves every quarter. Default: 2026-10. */
  readonly version?: string | undefined
  /**
   * How large an answer may be, in bytes. Polar sends a list in one piece, so a list may be larger. Default: 1 MiB, and 64
   * MiB for a list.
   */
  readonly maxBytes?: { readonly single?: number | undefined; readonly list?: number | undefined } | undefined
  /**
   * How large the names and values of an answer's headers may be together, in bytes. Some HTTP clients allow less.
   * Default: 64 KiB.
   */
  readonly maxHeaderBytes?: number | undefined
  /**
   * Whether each request carries the headers of a trace (`traceparent`, `b3`), with the span of the call as the parent.
   * Nothing is sent if no tracer is installed. Polar's CORS refuses these headers, so in a browser every call would fail.
   * Polar does not read them either, so turn this on for a server of yours that stands before Polar. Default: false.
   */
  readonly propagateTrace?: boolean | undefined
}

/** One request, and the error for each refusal. */
export interface Opening<E> extends Refusable<E> {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: string
  readonly urlParams?: UrlParams.Input | undefined
  /** The body, sent as JSON. */
  readonly body?: unknown
  /** Attributes of the span beside the operation. */
  readonly attributes?: { readonly [name: string]: string }
}

/** One request, and how to read its answer. */
interface Call<A, E> extends Opening<E> {
  /** The status that means success. Default: 200. */
  readonly success?: number
  /** Whether the answer may be as large as a list. */
  readonly isList?: boolean
  /** Why the answer belongs to another request, or undefined if it may be the answer to this one. */
  readonly problemOf?: (value: A) => string | undefined
  readonly decode: (text: string) => Result.Result<A, Schema.SchemaError>
}

/** A client of Polar. It sends, waits, retries, and turns every answer into a value or a declared error. */
export interface PolarClient {
  readonly call: <A, E extends { readonly _tag: string }>(
    call: Call<A, E>
  ) => Effect.Effect<A, E | SeatError.RequestError>
  /** Fails a call that is not sent, because its error is known. It has a span and counts, as every call. */
  readonly failUnsent: <E extends { readonly _tag: string }>(
    operation: SeatError.Operation,
    error: E
  ) => Effect.Effect<never, E>
  /** Polar's clock, as far as the calls of this client have told it. */
  readonly clock: PolarClock
  /** The values that the calls share, for `open` in `./openStream.ts`. A bundle that opens no stream does not ship that. */
  readonly shared: {
    readonly host: string
    readonly policy: Policy
    readonly limits: SizeLimits
    readonly send: ReturnType<typeof makeSend>
    readonly makeRequest: (
      opening: Opening<unknown>,
      fiber: Fiber.Fiber<unknown, unknown>
    ) => HttpClientRequest.HttpClientRequest
    readonly attributesOf: (opening: Opening<unknown>) => () => Attributes
    readonly failRefused: <E>(opening: Opening<E>, answer: Answer) => Effect.Effect<never, E | SeatError.RequestError>
  }
}

const unavailable = (operation: SeatError.Operation, reason: SeatError.UnavailableReason, host: string) =>
  new SeatError.Unavailable({ operation, reason, host })

const decodeAnswer = <A, E>(
  { decode, operation, problemOf }: Call<A, E>,
  { dated, status, text }: Answer,
  connections: Connections,
  host: string,
  clock: PolarClock
) => {
  const value = nestsTooDeep(text)
    ? Result.fail(tooDeep)
    : Result.mapError(decode(text), (error) => bodyProblem(text, error))
  const problem = Result.isFailure(value) ? value.failure : problemOf?.(value.success)
  if (Result.isSuccess(value) && problem === undefined) {
    clock.learn(dated)
    return Effect.succeed(value.success)
  }
  // The next answer on this connection may belong to another request too
  connections.retire()
  return Effect.fail(unavailable(operation, unexpectedResponse(status, problem ?? ""), host))
}

// Made once for a client, because each provided service costs every call something
const servicesOf = (fetchOptions: RequestInit | undefined, connections: Connections) =>
  Context.empty().pipe(
    // No redirect is followed: the token must not reach another host, and nothing must be done twice
    Context.add(FetchHttpClient.RequestInit, { ...fetchOptions, redirect: "manual" }),
    // Polar's CORS refuses the headers of a tracer. See `propagateTrace`
    Context.add(HttpClient.TracerPropagationEnabled, false),
    // The span of a request would hold its URL, which may be a secret, and every header of the answer
    Context.add(HttpClient.TracerDisabledWhen, () => true),
    Context.add(Connections, connections)
  )

// Polar sends no body with a 429. Cloudflare, which stands before Polar, sends this one to programs that it limits itself
const isRateLimit = (text: string) => /^\s*(error code: 1015\s*)?$/.test(text)

const failRefused = <E>(
  opening: Opening<E>,
  answer: Answer,
  asked: Asked,
  clock: PolarClock
): Effect.Effect<never, E | SeatError.RequestError> => {
  const { dated, retryAfter, status, text } = answer
  if (status === 429) {
    if (!isRateLimit(text)) {
      const description = "the body is none that Polar or Cloudflare sends when it limits the rate"
      return Effect.fail(unavailable(opening.operation, unexpectedResponse(status, description), asked.host))
    }
    // A date is one on the clock of the server that sent the answer
    return Effect.clockWith((machine) => {
      const now = parseDate(dated?.date) ?? clock.now(machine).now
      return Effect.fail(new SeatError.RateLimited({ retryAfter: parseRetryAfter(retryAfter, now) }))
    })
  }
  if (status >= 500) {
    const reason = SeatError.UnavailableReason.cases.ServerFailed.make({ status })
    return Effect.fail(unavailable(opening.operation, reason, asked.host))
  }
  const error = readErrorBody(opening, answer, asked)
  if (!(error instanceof SeatError.Unavailable)) clock.learn(dated)
  return Effect.fail(error)
}

// Runs one exchange, again if a retry is safe, and turns its reason or its result into the outcome of the call
export const retrying =
  <A, B, E extends { readonly _tag: string }>(
    policy: Policy,
    operation: SeatError.Operation,
    host: string,
    exchangeOnce: (
      time: TimeLimits,
      fiber: Fiber.Fiber<unknown, unknown>
    ) => Effect.Effect<A, SeatError.UnavailableReason>,
    onSuccess: (answer: A, attempts: Attempts) => Effect.Effect<B, E | SeatError.RequestError>
  ) =>
  (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<B, E | SeatError.RequestError> => {
    const unavailableBecause = (reason: SeatError.UnavailableReason) => unavailable(operation, reason, host)
    return retry<B, E | SeatError.RequestError>(policy, fiber, attempts.start, unavailableBecause, (time) =>
      // The fiber of the call knows the span of the call by now
      Effect.withFiber((fiber) => {
        attempts.count++
        return Effect.matchEffect(exchangeOnce(time, fiber), {
          onFailure: (reason) => {
            if ("status" in reason) attempts.status = reason.status
            return Effect.fail(unavailableBecause(reason))
          },
          onSuccess: (answer) => onSuccess(answer, attempts)
        })
      })
    )
  }

/** Makes a client for a token. Clients of one `Seats` share its `clock`. */
type Connect = (token?: Redacted.Redacted<string>, clock?: PolarClock) => PolarClient

const makeConnect = Effect.fnUntraced(function* (
  client: HttpClient.HttpClient,
  fetchOptions: RequestInit | undefined,
  options: Options,
  organization: string | undefined
): Effect.fn.Return<Connect, InvalidOption> {
  const ownHeaders = organization === undefined ? {} : { "Polar-Organization": yield* checkOrganization(organization) }
  const policy = yield* checkPolicy(options)
  const version = yield* checkVersion(options.version ?? "2026-10")
  const { changing, list, single } = yield* checkSizes(options)
  const baseUrl = yield* resolveBaseUrl(options)
  const server = serverOf(baseUrl)
  const { host } = server
  // Deno and Bun send a request again, even a POST, if a kept connection is gone before the answer
  const unkept = "Deno" in globalThis || "Bun" in globalThis ? { connection: "close" } : {}
  const inOneStep = exchanges.get(client)
  // Most clients decompress nothing. Our transports, which send in one step, see to it themselves
  const coding = inOneStep === undefined ? { "accept-encoding": "identity" } : {}
  const shared = Headers.fromInput({
    ...ownHeaders,
    ...unkept,
    ...coding,
    "polar-version": version,
    accept: "application/json"
  })
  const connections: Connections = { retire: () => {} }
  const services = servicesOf(fetchOptions, connections)
  const send = makeSend(client, services)
  const exchange: Exchange =
    inOneStep?.(services) ??
    ((request, time, size) => send(request, time, (response, dated) => readAnswer(response, size, dated)))

  return (token, clock = makePolarClock()) => {
    const asked = { host, version, token }
    const headers =
      token === undefined ? shared : Headers.set(shared, "authorization", `Bearer ${Redacted.value(token)}`)
    const makeRequest: PolarClient["shared"]["makeRequest"] = ({ body, method, path, urlParams }, fiber) => {
      const params = urlParams === undefined ? UrlParams.empty : UrlParams.fromInput(urlParams)
      const all = options.propagateTrace === true ? Headers.merge(headers, traceHeaders(fiber)) : headers
      const request = HttpClientRequest.makeWith(method, baseUrl + path, params, Option.none(), all, HttpBody.empty)
      return body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.jsonUnsafe(body))
    }
    const attributesOf =
      ({ attributes }: Pick<Opening<unknown>, "attributes">) =>
      () => ({ "polar.version": version, ...server.attributes, ...attributes })

    return {
      call: (call) => {
        const { isList = false, operation, success = 200 } = call
        const limits = isList ? list : SeatError.isHarmless(operation) ? single : changing
        const exchangeOnce = (time: TimeLimits, fiber: Fiber.Fiber<unknown, unknown>) =>
          exchange(makeRequest(call, fiber), time, limits)
        const read = (answer: Answer, attempts: Attempts) => {
          attempts.status = answer.status
          return answer.status === success
            ? decodeAnswer(call, answer, connections, host, clock)
            : failRefused(call, answer, asked, clock)
        }
        return withTelemetry(operation, attributesOf(call), retrying(policy, operation, host, exchangeOnce, read))
      },

      failUnsent: (operation, error) => withTelemetry(operation, attributesOf({}), () => Effect.fail(error)),

      clock,

      shared: {
        host,
        policy,
        limits: single,
        send,
        makeRequest,
        attributesOf,
        failRefused: (opening, answer) => failRefused(opening, answer, asked, clock)
      }
    }
  }
})

// All that decides what a layer's clients do, except the `HttpClient`
const partsOf = (
  options: Options,
  organization: string | undefined,
  fetchOptions: RequestInit | undefined
): ReadonlyArray<unknown> => [
  options.environment,
  options.baseUrl,
  String(options.allowHosts),
  options.version,
  options.maxBytes?.single,
  options.maxBytes?.list,
  options.maxHeaderBytes,
  options.propagateTrace,
  options.times,
  options.schedule,
  options.maxRetryAfter,
  options.attemptTimeout,
  options.totalTimeout,
  organization,
  fetchOptions
]

// The latest of `make` for each `HttpClient`. It holds no token, so a server that makes `Seats` for each request checks
// the options once
const latest = new WeakMap<
  HttpClient.HttpClient,
  { readonly parts: ReadonlyArray<unknown>; readonly connect: Connect }
>()

/** Makes the clients of a layer, one for each token. */
export const make = (
  options: Options,
  organization?: string
): Effect.Effect<Connect, InvalidOption, HttpClient.HttpClient> =>
  Effect.contextWith((context: Context.Context<HttpClient.HttpClient>) => {
    const client = Context.get(context, HttpClient.HttpClient)
    const fetchOptions = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
    const parts = partsOf(options, organization, fetchOptions)
    const known = latest.get(client)
    if (known !== undefined && parts.every((part, at) => part === known.parts[at])) {
      return Effect.succeed(known.connect)
    }
    return Effect.map(makeConnect(client, fetchOptions, options, organization), (connect) => {
      latest.set(client, { parts, connect })
      return connect
    })
  })
