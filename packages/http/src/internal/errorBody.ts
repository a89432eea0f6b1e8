import * as SeatError from "@polar-seats/domain/SeatError"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as PolarRefusal from "../PolarRefusal.ts"
import { type Answer, nestsTooDeep, unexpectedResponse } from "./exchange.ts"

/** A refusal that Polar may give, and its sentence for people. */
export interface Refusal {
  /** Undefined if Polar documents no refusal of this name with this status. */
  readonly name: PolarRefusal.PolarRefusal | undefined
  readonly detail: string
}

/** The error that an operation makes of a refusal. A refusal that it makes none of is `UnexpectedResponse`. */
type ErrorFor<E> = (refusal: Refusal) => E | undefined

/** The error for a token that is good but does not allow this. */
export const forbidden = ({ name }: Refusal): SeatError.Forbidden | undefined => {
  switch (name) {
    case "NotPermitted":
      return new SeatError.Forbidden({ reason: "Role" })
    case "FeatureNotEnabled":
      return new SeatError.Forbidden({ reason: "SeatsNotEnabled" })
    case "insufficient_scope":
      return new SeatError.Forbidden({ reason: "Scope" })
    default:
      return undefined
  }
}

/** The error for a token that Polar does not accept for this. */
export const tokenError = (
  wants: SeatError.Unauthorized["wants"],
  refusal: Refusal
): SeatError.Unauthorized | SeatError.Forbidden | undefined => {
  switch (refusal.name) {
    case "Unauthorized":
      return new SeatError.Unauthorized({ reason: "WrongToken", wants })
    case "invalid_token":
      return new SeatError.Unauthorized({ reason: "InvalidToken", wants })
    default:
      return forbidden(refusal)
  }
}

/** The error for a request that Polar refuses with a sentence instead of a list of issues. */
export const invalidRequest = (type: PolarRefusal.PolarRefusal, { detail }: Refusal): SeatError.InvalidRequest =>
  new SeatError.InvalidRequest({ issues: [{ type, path: [], message: detail }] })

type Secrets = ReadonlyArray<Redacted.Redacted<string> | undefined>

// A server may repeat parts of a request in its answer, and the answer goes into errors
const withoutSecrets = (text: string, secrets: Secrets): string =>
  secrets.reduce((cut, secret) => {
    const value = secret === undefined ? "" : Redacted.value(secret)
    return value === "" ? cut : cut.replaceAll(value, "<redacted>")
  }, text)

const PolarErrorBody = Schema.fromJsonString(
  Schema.Struct({
    error: Schema.optionalKey(Schema.String),
    detail: Schema.optionalKey(Schema.Unknown)
  })
)
const decodeErrorBody = Schema.decodeUnknownOption(PolarErrorBody)

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

/** The parts of a request that its error depends on. */
export interface Refusable<E> {
  readonly operation: SeatError.Operation
  readonly errorFor: ErrorFor<E>
  /** Undefined if Polar lets anyone do this. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** A secret in the request beside the token. It is cut out of Polar's sentence, as the token is. */
  readonly secret?: Redacted.Redacted<string> | undefined
}

/**
 * The error that a refusal stands for. The status and the name in the body decide, never the sentence. A refusal that
 * Polar does not document is `Unavailable`.
 */
export const readErrorBody = <E>(
  { errorFor, operation, secret, token }: Refusable<E>,
  { status, text }: Answer,
  version: string
): E | SeatError.InvalidRequest | SeatError.Unavailable => {
  const secrets = [token, secret]
  const { detail, error = "" } = nestsTooDeep(text)
    ? {}
    : Option.getOrElse(decodeErrorBody(text), (): typeof PolarErrorBody.Type => ({}))
  const refusal: Refusal = {
    name: PolarRefusal.find(status, error),
    detail: Predicate.isString(detail) ? withoutSecrets(detail, secrets) : ""
  }
  const own = errorFor(refusal)
  if (own !== undefined) return own
  if (refusal.name === "BadRequest") return invalidRequest(refusal.name, refusal)
  const issues = status === 422 ? requestIssues(detail, secrets) : undefined
  if (issues !== undefined) return new SeatError.InvalidRequest({ issues })
  const description =
    status === 404 && error === ""
      ? `there is no such route, or no version ${version} of the API: check the base URL and the version`
      : "neither the status nor the body is one that Polar documents"
  return new SeatError.Unavailable({ operation, reason: unexpectedResponse(status, description) })
}
