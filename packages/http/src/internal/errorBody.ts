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

const forbiddenReasons = new Map<Refusal["name"], SeatError.Forbidden["reason"]>([
  ["NotPermitted", "Role"],
  ["FeatureNotEnabled", "SeatsNotEnabled"],
  ["insufficient_scope", "Scope"]
])

/** The error for a token that is good but does not allow this. */
export const forbidden = ({ name }: Refusal): SeatError.Forbidden | undefined => {
  const reason = forbiddenReasons.get(name)
  return reason === undefined ? undefined : new SeatError.Forbidden({ reason })
}

/** The error for a token that Polar does not accept for this. */
export const tokenError = (
  wants: SeatError.Unauthorized["wants"],
  refusal: Refusal
): SeatError.Unauthorized | SeatError.Forbidden | undefined => {
  if (refusal.name === "Unauthorized") return new SeatError.Unauthorized({ reason: "WrongToken", wants })
  if (refusal.name === "invalid_token") return new SeatError.Unauthorized({ reason: "InvalidToken", wants })
  return forbidden(refusal)
}

/** The error for a request that Polar refuses with a sentence instead of a list of issues. */
export const invalidRequest = (type: PolarRefusal.PolarRefusal, detail: string): SeatError.InvalidRequest =>
  new SeatError.InvalidRequest({ issues: [{ type, path: [], message: detail }] })

// A server may repeat parts of a request in its answer, and the answer goes into errors
const withoutSecret = (text: string, secret: Redacted.Redacted<string> | undefined): string => {
  const value = secret === undefined ? "" : Redacted.value(secret)
  return value === "" ? text : text.replaceAll(value, "<redacted>")
}

const decodeErrorBody = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Struct({ error: Schema.optionalKey(Schema.String), detail: Schema.optionalKey(Schema.Unknown) })
  )
)
const decodeIssues = Schema.decodeUnknownOption(
  Schema.Array(SeatError.RequestIssue.pipe(Schema.encodeKeys({ path: "loc", message: "msg" })))
)

/** The parts of a request that its error depends on. */
export interface Refusable<E> {
  readonly operation: SeatError.Operation
  /** The error that the operation makes of a refusal. A refusal that it makes none of is `UnexpectedResponse`. */
  readonly errorFor: (refusal: Refusal) => E | undefined
  /** A secret in the request beside the token. It is cut out of Polar's sentence, as the token is. */
  readonly secret?: Redacted.Redacted<string> | undefined
}

/**
 * The error that a refusal stands for. The status and the name in the body decide, never the sentence. A refusal that
 * Polar does not document is `Unavailable`.
 */
export const readErrorBody = <E>(
  { errorFor, operation, secret }: Refusable<E>,
  { status, text }: Answer,
  version: string,
  token: Redacted.Redacted<string> | undefined
): E | SeatError.InvalidRequest | SeatError.Unavailable => {
  const withoutSecrets = (text: string) => withoutSecret(withoutSecret(text, token), secret)
  const body = nestsTooDeep(text) ? undefined : Option.getOrUndefined(decodeErrorBody(text))
  const name = PolarRefusal.find(status, body?.error ?? "")
  const detail = Predicate.isString(body?.detail) ? withoutSecrets(body.detail) : ""
  const own = errorFor({ name, detail })
  if (own !== undefined) return own
  if (name === "BadRequest") return invalidRequest(name, detail)
  const issues = status === 422 ? Option.getOrUndefined(decodeIssues(body?.detail)) : undefined
  if (issues !== undefined) {
    return new SeatError.InvalidRequest({
      issues: issues.map(({ message, path, type }) => ({
        type: withoutSecrets(type),
        path: path.map((part) => (Predicate.isString(part) ? withoutSecrets(part) : part)),
        message: withoutSecrets(message)
      }))
    })
  }
  const description =
    status === 404 && (body?.error ?? "") === ""
      ? `there is no such route, or no version ${version} of the API: check the base URL and the version`
      : "neither the status nor the body is one that Polar documents"
  return new SeatError.Unavailable({ operation, reason: unexpectedResponse(status, description) })
}
