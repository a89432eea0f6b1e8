import * as SeatError from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stream from "effect/Stream"
import * as PolarConnection from "../PolarConnection.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import { observed, observedStream } from "./observe.ts"
import { readBody } from "./readBody.ts"
import { checkPolicy, type Patience, retrying } from "./retry.ts"
import { retryAfter } from "./retryAfter.ts"
import { transportReason } from "./transportReason.ts"

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

const { NotSent, OutcomeUnknown, ServerFailed, UnexpectedResponse } = SeatError.UnavailableReason.cases

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
export type Refusals<E> = (refusal: Refusal) => E | undefined

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
  readonly request: HttpClientRequest.HttpClientRequest
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
  readonly call: <A, E extends { readonly _tag: string }>(call: Call<A, E>) => Effect.Effect<A, E | SeatError.Common>
  /** For an answer that goes on and on: only until its headers are there it is timed, and repeated. */
  readonly open: <A, E extends { readonly _tag: string }>(
    opening: Opening<E>,
    read: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<A, SeatError.Unavailable>
  ) => Stream.Stream<A, E | SeatError.Common>
}

export const make = Effect.fnUntraced(function* (
  options: Options
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
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.transformResponse(Effect.provideContext(quiet)))

  const refused = <E>(
    operation: SeatError.Operation,
    { headers, status }: HttpClientResponse.HttpClientResponse,
    text: string,
    refusals: Refusals<E>,
    secrets: Secrets
  ): Effect.Effect<never, E | SeatError.Common> => {
    if (status === 429) {
      return Effect.flatMap(DateTime.now, (now) =>
        Effect.fail(new SeatError.RateLimited({ retryAfter: retryAfter(headers["retry-after"], now) }))
      )
    }
    if (status >= 500) {
      return Effect.fail(new SeatError.Unavailable({ operation, reason: ServerFailed.make({ status }) }))
    }
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
    return Effect.fail(
      new SeatError.Unavailable({ operation, reason: UnexpectedResponse.make({ status, description }) })
    )
  }

  const unavailable = (operation: SeatError.Operation, reason: SeatError.UnavailableReason) =>
    new SeatError.Unavailable({ operation, reason })

  const textOf = (operation: SeatError.Operation, response: HttpClientResponse.HttpClientResponse, limit: number) =>
    readBody(response, limit).pipe(
      Effect.mapError((error) => unavailable(operation, transportReason(error))),
      Effect.flatMap((text) =>
        Effect.mapError(Effect.fromResult(text), (description) =>
          unavailable(operation, UnexpectedResponse.make({ status: response.status, description }))
        )
      )
    )

  // What fails to be read is no worse than what says nothing: the status has said enough
  const refusalText = (operation: SeatError.Operation, response: HttpClientResponse.HttpClientResponse) =>
    response.status === 429 || response.status >= 500 ? Effect.succeed("") : textOf(operation, response, maxSingle)

  const addressed = (request: HttpClientRequest.HttpClientRequest, token: Redacted.Redacted<string> | undefined) =>
    HttpClientRequest.setHeader(
      HttpClientRequest.prependUrl(
        token === undefined ? request : HttpClientRequest.bearerToken(request, token),
        baseUrl
      ),
      "Polar-Version",
      version
    )

  const notSent = (operation: SeatError.Operation, description: string) =>
    unavailable(operation, NotSent.make({ description }))
  const tooLate = (operation: SeatError.Operation) =>
    Effect.fail(notSent(operation, "its turn did not come within the time of the call"))

  // What the client does with a request before it sends it. With a pace it waits its turn there, and no byte has left yet
  const prepared = (
    operation: SeatError.Operation,
    request: HttpClientRequest.HttpClientRequest,
    deadline: number
  ): Effect.Effect<HttpClientRequest.HttpClientRequest, SeatError.Unavailable> => {
    const preparing = Effect.mapErrorEager(client.preprocess(request), () =>
      notSent(operation, "it could not be prepared")
    )
    // Mostly there is nothing to do, and nothing to wait for
    if (Exit.isExit(preparing)) return preparing
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.timeoutOrElse(preparing, { duration: deadline - now, orElse: () => tooLate(operation) })
    )
  }

  const send = <A, E>(
    { operation, refusals, secret, success = 200, token }: Opening<E>,
    request: HttpClientRequest.HttpClientRequest,
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, SeatError.Unavailable>,
    patience: Duration.Duration
  ): Effect.Effect<A, E | SeatError.Common> =>
    client.postprocess(Effect.succeed(request)).pipe(
      Effect.mapError((error) => unavailable(operation, transportReason(error))),
      Effect.flatMap((response) => {
        if (sizeOf(response.headers) > maxHeaders) {
          const description = `the headers are larger than ${maxHeaders} bytes`
          return Effect.fail(unavailable(operation, UnexpectedResponse.make({ status: response.status, description })))
        }
        return response.status === success
          ? read(response)
          : Effect.flatMap(refusalText(operation, response), (text) =>
              refused(operation, response, text, refusals, [token, secret])
            )
      }),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => {
          const description = `no answer came within ${Duration.format(patience)}`
          return Effect.fail(unavailable(operation, OutcomeUnknown.make({ description })))
        }
      })
    )

  const attempt = <A, E>(
    opening: Opening<E>,
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, SeatError.Unavailable>,
    { attemptTimeout, deadline }: Patience
  ): Effect.Effect<A, E | SeatError.Common> =>
    Effect.flatMap(prepared(opening.operation, addressed(opening.request, opening.token), deadline), (request) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        now < deadline
          ? send(opening, request, read, Duration.millis(Math.min(attemptTimeout, deadline - now)))
          : tooLate(opening.operation)
      )
    )

  return {
    call: (call) => {
      const { attributes = {}, decode, isList = false, operation } = call
      const opening = { ...call, request: HttpClientRequest.acceptJson(call.request) }
      const read = (response: HttpClientResponse.HttpClientResponse) =>
        Effect.flatMap(textOf(operation, response, isList ? maxList : maxSingle), (text) =>
          Effect.mapError(decoded(decode, text), (description) =>
            unavailable(operation, UnexpectedResponse.make({ status: response.status, description }))
          )
        )
      return observed(operation, { "polar.version": version, ...attributes }, (attempts) =>
        retrying(policy, (patience) => {
          attempts.count++
          return attempt(opening, read, patience)
        })
      )
    },

    open: (opening, read) =>
      observedStream(opening.operation, { "polar.version": version, ...opening.attributes }, (attempts) =>
        Stream.unwrap(
          Effect.map(
            retrying(policy, (patience) => {
              attempts.count++
              return attempt(opening, Effect.succeed, patience)
            }),
            read
          )
        )
      )
  }
})

const sizeOf = (headers: HttpClientResponse.HttpClientResponse["headers"]): number => {
  let size = 0
  for (const name in headers) size += name.length + (headers[name] ?? "").length
  return size
}

const deepest = 500
export const tooDeep = "the body nests too deep"

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
): Effect.Effect<A, string> =>
  text.length > deepest && nestsTooDeep(text)
    ? Effect.fail(tooDeep)
    : Effect.mapError(Effect.fromResult(decode(text)), (error) => whyUnusable(text, error))
