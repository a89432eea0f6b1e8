import * as SeatError from "@polar-seats/domain/SeatError"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"

const { NotSent, OutcomeUnknown } = SeatError.UnavailableReason.cases

// Which failure means what, and how that is known: docs/transport-failures.md

// The system call says that there was no connection yet, whatever the code is: ETIMEDOUT, ECONNRESET, EHOSTUNREACH, ...
const beforeConnection = new Set(["connect", "getaddrinfo"])

// Codes that mean the same where no system call is named. UND_ERR_CONNECT_TIMEOUT covers the handshake of TLS
const neverConnected = /^(ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|UND_ERR_CONNECT_TIMEOUT)$/

// The certificate errors of Node's documentation: the client hangs up after the handshake and before the request
const badCertificate = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CRL_LAST_UPDATE_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

const textOf = (failure: object, key: string): string | undefined => {
  const value: unknown = Reflect.get(failure, key)
  return Predicate.isString(value) ? value : undefined
}

/** The failure itself, or the one that fetch puts into a `TypeError` without a code. */
const failureOf = (cause: unknown): object => {
  if (!Predicate.isObject(cause)) return {}
  const inner: unknown = Reflect.get(cause, "cause")
  return textOf(cause, "code") === undefined && Predicate.isObject(inner) ? inner : cause
}

const isUnconnected = (failure: unknown): boolean => {
  if (!Predicate.isObject(failure)) return false
  const syscall = textOf(failure, "syscall")
  return syscall === undefined ? neverConnected.test(textOf(failure, "code") ?? "") : beforeConnection.has(syscall)
}

/** Why it is certain that no byte of the request left, or undefined where it is not. */
const whyUnsent = (failure: object): string | undefined => {
  const unreachable = "Polar could not be reached"
  // Of several addresses each has an error of its own, and one that is uncertain makes the whole uncertain
  const errors: unknown = Reflect.get(failure, "errors")
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(isUnconnected) ? unreachable : undefined
  if (isUnconnected(failure)) return unreachable
  const code = textOf(failure, "code") ?? ""
  if (badCertificate.has(code)) return "Polar's certificate was not accepted"
  // Thrown while undici makes the request, before it looks for a connection
  return code === "UND_ERR_INVALID_ARG" ? "the client refused to send it" : undefined
}

const codeIn = (failure: object): string => {
  const code = textOf(failure, "code") ?? ""
  return /^[A-Z_0-9]+$/.test(code) ? ` (${code})` : ""
}

/** Why there is no answer to what cannot be written. */
export const unwritable = (): SeatError.UnavailableReason => NotSent.make({ description: "it could not be written" })

/** Why there is no answer, where a request failed before its answer began. Its body was there from the start. */
export const failedToSend = (cause: unknown): SeatError.UnavailableReason => {
  const failure = failureOf(cause)
  const why = whyUnsent(failure)
  return why === undefined ? failedToAnswer(cause) : NotSent.make({ description: `${why}${codeIn(failure)}` })
}

/** Why there is no answer, where it broke off, or nobody knows how far it came. */
export const failedToAnswer = (cause: unknown): SeatError.UnavailableReason =>
  OutcomeUnknown.make({
    description: `the connection failed before the answer was complete${codeIn(failureOf(cause))}`
  })

/** Sorts a failure of the transport into one where nothing was sent and one where nobody knows. A doubt counts as the latter. */
export const transportReason = ({ reason }: HttpClientError.HttpClientError): SeatError.UnavailableReason => {
  if (reason._tag === "InvalidUrlError") return unwritable()
  // A body that is read while it is sent fails with anything, its own refused connection included, after the headers left
  const { body } = reason.request
  if (body._tag === "Empty" || body._tag === "Uint8Array") {
    if (reason._tag === "EncodeError") return unwritable()
    if (reason._tag === "TransportError") return failedToSend(reason.cause)
  }
  return failedToAnswer(reason.cause)
}
