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
import type * as HttpClientError from "effect/http/HttpClientError"
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
import { AnswerWithin, keepers, noAnswerInTime } from "./deadline.ts"
import { observed, observedStream } from "./observe.ts"
import { discard, readBody } from "./readBody.ts"
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

/** Makes something of an answer that is not a refusal, in what is left of the time for it. */
type Read<A> = (
  response: HttpClientResponse.HttpClientResponse,
  patience: number
) => Effect.Effect<A, SeatError.Unavailable>

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
  const given = yield* HttpClient.HttpClient
  const keepsTime = keepers.has(given)
  const client = given.pipe(HttpClient.transformResponse(Effect.provideContext(quiet)))

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

  // A transport that keeps the time fails with this
  const failure = (
    operation: SeatError.Operation,
    error: HttpClientError.HttpClientError,
    patience: number
  ): SeatError.Unavailable =>
    Predicate.hasProperty(error.reason, "cause") && error.reason.cause === noAnswerInTime
      ? noAnswer(operation, patience)
      : unavailable(operation, transportReason(error))
  const noAnswer = (operation: SeatError.Operation, patience: number) =>
    unavailable(
      operation,
      OutcomeUnknown.make({ description: `no answer came within ${Duration.format(Duration.millis(patience))}` })
    )
  const odd = (operation: SeatError.Operation, status: number, description: string) =>
    unavailable(operation, UnexpectedResponse.make({ status, description }))

  /** Reads an answer, and makes something of it: a value, or what is wrong with it. */
  const readAs = <A, E>(
    operation: SeatError.Operation,
    response: HttpClientResponse.HttpClientResponse,
    limit: number,
    patience: number,
    use: (text: string) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SeatError.Unavailable> =>
    Effect.matchEffect(readBody(response, limit), {
      onFailure: (error) => Effect.fail(failure(operation, error, patience)),
      onSuccess: (text): Effect.Effect<A, E | SeatError.Unavailable> =>
        Result.isSuccess(text) ? use(text.success) : Effect.fail(odd(operation, response.status, text.failure))
    })

  const versioned = { "polar-version": version }
  const addressed = (request: HttpClientRequest.HttpClientRequest, token: Redacted.Redacted<string> | undefined) =>
    HttpClientRequest.setHeaders(
      HttpClientRequest.prependUrl(request, baseUrl),
      token === undefined ? versioned : { ...versioned, authorization: `Bearer ${Redacted.value(token)}` }
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
    read: Read<A>,
    patience: number,
    isTimed: boolean
  ): Effect.Effect<A, E | SeatError.Common> => {
    const answer = Effect.matchEffect(client.postprocess(Effect.succeed(request)), {
      onFailure: (error) => Effect.fail(failure(operation, error, patience)),
      onSuccess: (response): Effect.Effect<A, E | SeatError.Common> => {
        const { headers, status } = response
        if (sizeOf(headers) > maxHeaders) {
          const description = `the headers are larger than ${maxHeaders} bytes`
          return Effect.andThen(discard(response), Effect.fail(odd(operation, status, description)))
        }
        if (status === success) return read(response, patience)
        const refuse = (text: string) => refused(operation, response, text, refusals, [token, secret])
        // What fails to be read is no worse than what says nothing: the status has said enough
        return status === 429 || status >= 500
          ? Effect.andThen(discard(response), refuse(""))
          : readAs(operation, response, maxSingle, patience, refuse)
      }
    })
    if (isTimed) return Effect.provideService(answer, AnswerWithin, patience)
    return Effect.timeoutOrElse(answer, {
      duration: patience,
      orElse: () => Effect.fail(noAnswer(operation, patience))
    })
  }

  const attempt = <A, E>(
    opening: Opening<E>,
    read: Read<A>,
    { attemptTimeout, deadline }: Patience,
    isTimed: boolean
  ): Effect.Effect<A, E | SeatError.Common> =>
    Effect.flatMap(prepared(opening.operation, addressed(opening.request, opening.token), deadline), (request) =>
      Effect.withFiber((fiber) => {
        const left = deadline - fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        return left > 0
          ? send(opening, request, read, Math.min(attemptTimeout, left), isTimed)
          : tooLate(opening.operation)
      })
    )

  return {
    call: (call) => {
      const { attributes = {}, decode, isList = false, operation } = call
      const opening = { ...call, request: HttpClientRequest.acceptJson(call.request) }
      const limit = isList ? maxList : maxSingle
      const read = (response: HttpClientResponse.HttpClientResponse, patience: number) =>
        readAs(operation, response, limit, patience, (text) => {
          const value = decoded(decode, text)
          return Result.isSuccess(value)
            ? Effect.succeed(value.success)
            : Effect.fail(odd(operation, response.status, value.failure))
        })
      return observed(operation, { "polar.version": version, ...attributes }, (attempts) =>
        retrying(policy, (patience) => {
          attempts.count++
          return attempt(opening, read, patience, keepsTime)
        })
      )
    },

    open: (opening, read) =>
      observedStream(opening.operation, { "polar.version": version, ...opening.attributes }, (attempts) =>
        Stream.unwrap(
          Effect.map(
            retrying(policy, (patience) => {
              attempts.count++
              // The time is that until the headers are there, and not the whole answer's
              return attempt(opening, Effect.succeed, patience, false)
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
