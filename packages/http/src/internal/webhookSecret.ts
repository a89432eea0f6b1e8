import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

const encoder = new TextEncoder()
const standardPrefix = "whsec_"

/** The bytes of a base64 text with its padding or without, or undefined if it is none. */
const decodeBase64 = (text: string): Uint8Array | undefined => {
  const digits = text.replace(/={1,2}$/, "")
  const bytes = Result.getOrUndefined(Base64.decode(digits.padEnd(Math.ceil(digits.length / 4) * 4, "=")))
  // The decoder skips line breaks
  return bytes !== undefined && bytes.length > 0 && /^[\w+/]*$/.test(digits) ? bytes : undefined
}

/** Why a text cannot be the secret of an endpoint, or undefined if it can. It never repeats the text. */
export const secretProblem = (secret: unknown): string | undefined => {
  if (!Predicate.isString(secret)) return "is not a string"
  if (secret === "") return "is empty"
  if (/[\r\n]/.test(secret)) return "contains a line break, which no secret of Polar has: remove it"
  if (secret.trim() !== secret) return "begins or ends with a blank, which no secret of Polar does: remove it"
  if (/^["'`“‘]|["'`”’]$/.test(secret)) return "has quotes around it: remove them"
  if (secret.startsWith(standardPrefix) && decodeBase64(secret.slice(standardPrefix.length)) === undefined) {
    return `begins with ${standardPrefix}, but the rest is not base64: copy the whole secret of the endpoint again`
  }
  return undefined
}

/**
 * The keys that Polar may sign with: the bytes of the whole secret, and the key of Standard Webhooks for secrets made since
 * 2026-09-08. No request says which one, so both are accepted, as in Polar's own SDK.
 */
export const deriveKeys = Effect.fnUntraced(function* (secret: string) {
  const whole = yield* Mac.key(Mac.hmacSha256, encoder.encode(secret))
  const prefixed = secret.startsWith(standardPrefix)
  const decoded = decodeBase64(prefixed ? secret.slice(standardPrefix.length) : secret)
  if (decoded === undefined) return { signing: whole, accepted: [whole] }
  const standard = yield* Mac.key(Mac.hmacSha256, decoded)
  return { signing: prefixed ? standard : whole, accepted: [standard, whole] }
})
