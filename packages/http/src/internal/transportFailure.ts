import * as SeatError from "@polar-seats/domain/SeatError"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"

const { NotSent, OutcomeUnknown } = SeatError.UnavailableReason.cases

// docs/transport-failures.md says what each failure means, and why

// These system calls run before there is a connection, whatever the code is: ETIMEDOUT, ECONNRESET, EHOSTUNREACH, ...
const beforeConnection = new Set(["connect", "getaddrinfo"])

// Codes that mean the same if no system call is named. UND_ERR_CONNECT_TIMEOUT covers the TLS handshake, and Node gives
// ERR_PROXY_TUNNEL if the proxy does not connect
const neverConnected = /^(ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|UND_ERR_CONNECT_TIMEOUT|ERR_PROXY_TUNNEL)$/

// The certificate errors that Node documents. The client hangs up after the handshake and before the request
const badCertificate = new Set(
  `CERT_CHAIN_TOO_LONG CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REJECTED CERT_REVOKED CERT_SIGNATURE_FAILURE
  CERT_UNTRUSTED CRL_HAS_EXPIRED CRL_NOT_YET_VALID CRL_SIGNATURE_FAILURE DEPTH_ZERO_SELF_SIGNED_CERT
  ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD
  ERROR_IN_CRL_NEXT_UPDATE_FIELD ERR_TLS_CERT_ALTNAME_FORMAT ERR_TLS_CERT_ALTNAME_INVALID HOSTNAME_MISMATCH
  INVALID_CA INVALID_PURPOSE PATH_LENGTH_EXCEEDED SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
  UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_GET_CRL UNABLE_TO_GET_ISSUER_CERT
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE`.split(/\s+/)
)

const textOf = (failure: object, key: "code" | "syscall"): string => {
  const value: unknown = Reflect.get(failure, key)
  return Predicate.isString(value) ? value : ""
}

/** The failure with the code. `fetch` puts it into a `TypeError` without a code. */
const codedFailure = (cause: unknown): object => {
  if (!Predicate.isObject(cause)) return {}
  const inner: unknown = Reflect.get(cause, "cause")
  return textOf(cause, "code") === "" && Predicate.isObject(inner) ? inner : cause
}

const isUnconnected = (failure: unknown): boolean => {
  if (!Predicate.isObject(failure)) return false
  const syscall = textOf(failure, "syscall")
  return syscall === "" ? neverConnected.test(textOf(failure, "code")) : beforeConnection.has(syscall)
}

/** Why it is certain that no byte of the request left, or undefined if that is not certain. */
const notSentBecause = (failure: object): string | undefined => {
  const unreachable = "Polar could not be reached"
  // If a host has several addresses, each has an error of its own. All must be certain
  const errors: unknown = Reflect.get(failure, "errors")
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(isUnconnected) ? unreachable : undefined
  if (isUnconnected(failure)) return unreachable
  const code = textOf(failure, "code")
  if (badCertificate.has(code)) return "Polar's certificate was not accepted"
  // undici throws this while it makes the request, before it looks for a connection
  return code === "UND_ERR_INVALID_ARG" ? "the client refused to send it" : undefined
}

const codeSuffix = (failure: object): string => {
  const code = textOf(failure, "code")
  return /^[A-Z_0-9]+$/.test(code) ? ` (${code})` : ""
}

/** The request cannot be written, so it was not sent. */
export const unwritable = (): SeatError.UnavailableReason => NotSent.make({ description: "it could not be written" })

/** The reason for a request that failed before its answer began. The whole body must have been known beforehand. */
export const requestFailure = (cause: unknown): SeatError.UnavailableReason => {
  const failure = codedFailure(cause)
  const why = notSentBecause(failure)
  return why === undefined ? answerFailure(cause) : NotSent.make({ description: `${why}${codeSuffix(failure)}` })
}

/** The reason for an answer that broke off, or for a request that may have left. */
export const answerFailure = (cause: unknown): SeatError.UnavailableReason =>
  OutcomeUnknown.make({
    description: `the connection failed before the answer was complete${codeSuffix(codedFailure(cause))}`
  })

/** Sorts a failure of the transport: `NotSent` if it is certain that nothing was sent, otherwise `OutcomeUnknown`. */
export const transportFailure = ({ reason }: HttpClientError.HttpClientError): SeatError.UnavailableReason => {
  if (reason._tag === "InvalidUrlError") return unwritable()
  // A streamed body can fail with any error, even with a refused connection of its own, after the headers have left
  const { body } = reason.request
  if (body._tag === "Empty" || body._tag === "Uint8Array") {
    if (reason._tag === "EncodeError") return unwritable()
    if (reason._tag === "TransportError") return requestFailure(reason.cause)
  }
  return answerFailure(reason.cause)
}
