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
  /** The host that gave it. */
  readonly host: string
}

const forbiddenReasons = new Map<Refusal["name"], SeatError.Forbidden["reason"]>([
  ["NotPermitted", "Role"],
  ["FeatureNotEnabled", "SeatsNotEnabled"],
  ["insufficient_scope", "Scope"],
  ["RequestedOrganizationNotAccessible", "Organization"]
])

/** The error for a token that is good but does not allow this. */
export const forbidden = ({ name }: Refusal, surface: SeatError.Surface): SeatError.Forbidden | undefined => {
  const reason = forbiddenReasons.get(name)
  return reason === undefined ? undefined : new SeatError.Forbidden({ reason, surface })
}

/** The error for a token that Polar does not accept for this. */
export const tokenError = (
  surface: SeatError.Surface,
  refusal: Refusal
): SeatError.Unauthorized | SeatError.Forbidden | undefined => {
  const { host, name } = refusal
  const wants = surface === "Organization" ? "OrganizationToken" : "CustomerSession"
  if (name === "Unauthorized") return new SeatError.Unauthorized({ reason: "WrongToken", wants, host })
  if (name === "invalid_token") return new SeatError.Unauthorized({ reason: "InvalidToken", wants, host })
  return forbidden(refusal, surface)
}

// These refusals are about the request as a whole
const isAboutRequest = (name: Refusal["name"]) =>
  name === "BadRequest" ||
  name === "InvalidRequestedOrganization" ||
  name === "LengthRequired" ||
  name === "RequestBodyTooLarge"

/** The error for a request that Polar refuses with a sentence instead of a list of issues. */
export const invalidRequest = (type: PolarRefusal.PolarRefusal, detail: string): SeatError.InvalidRequest =>
  new SeatError.InvalidRequest({ issues: [{ type, path: [], message: detail }] })

// A server may repeat parts of a request in its answer, and the answer goes into errors
const withoutSecret = (text: string, secret: Redacted.Redacted<string> | undefined): string => {
  const value = secret === undefined ? "" : Redacted.value(secret)
  return value === "" ? text : text.replaceAll(value, "<redacted>")
}

type ErrorBody = { readonly [key: string]: unknown } & { readonly error?: unknown; readonly detail?: unknown }
const decodeErrorBody = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

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

/** The server of a request, as its errors name it, and the token in the request. */
export interface Asked {
  readonly host: string
  readonly version: string
  readonly token: Redacted.Redacted<string> | undefined
}

// The framework that Polar is built on answers these itself, before any code of Polar runs
const isUnrouted = (status: number, detail: unknown): boolean =>
  (status === 404 || status === 405) && Predicate.isString(detail)

/**
 * The error that a refusal stands for. The status and the name in the body decide, never the sentence. Without a name, the
 * body must have a `detail` and nothing else. A refusal that Polar does not document is `Unavailable`, and in doubt.
 */
export const readErrorBody = <E>(
  { errorFor, operation, secret }: Refusable<E>,
  { status, text }: Answer,
  { host, token, version }: Asked
): E | SeatError.InvalidRequest | SeatError.Unavailable => {
  const withoutSecrets = (text: string) => withoutSecret(withoutSecret(text, token), secret)
  const body = nestsTooDeep(text) ? {} : Option.getOrElse(decodeErrorBody(text), (): ErrorBody => ({}))
  const name = Predicate.isString(body.error) ? PolarRefusal.find(status, body.error) : undefined
  const detail = Predicate.isString(body.detail) ? withoutSecrets(body.detail) : ""
  const own = errorFor({ name, detail, host })
  if (own !== undefined) return own
  if (isAboutRequest(name)) return invalidRequest(name, detail)
  const isDetailOnly = Object.keys(body).join() === "detail"
  // Polar documents the list of issues without a name, and sends it with one
  const mayListIssues = status === 422 && (name !== undefined || isDetailOnly)
  const issues = mayListIssues ? Option.getOrUndefined(decodeIssues(body.detail)) : undefined
  if (issues !== undefined) {
    return new SeatError.InvalidRequest({
      issues: issues.map(({ message, path, type }) => ({
        type: withoutSecrets(type),
        path: path.map((part) => (Predicate.isString(part) ? withoutSecrets(part) : part)),
        message: withoutSecrets(message)
      }))
    })
  }
  if (isDetailOnly && isUnrouted(status, body.detail)) {
    const message = `${host} has no such route, or no version ${version} of the API: check the base URL and the version`
    return new SeatError.InvalidRequest({ issues: [{ type: "NoSuchRoute", path: [], message }] })
  }
  const description = "the status and the body together are none that Polar documents"
  return new SeatError.Unavailable({ operation, reason: unexpectedResponse(status, description), host })
}
