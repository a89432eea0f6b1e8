import * as SeatError from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stream from "effect/Stream"
import type { Connection } from "../PolarConnection.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import { readErrorBody, type Refusable } from "./errorBody.ts"
import {
  type Answer,
  type Exchange,
  exchanges,
  headerBytes,
  makeSend,
  nestsTooDeep,
  readAnswer,
  type SizeLimits,
  type TimeLimits,
  tooDeep,
  unexpectedResponse
} from "./exchange.ts"
import { checkCount, checkOrganization, checkVersion, type InvalidOption, resolveBaseUrl } from "./options.ts"
import { checkPolicy, parseRetryAfter, type Policy, retry } from "./retry.ts"
import { type Attempts, streamWithTelemetry, withTelemetry } from "./telemetry.ts"

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
  readonly decode: (text: string) => Result.Result<A, Schema.SchemaError>
}

/** A client of Polar. It sends, waits, retries, and turns every answer into a value or a declared error. */
export interface PolarClient {
  readonly call: <A, E extends { readonly _tag: string }>(
    call: Call<A, E>
  ) => Effect.Effect<A, E | SeatError.RequestError>
  /** For an answer without an end. The client limits the time, and retries, only until the headers are there. */
  readonly open: <A, E extends { readonly _tag: string }>(
    opening: Opening<E>,
    read: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<A, SeatError.Unavailable>
  ) => Stream.Stream<A, E | SeatError.RequestError>
}

const unavailable = (operation: SeatError.Operation, reason: SeatError.UnavailableReason) =>
  new SeatError.Unavailable({ operation, reason })

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const firstProblem = (issue: SchemaIssue.Issue): string => {
  const { message = "", path = [] } = formatIssue(issue).issues[0] ?? {}
  const field = path.find((segment) => Predicate.isString(segment))
  return field === undefined ? message : `${field}: ${message}`
}

