import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CustomerId, MemberId } from "./Seat.ts"
import { InvalidRequest, type RequestIssue } from "./SeatError.ts"
import type { OrderId, SubscriptionId } from "./SeatSource.ts"
import { Uuid, whyNotUuid } from "./Uuid.ts"

/**
 * Where a seat is taken from: a subscription, an order, or what a checkout led to. Polar knows checkouts on the customer
 * portal alone.
 */
export type AssignmentSource = Data.TaggedEnum<{
  Subscription: { readonly id: SubscriptionId }
  Order: { readonly id: OrderId }
  Checkout: { readonly id: string }
}>
export const AssignmentSource = Data.taggedEnum<AssignmentSource>()

/**
 * Who gets a seat, named in exactly one way. `Email` makes up a member (or a customer, where the organization has no
 * members) if need be. `ExternalMember` with an `email` makes up or links the member; without one it must exist.
 */
export type Recipient = Data.TaggedEnum<{
  Email: { readonly email: string }
  Customer: { readonly id: CustomerId }
  ExternalCustomer: { readonly externalId: string }
  Member: { readonly id: MemberId }
  ExternalMember: { readonly externalId: string; readonly email?: string | undefined }
}>
export const Recipient = Data.taggedEnum<Recipient>()

/** What a seat is assigned with. `metadata` has at most 10 keys and 1024 characters of JSON, as Polar counts them. */
export interface Assignment {
  readonly source: AssignmentSource
  readonly recipient: Recipient
  readonly metadata?: { readonly [key: string]: Schema.Json } | undefined
  /** Claims the seat at once and mails nobody. Default: false. */
  readonly immediateClaim?: boolean | undefined
}

/** The identifier that a recipient was named by, which is also what Polar calls them in its refusals. */
export const identifierOf: (recipient: Recipient) => string = Recipient.$match({
  Email: ({ email }) => email,
  Customer: ({ id }) => id,
  ExternalCustomer: ({ externalId }) => externalId,
  Member: ({ id }) => id,
  ExternalMember: ({ externalId }) => externalId
})

