import * as SeatError from "@polar-seats/domain/SeatError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as PolarConnection from "../PolarConnection.ts"
import { transportReason } from "./transportReason.ts"

export { transportReason }

/** What every client layer can be told. */
export interface Options extends PolarConnection.Connection {
  /** The `Polar-Version` to speak. Polar's own default moves every quarter, so one is always sent. Default: 2026-10. */
  readonly version?: string | undefined
  /** How long a call may take in all. Default: 30 seconds. */
  readonly totalTimeout?: Duration.Input | undefined
}

const { OutcomeUnknown, ServerFailed, UnexpectedResponse } = SeatError.UnavailableReason.cases

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
const requestIssues = (detail: unknown): ReadonlyArray<SeatError.RequestIssue> | undefined =>
  Option.getOrUndefined(
    Option.map(decodeIssues(detail), (issues) =>
      issues.map(({ loc, msg, type }) => ({ type, path: loc, message: msg }))
    )
  )

/** `Retry-After`, in seconds or as a date. Anything else is as good as none. */
const retryAfter = (header: string | undefined, now: DateTime.Utc): Duration.Duration | null => {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Duration.seconds(Number(header))
  const date = /[A-Za-z]/.test(header) ? DateTime.make(header) : Option.none()
  return Option.match(date, {
    onNone: () => null,
    onSome: (at) => (DateTime.isGreaterThan(at, now) ? DateTime.distance(now, at) : Duration.zero)
  })
}

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
}

/** One request, and what to make of its answer. */
interface Call<A, E> extends Opening<E> {
  readonly decode: (text: string) => Result.Result<A, Schema.SchemaError>
}

/** A client of Polar: sends, waits, and turns whatever comes back into a value or a declared error. */
export interface PolarClient {
  readonly call: <A, E>(call: Call<A, E>) => Effect.Effect<A, E | SeatError.Common>
  /** For an answer that goes on and on: gives it when its headers are there, and leaves the body and the span to the caller. */
  readonly open: <E>(opening: Opening<E>) => Effect.Effect<HttpClientResponse.HttpClientResponse, E | SeatError.Common>
}

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<PolarClient, PolarConnection.InvalidOption, HttpClient.HttpClient> {
  const { totalTimeout = "30 seconds", version = "2026-10" } = options
  const baseUrl = yield* PolarConnection.resolve(options)
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(HttpClientRequest.prependUrl(baseUrl), HttpClientRequest.setHeader("Polar-Version", version))
    )
  )
  const patience = Duration.format(Duration.fromInputUnsafe(totalTimeout))

  const refused = <E>(
    operation: SeatError.Operation,
    { headers, status }: HttpClientResponse.HttpClientResponse,
    text: string,
    refusals: Refusals<E>
  ): Effect.Effect<never, E | SeatError.Common> => {
    if (status === 429) {
      return Effect.flatMap(DateTime.now, (now) =>
        Effect.fail(new SeatError.RateLimited({ retryAfter: retryAfter(headers["retry-after"], now) }))
      )
    }
    if (status >= 500) {
      return Effect.fail(new SeatError.Unavailable({ operation, reason: ServerFailed.make({ status }) }))
    }
    const { detail, error = "" } = Option.getOrElse(decodeErrorBody(text), (): ErrorBody => ({}))
    const reason = Predicate.isString(detail) ? detail : ""
    const own = refusals({ key: `${status} ${error}`, detail: reason })
    if (own !== undefined) return Effect.fail(own)
    if (status === 400 && error === "BadRequest") return Effect.fail(invalid(error, { detail: reason }))
    const issues = status === 422 ? requestIssues(detail) : undefined
    if (issues !== undefined) return Effect.fail(new SeatError.InvalidRequest({ issues }))
    const description =
      status === 404 && error === ""
        ? `there is no such route, or no version ${version} of the API: check the base URL and the version`
        : "neither the status nor the body is one that Polar documents"
    return Effect.fail(
      new SeatError.Unavailable({ operation, reason: UnexpectedResponse.make({ status, description }) })
    )
  }

  const textOf = (operation: SeatError.Operation, response: HttpClientResponse.HttpClientResponse) =>
    Effect.mapError(response.text, (error) => new SeatError.Unavailable({ operation, reason: transportReason(error) }))

  const send = <A, E>(
    { operation, refusals, request, success = 200, token }: Opening<E>,
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, SeatError.Unavailable>
  ): Effect.Effect<A, E | SeatError.Common> =>
    client.execute(token === undefined ? request : HttpClientRequest.bearerToken(request, token)).pipe(
      Effect.mapError((error) => new SeatError.Unavailable({ operation, reason: transportReason(error) })),
      Effect.flatMap((response) =>
        response.status === success
          ? read(response)
          : Effect.flatMap(textOf(operation, response), (text) => refused(operation, response, text, refusals))
      ),
      Effect.timeoutOrElse({
        duration: totalTimeout,
        orElse: () =>
          Effect.fail(
            new SeatError.Unavailable({
              operation,
              reason: OutcomeUnknown.make({ description: `no answer came within ${patience}` })
            })
          )
      })
    )

  return {
    call: (call) => {
      const { decode, operation, request } = call
      return send({ ...call, request: HttpClientRequest.acceptJson(request) }, (response) =>
        Effect.flatMap(textOf(operation, response), (text) =>
          Effect.mapError(
            Effect.fromResult(decode(text)),
            (error) =>
              new SeatError.Unavailable({
                operation,
                reason: UnexpectedResponse.make({ status: response.status, description: whyUnusable(text, error) })
              })
          )
        )
      ).pipe(Effect.withSpan(operation))
    },

    open: (opening) => send(opening, Effect.succeed)
  }
})