const bodyProblem = (text: string, error: Schema.SchemaError): string => {
  if (text.trim() === "") return "the body is empty"
  return /^\s*[[{]/.test(text) && Result.isSuccess(Result.try(() => JSON.parse(text)))
    ? `the body is not what is documented (${firstProblem(error.issue)})`
    : "the body is not JSON"
}

const decodeAnswer = <A, E>({ decode, operation }: Call<A, E>, { status, text }: Answer) => {
  const value = nestsTooDeep(text)
    ? Result.fail(tooDeep)
    : Result.mapError(decode(text), (error) => bodyProblem(text, error))
  return Result.isSuccess(value)
    ? Effect.succeed(value.success)
    : Effect.fail(unavailable(operation, unexpectedResponse(status, value.failure)))
}

// Made once for a layer, because each provided service costs every call something
const servicesOf = (init: Option.Option<RequestInit>) =>
  Context.empty().pipe(
    // No redirect is followed: the token must not reach another host, and nothing must be done twice
    Context.add(FetchHttpClient.RequestInit, { ...Option.getOrUndefined(init), redirect: "manual" }),
    // Polar's CORS refuses the headers of a tracer
    Context.add(HttpClient.TracerPropagationEnabled, false),
    // The span of a request would hold its URL, which may be a secret, and every header of the answer
    Context.add(HttpClient.TracerDisabledWhen, () => true)
  )

const failRefused = <E>(
  opening: Opening<E>,
  answer: Answer,
  version: string,
  token: Redacted.Redacted<string> | undefined
): Effect.Effect<never, E | SeatError.RequestError> => {
  const { retryAfter, status } = answer
  if (status === 429) {
    return Effect.flatMap(DateTime.now, (now) =>
      Effect.fail(new SeatError.RateLimited({ retryAfter: parseRetryAfter(retryAfter, now) }))
    )
  }
  return Effect.fail(
    status >= 500
      ? unavailable(opening.operation, SeatError.UnavailableReason.cases.ServerFailed.make({ status }))
      : readErrorBody(opening, answer, version, token)
  )
}

// Runs one exchange, again if a retry is safe, and turns its reason or its result into the outcome of the call
const retrying =
  <A, B, E extends { readonly _tag: string }>(
    policy: Policy,
    operation: SeatError.Operation,
    exchangeOnce: (time: TimeLimits) => Effect.Effect<A, SeatError.UnavailableReason>,
    onSuccess: (answer: A) => Effect.Effect<B, E | SeatError.RequestError>
  ) =>
  (attempts: Attempts, fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<B, E | SeatError.RequestError> =>
    retry(policy, fiber, attempts.start, (time) =>
      Effect.suspend(() => {
        attempts.count++
        return Effect.matchEffect(exchangeOnce(time), {
          onFailure: (reason) => Effect.fail(unavailable(operation, reason)),
          onSuccess
        })
      })
    )

/** Makes the clients of a layer, one for each token. */
export const make = Effect.fnUntraced(function* (
  options: Options,
  organization?: string
): Effect.fn.Return<(token?: Redacted.Redacted<string>) => PolarClient, InvalidOption, HttpClient.HttpClient> {
  const ownHeaders = organization === undefined ? {} : { "Polar-Organization": yield* checkOrganization(organization) }
  const { maxBytes = {} } = options
  const policy = yield* checkPolicy(options)
  const version = yield* checkVersion(options.version ?? "2026-10")
  const maxSingle = yield* checkCount("maxBytes.single", maxBytes.single ?? 1024 * 1024)
  const maxList = yield* checkCount("maxBytes.list", maxBytes.list ?? 64 * 1024 * 1024)
  const maxHeaders = yield* checkCount("maxHeaderBytes", options.maxHeaderBytes ?? 64 * 1024)
  const baseUrl = yield* resolveBaseUrl(options)
  // Deno and Bun send a request again, even a POST, if a kept connection is gone before the answer
  const unkept = "Deno" in globalThis || "Bun" in globalThis ? { connection: "close" } : {}
  const shared = Headers.fromInput({ ...ownHeaders, ...unkept, "polar-version": version, accept: "application/json" })
  const services = servicesOf(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
  const client = yield* HttpClient.HttpClient
  const send = makeSend(client, services)
  const exchange: Exchange =
    exchanges.get(client)?.(services) ??
    ((request, time, size) => send(request, time, (response) => readAnswer(response, size)))

  // The client reads no body of a 429 or a 5xx, because the status is enough
  const sizeLimits = (success: number): SizeLimits => ({
    headers: maxHeaders,
    body: (status) => (status === 429 || status >= 500 ? undefined : status === 200 ? success : maxSingle)
  })
  const single = sizeLimits(maxSingle)
  const list = sizeLimits(maxList)

  return (token) => {
    const headers =
      token === undefined ? shared : Headers.set(shared, "authorization", `Bearer ${Redacted.value(token)}`)
    const makeRequest = ({ body, method, path, urlParams }: Opening<unknown>) => {
      const params = urlParams === undefined ? UrlParams.empty : UrlParams.fromInput(urlParams)
      const request = HttpClientRequest.makeWith(method, baseUrl + path, params, Option.none(), headers, HttpBody.empty)
      return body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.jsonUnsafe(body))
    }
    const attributesOf =
      ({ attributes }: Opening<unknown>) =>
      () => ({ "polar.version": version, ...attributes })

    return {
      call: (call) => {
        const { isList = false, operation, success = 200 } = call
        const exchangeOnce = (time: TimeLimits) => exchange(makeRequest(call), time, isList ? list : single)
        const read = (answer: Answer) =>
          answer.status === success ? decodeAnswer(call, answer) : failRefused(call, answer, version, token)
        return withTelemetry(operation, attributesOf(call), retrying(policy, operation, exchangeOnce, read))
      },

      open: (opening, read) => {
        const { operation } = opening
        // Ends with the headers of a success, so that the time limits do not cover its body
        const openOnce = (time: TimeLimits) =>
          send(
            HttpClientRequest.setHeader(makeRequest(opening), "accept", "text/event-stream"),
            time,
            (response): Effect.Effect<Result.Result<typeof response, Answer>, SeatError.UnavailableReason> =>
              response.status === 200 && headerBytes(response.headers) <= maxHeaders
                ? Effect.succeed(Result.succeed(response))
                : Effect.map(readAnswer(response, single), Result.fail)
          )
        const readOpened = Result.match({
          onSuccess: (response: HttpClientResponse.HttpClientResponse) => Effect.succeed(read(response)),
          onFailure: (answer: Answer) => failRefused(opening, answer, version, token)
        })
        return streamWithTelemetry(operation, attributesOf(opening), retrying(policy, operation, openOnce, readOpened))
      }
    }
  }
})