const longestEmail = 254
const named = /^[^<>]*<([^<>]*)>\s*$/
const oddBefore = /[^\w!#$%&'*+\-/=?^`{|}~.\u{80}-\u{10ffff}]/u
const oddAfter = /[^a-z0-9\-.\u{80}-\u{10ffff}]/iu

const shown = (character: string) => (character === " " ? "SPACE" : `'${character}'`)

const whyNotEmail = (email: string): string | undefined => {
  const at = email.indexOf("@")
  if (at === -1) return "An email address must have an @-sign."
  const before = email.slice(0, at)
  const after = email.slice(at + 1)
  if (before === "") return "There must be something before the @-sign."
  if (after === "") return "There must be something after the @-sign."
  const [odd] = oddBefore.exec(before) ?? []
  if (odd !== undefined) return `The email address contains invalid characters before the @-sign: ${shown(odd)}.`
  const [oddHost] = oddAfter.exec(after) ?? []
  if (oddHost !== undefined) return `The part after the @-sign contains invalid characters: ${shown(oddHost)}.`
  if (before.startsWith(".")) return "An email address cannot start with a period."
  if (before.endsWith(".")) return "An email address cannot have a period immediately before the @-sign."
  if (after.startsWith(".")) return "An email address cannot have a period immediately after the @-sign."
  if (after.endsWith(".")) return "An email address cannot end with a period."
  if (email.includes("..")) return "An email address cannot have two periods in a row."
  if (!after.includes(".")) return "The part after the @-sign is not valid. It should have a period."
  const excess = email.length - longestEmail
  return excess > 0
    ? `The email address is too long (${excess} character${excess > 1 ? "s" : ""} too many).`
    : undefined
}

/**
 * An address as Polar keeps it: without the name in front and the blanks around it, its host in lower case. Else why it
 * is none, in the words of the library that Polar asks. What needs a look into the DNS is left to Polar.
 */
export const readEmail = (input: string): Result.Result<string, string> => {
  const email = (named.exec(input)?.[1] ?? input).trim()
  const reason = whyNotEmail(email)
  if (reason !== undefined) return Result.fail(reason)
  const host = email.indexOf("@") + 1
  return Result.succeed(email.slice(0, host) + email.slice(host).toLowerCase())
}

// Polar measures metadata after it was read and written again by Python
const numberLength = (value: number): number => {
  const written = JSON.stringify(value)
  const magnitude = Math.abs(value)
  if (magnitude === 0 || magnitude >= 1e-4) return written.length
  const [digits = "", exponent = ""] = value.toExponential().split("e-")
  return digits.length + 2 + Math.max(2, exponent.length)
}

const escaped = /["\\]|[^ -~]/g
const stringLength = (value: string): number =>
  Array.from(value.matchAll(escaped)).reduce(
    (length, [character]) => length + (/["\\\b\f\n\r\t]/.test(character) ? 1 : 5),
    value.length + 2
  )

const mostKeys = 10
const mostCharacters = 1024
const nulMessage = "Null bytes are not allowed"

/** Why Polar refuses metadata; the path is within it. */
export const whyNotMetadata = (metadata: { readonly [key: string]: unknown }): RequestIssue | undefined => {
  const refused = (message: string): RequestIssue => ({ type: "value_error", path: [], message })
  if (Object.keys(metadata).length > mostKeys) return refused(`Metadata cannot have more than ${mostKeys} keys`)
  // How many characters Polar counts: `", "` and `": "` between things, and ASCII alone, so `ä` is six
  let length = 0
  // No recursion, and no step beyond the limit: what nests deeply, or in itself, is too large before it is anything else
  const left: Array<{ readonly value: unknown; readonly path: RequestIssue["path"] }> = [{ value: metadata, path: [] }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, value } = next
    if (Predicate.isString(value)) {
      if (value.includes("\0")) return refused(nulMessage)
      length += stringLength(value)
    } else if (Predicate.isNumber(value)) {
      if (!Number.isFinite(value)) return { type: "finite_number", path, message: "Input should be a finite number" }
      length += numberLength(value)
    } else if (value === null || Predicate.isBoolean(value)) {
      length += String(value).length
    } else if (Array.isArray(value)) {
      length += Math.max(2, value.length * 2)
      if (length <= mostCharacters) value.forEach((item, index) => left.push({ value: item, path: [...path, index] }))
    } else if (typeof value === "object") {
      const entries = Object.entries(value)
      length += Math.max(2, entries.length * 2)
      for (const [key, item] of entries) {
        if (key.includes("\0")) return refused(nulMessage)
        length += stringLength(key) + 2
        if (length <= mostCharacters) left.push({ value: item, path: [...path, key] })
      }
    } else {
      return { type: "value_error", path, message: "Input should be JSON" }
    }
    if (length > mostCharacters) return refused("Metadata size cannot exceed 1KB")
  }
  return undefined
}

const decodeUuid = Schema.decodeUnknownOption(Uuid)

/**
 * Refuses what Polar would surely refuse, before anything is sent, and reads the rest as Polar does: addresses and ids
 * come out in the spelling that it keeps.
 */
export const check = (assignment: Assignment): Result.Result<Assignment, InvalidRequest> => {
  const { metadata = {}, recipient, source } = assignment
  const issues: Array<RequestIssue> = []
  const refuse = (field: string, type: string, message: string) => {
    issues.push({ type, path: ["body", field], message })
  }
  const text = (field: string, value: string): string => {
    if (value.includes("\0")) refuse(field, "value_error", nulMessage)
    return value
  }
  const email = (input: string): string => {
    if (text("email", input).includes("\0")) return input
    return Result.getOrElse(readEmail(input), (reason) => {
      refuse("email", "value_error", `value is not a valid email address: ${reason}`)
      return input
    })
  }
  const checkout = (input: string): string =>
    Option.getOrElse(decodeUuid(input), () => {
      refuse("checkout_id", "uuid_parsing", `Input should be a valid UUID, ${whyNotUuid(input)}`)
      return input
    })

  const read: Assignment = {
    ...assignment,
    recipient: Recipient.$match(recipient, {
      Email: (named) => Recipient.Email({ email: email(named.email) }),
      Customer: Recipient.Customer,
      ExternalCustomer: ({ externalId }) =>
        Recipient.ExternalCustomer({ externalId: text("external_customer_id", externalId) }),
      Member: Recipient.Member,
      ExternalMember: (named) =>
        Recipient.ExternalMember({
          externalId: text("external_member_id", named.externalId),
          email: named.email === undefined ? undefined : email(named.email)
        })
    }),
    source: source._tag === "Checkout" ? AssignmentSource.Checkout({ id: checkout(source.id) }) : source
  }
  const wrong = whyNotMetadata(metadata)
  if (wrong !== undefined) issues.push({ ...wrong, path: ["body", "metadata", ...wrong.path] })
  return issues.length === 0 ? Result.succeed(read) : Result.fail(new InvalidRequest({ issues }))
}
