import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CustomerId, MemberId } from "./Seat.ts"
import { InvalidRequest, type RequestIssue } from "./SeatError.ts"
import type { OrderId, SubscriptionId } from "./SeatSource.ts"

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

/** How many characters Polar counts in a piece of JSON: `", "` and `": "` between things, and ASCII alone, so `ä` is six. */
export const jsonLength = (value: Schema.Json): number => {
  if (Predicate.isString(value)) return stringLength(value)
  if (Predicate.isNumber(value)) return numberLength(value)
  if (value === null || Predicate.isBoolean(value)) return String(value).length
  const parts = Array.isArray(value)
    ? value.map(jsonLength)
    : Object.entries(value).map(([key, entry]) => stringLength(key) + 2 + jsonLength(entry))
  return 2 + Math.max(0, parts.length - 1) * 2 + parts.reduce((sum, part) => sum + part, 0)
}

const metadataIssue = (message: string): RequestIssue => ({
  type: "value_error",
  path: ["body", "metadata"],
  message
})

/** Refuses metadata that Polar would refuse, before anything is sent. */
export const check = (assignment: Assignment): Result.Result<Assignment, InvalidRequest> => {
  const { metadata = {} } = assignment
  const issue =
    Object.keys(metadata).length > 10
      ? metadataIssue("Metadata cannot have more than 10 keys")
      : jsonLength(metadata) > 1024
        ? metadataIssue("Metadata size cannot exceed 1KB")
        : undefined
  return issue === undefined ? Result.succeed(assignment) : Result.fail(new InvalidRequest({ issues: [issue] }))
}
