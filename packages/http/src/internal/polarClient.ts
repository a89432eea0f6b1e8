import * as SeatError from "@polar-seats/domain/SeatError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
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
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stream from "effect/Stream"
import * as PolarConnection from "../PolarConnection.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import { type Answer, exchanges, type Limits, sizeOf, unexpected, whyTooLarge } from "./exchange.ts"
import { exchangeBy, readAnswer, sendBy } from "./httpExchange.ts"
import { observed, observedStream } from "./telemetry.ts"
import { checkPolicy, retrying } from "./retry.ts"
import { retryAfter } from "./retryAfter.ts"
import { transportReason } from "./transportFailure.ts"

export { transportReason }

/** What every client layer can be told. */
export interface Options extends PolarConnection.Connection, RetryPolicy {
  /** The `Polar-Version` to speak. Polar's own default moves every quarter, so one is always sent. Default: 2026-10. */
  readonly version?: string | undefined
  /** How large an answer may be. Polar sends a list whole, so that one is much larger. Default: 1 MiB, and 64 MiB for a list. */
  readonly maxBytes?: { readonly single?: number | undefined; readonly list?: number | undefined } | undefined
  /** How large the names and values of an answer's headers may be together. Some clients allow less. Default: 64 KiB. */
  readonly maxHeaderBytes?: number | undefined
}

const { ServerFailed } = SeatError.UnavailableReason.cases

type Secrets = ReadonlyArray<Redacted.Redacted<string> | undefined>

// What a server says of a request may well repeat it, and goes into errors
const withoutSecrets = (text: string, secrets: Secrets): string =>
  secrets.reduce((cut, secret) => {
    const value = secret === undefined ? "" : Redacted.value(secret)
    return value === "" ? cut : cut.replaceAll(value, "<redacted>")
  }, text)

const ErrorBody = Schema.fromJsonString(
  Schema.Struct({
    error: Schema.optionalKey(Schema.String),
    detail: Schema.optionalKey(Schema.Unknown)
  })
)
type ErrorBody = typeof ErrorBody.Type
const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

const decodeIssues = Schema.decodeUnknownOption(
  Schema.Array(
    Schema.Struct({
      type: Schema.String,
      loc: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
      msg: Schema.String
    })
  )
)
const requestIssues = (detail: unknown, secrets: Secrets): ReadonlyArray<SeatError.RequestIssue> | undefined =>
  Option.getOrUndefined(
    Option.map(decodeIssues(detail), (issues) =>
      issues.map(({ loc, msg, type }) => ({
        type: withoutSecrets(type, secrets),
        path: loc.map((part) => (Predicate.isString(part) ? withoutSecrets(part, secrets) : part)),
        message: withoutSecrets(msg, secrets)
      }))
    )
  )

/** A refusal as Polar tells it: the status and Polar's name for it (`"404 ResourceNotFound"`), and a sentence for people. */
export interface Refusal {
  readonly key: string
  readonly detail: string
}

/** The errors that an operation makes of the refusals it can have. What it does not know is `UnexpectedResponse`. */
type Refusals<E> = (refusal: Refusal) => E | undefined

/** Refusals of the token, on what needs one. */
export const unauthorized =
  (wants: SeatError.Unauthorized["wants"]) =>
  ({ key }: Refusal): SeatError.Unauthorized | undefined => {
    switch (key) {
      case "401 Unauthorized":
        return new SeatError.Unauthorized({ reason: "WrongToken", wants })
      case "401 invalid_token":
        return new SeatError.Unauthorized({ reason: "InvalidToken", wants })
      default:
        return undefined
    }
  }

/** Refusals of a good token, on what takes a right. */
export const forbidden = ({ key }: Refusal): SeatError.Forbidden | undefined => {
  switch (key) {
    case "403 NotPermitted":
      return new SeatError.Forbidden({ reason: "Role" })
    case "403 FeatureNotEnabled":
      return new SeatError.Forbidden({ reason: "SeatsNotEnabled" })
    case "403 insufficient_scope":
      return new SeatError.Forbidden({ reason: "Scope" })
    default:
      return undefined
  }
}

/** A refusal of the request itself that comes with a sentence instead of a list of issues. */
export const invalid = (type: string, { detail }: Pick<Refusal, "detail">): SeatError.InvalidRequest =>
  new SeatError.InvalidRequest({ issues: [{ type, path: [], message: detail }] })

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const firstField = (issue: SchemaIssue.Issue): string => {
  const { message = "", path = [] } = formatIssue(issue).issues[0] ?? {}
  const field = path.find((segment) => Predicate.isString(segment))
  return field === undefined ? message : `${field}: ${message}`
}

const whyUnusable = (text: string, error: Schema.SchemaError): string => {
  if (text.trim() === "") return "the body is empty"
  return /^\s*[[{]/.test(text) && Result.isSuccess(Result.try(() => JSON.parse(text)))
    ? `the body is not what is documented (${firstField(error.issue)})`
    : "the body is not JSON"
}

/** One request, and what to make of a refusal. */
export interface Opening<E> {
  readonly operation: SeatError.Operation
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: string
  readonly urlParams?: UrlParams.Input | undefined
  /** What is sent as JSON. */
  readonly body?: unknown
  /** Absent on what Polar lets anyone do. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** The status that means success. Default: 200. */
  readonly success?: number
  readonly refusals: Refusals<E>
  /** What the request holds that opens something, beside the token: it is cut from whatever a refusal says. */
  readonly secret?: Redacted.Redacted<string> | undefined
  /** What the span tells beside the operation. */
  readonly attributes?: { readonly [name: string]: string }
}

/** One request, and what to make of its answer. */
interface Call<A, E> extends Opening<E> {
  /** Whether the answer may be as large as a list. */
  readonly isList?: boolean
  readonly decode: (text: string) => Result.Result<A, Schema.SchemaError>
}

/** A client of Polar: sends, waits, and turns whatever comes back into a value or a declared error. */
export interface PolarClient {
  readonly call: <A, E extends { readonly _tag: string }>(
    call: Call<A, E>
  ) => Effect.Effect<A, E | SeatError.RequestError>
  /** For an answer that goes on and on: only until its headers are there it is timed, and repeated. */
  readonly open: <A, E extends { readonly _tag: string }>(
    opening: Opening<E>,
    read: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<A, SeatError.Unavailable>
  ) => Stream.Stream<A, E | SeatError.RequestError>
}

/** A client with headers that each request has. */
export const make = Effect.fnUntraced(function* (
  options: Options,
  ownHeaders: { readonly [name: string]: string } = {}
): Effect.fn.Return<PolarClient, PolarConnection.InvalidOption, HttpClient.HttpClient> {
  const { maxBytes = {} } = options
  const policy = yield* checkPolicy(options)
  const version = yield* PolarConnection.checkVersion(options.version ?? "2026-10")
  const maxSingle = yield* PolarConnection.checkCount("maxBytes.single", maxBytes.single ?? 1024 * 1024)
  const maxList = yield* PolarConnection.checkCount("maxBytes.list", maxBytes.list ?? 64 * 1024 * 1024)
  const maxHeaders = yield* PolarConnection.checkCount("maxHeaderBytes", options.maxHeaderBytes ?? 64 * 1024)
  const baseUrl = yield* PolarConnection.resolve(options)
  const fetchOptions = Option.getOrElse(yield* Effect.serviceOption(FetchHttpClient.RequestInit), () => ({}))
  // Made once: a call pays for each thing that is provided
  const quiet = Context.empty().pipe(
    // A token stays where it was meant for, and nothing is done again elsewhere
    Context.add(FetchHttpClient.RequestInit, { ...fetchOptions, redirect: "manual" }),
    // Polar's CORS allows no header of a tracer
    Context.add(HttpClient.TracerPropagationEnabled, false),
    // The span of a request would hold its URL, and every header that the server thought of
    Context.add(HttpClient.TracerDisabledWhen, () => true)
  )
  const client = yield* HttpClient.HttpClient
  const send = sendBy(client, quiet)
  const exchange = exchanges.get(client)?.(quiet) ?? exchangeBy(send)

  // A refusal for its rate, or of a server that failed, has said enough by its status
  const limitsOf = (success: number): Limits => ({
    headers: maxHeaders,
    body: (status) => (status === 429 || status >= 500 ? undefined : status === 200 ? success : maxSingle)
  })
  const single = limitsOf(maxSingle)
  const list = limitsOf(maxList)

  // Deno and Bun send again by themselves, a POST too, where a connection that they kept is gone before the answer
  const unkept = "Deno" in globalThis || "Bun" in globalThis ? { connection: "close" } : {}
  const shared = Headers.fromInput({ ...ownHeaders, ...unkept, "polar-version": version, accept: "application/json" })
  let latest = { authorization: "", headers: shared }
  // Mostly the token is the one of the call before
  const headersWith = (token: Redacted.Redacted<string> | undefined): Headers.Headers => {
    if (token === undefined) return shared
    const authorization = `Bearer ${Redacted.value(token)}`
    if (authorization !== latest.authorization) {
      latest = { authorization, headers: Headers.set(shared, "authorization", authorization) }
    }
    return latest.headers
  }
  const requestOf = <E>({ body, method, path, token, urlParams }: Opening<E>): HttpClientRequest.HttpClientRequest => {
    const params = urlParams === undefined ? UrlParams.empty : UrlParams.fromInput(urlParams)
    const headers = headersWith(token)
    const request = HttpClientRequest.makeWith(method, baseUrl + path, params, Option.none(), headers, HttpBody.empty)
    return body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.jsonUnsafe(body))
  }

  const refused = <E>(
    { operation, refusals, secret, token }: Opening<E>,
    { retryAfter: after, status, text }: Answer
  ): Effect.Effect<never, E | SeatError.RequestError> => {
    if (status === 429) {
      return Effect.flatMap(DateTime.now, (now) =>
        Effect.fail(new SeatError.RateLimited({ retryAfter: retryAfter(after, now) }))
      )
    }
    if (status >= 500) return Effect.fail(unavailable(operation, ServerFailed.make({ status })))
    const secrets = [token, secret]
    const { detail, error = "" } = nestsTooDeep(text)
      ? {}
      : Option.getOrElse(decodeErrorBody(text), (): ErrorBody => ({}))
    const reason = Predicate.isString(detail) ? withoutSecrets(detail, secrets) : ""
    const own = refusals({ key: `${status} ${error}`, detail: reason })
    if (own !== undefined) return Effect.fail(own)
    if (status === 400 && error === "BadRequest") return Effect.fail(invalid(error, { detail: reason }))
    const issues = status === 422 ? requestIssues(detail, secrets) : undefined
    if (issues !== undefined) return Effect.fail(new SeatError.InvalidRequest({ issues }))
    const description =
      status === 404 && error === ""
        ? `there is no such route, or no version ${version} of the API: check the base URL and the version`
        : "neither the status nor the body is one that Polar documents"
    return Effect.fail(unavailable(operation, unexpected(status, description)))
  }

  const told = (attributes: Opening<unknown>["attributes"]) => () => ({ "polar.version": version, ...attributes })

  return {
    call: <A, E extends { readonly _tag: string }>(call: Call<A, E>) => {
      const { decode, isList = false, operation, success = 200 } = call
      const limits = isList ? list : single
      const handlers = {
        onFailure: (reason: SeatError.UnavailableReason) => Effect.fail(unavailable(operation, reason)),
        onSuccess: (answer: Answer): Effect.Effect<A, E | SeatError.RequestError> => {
          if (answer.status !== success) return refused(call, answer)
          const value = decoded(decode, answer.text)
          return Result.isSuccess(value)
            ? Effect.succeed(value.success)
            : Effect.fail(unavailable(operation, unexpected(answer.status, value.failure)))
        }
      }
      return observed(operation, told(call.attributes), (attempts, fiber) =>
        retrying(policy, fiber, attempts.start, (patience) =>
          Effect.suspend(() => {
            attempts.count++
            return Effect.matchEffect(exchange(requestOf(call), patience, limits), handlers)
          })
        )
      )
    },

    open: <A, E extends { readonly _tag: string }>(
      opening: Opening<E>,
      read: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<A, SeatError.Unavailable>
    ) => {
      const { operation, success = 200 } = opening
      // The time is that until the headers are there, and not the whole answer's
      const begin = (
        response: HttpClientResponse.HttpClientResponse
      ): Effect.Effect<Result.Result<HttpClientResponse.HttpClientResponse, Answer>, SeatError.UnavailableReason> =>
        response.status === success && whyTooLarge(success, sizeOf(response.headers), single) === undefined
          ? Effect.succeed(Result.succeed(response))
          : Effect.map(readAnswer(response, single), Result.fail)
      return observedStream(operation, told(opening.attributes), (attempts) =>
        Effect.withFiber((fiber) =>
          retrying(policy, fiber, attempts.start, (patience) =>
            Effect.suspend(() => {
              attempts.count++
              const request = HttpClientRequest.setHeader(requestOf(opening), "accept", "text/event-stream")
              return Effect.matchEffect(send(request, patience, begin), {
                onFailure: (reason) => Effect.fail(unavailable(operation, reason)),
                onSuccess: (begun): Effect.Effect<HttpClientResponse.HttpClientResponse, E | SeatError.RequestError> =>
                  Result.isSuccess(begun) ? Effect.succeed(begun.success) : refused(opening, begun.failure)
              })
            })
          )
        ).pipe(Effect.map(read), Stream.unwrap)
      )
    }
  }
})

const unavailable = (operation: SeatError.Operation, reason: SeatError.UnavailableReason) =>
  new SeatError.Unavailable({ operation, reason })

const deepest = 500
export const tooDeep = "the body nests too deep"

// A short text has few brackets, and counting them is faster than following them
const hasFewBrackets = (text: string): boolean => {
  let count = 0
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > deepest) return false
    }
  }
  return true
}

// What nests deeper than any answer of Polar's overflows the stack of whoever walks it: the decoder, or the caller later
export const nestsTooDeep = (text: string): boolean => {
  let depth = 0
  let isString = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isString) {
      if (character === 92) at++
      else if (character === 34) isString = false
    } else if (character === 34) isString = true
    else if (character === 91 || character === 123) {
      if (++depth > deepest) return true
    } else if (character === 93 || character === 125) depth--
  }
  return false
}

const decoded = <A>(
  decode: (text: string) => Result.Result<A, Schema.SchemaError>,
  text: string
): Result.Result<A, string> => {
  if (text.length > deepest && !hasFewBrackets(text) && nestsTooDeep(text)) return Result.fail(tooDeep)
  const value = decode(text)
  return Result.isSuccess(value) ? Result.succeed(value.success) : Result.fail(whyUnusable(text, value.failure))
}
