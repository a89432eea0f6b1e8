import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { CustomerId, MemberId } from "./Seat.ts"
import { InvalidRequest, type RequestIssue } from "./SeatError.ts"
import type { OrderId, SubscriptionId } from "./SeatSource.ts"

/** The subscription, order or checkout that a seat is taken from. Polar takes a checkout only on the customer portal. */
export type AssignmentSource = Data.TaggedEnum<{
  Subscription: { readonly id: SubscriptionId }
  Order: { readonly id: OrderId }
  Checkout: { readonly id: string }
}>
export const AssignmentSource = Data.taggedEnum<AssignmentSource>()

/**
 * The person who gets a seat, named in exactly one way. With an `Email` that it does not know, Polar creates a member, or
 * a customer if the organization has no members. With an `email`, `ExternalMember` creates or links the member. Without
 * one, the member must exist.
 */
export type Recipient = Data.TaggedEnum<{
  Email: { readonly email: string }
  Customer: { readonly id: CustomerId }
  ExternalCustomer: { readonly externalId: string }
  Member: { readonly id: MemberId }
  ExternalMember: { readonly externalId: string; readonly email?: string | undefined }
}>
export const Recipient = Data.taggedEnum<Recipient>()

/** The input of `Seats.assign`. */
export interface Assignment {
  readonly source: AssignmentSource
  readonly recipient: Recipient
  /** At most 10 keys, and 1024 characters of JSON as Polar counts them. Pass a number beyond 2^53 as text. */
  readonly metadata?: { readonly [key: string]: Schema.Json } | undefined
  /** Claims the seat at once and mails nobody. Default: false. */
  readonly immediateClaim?: boolean | undefined
}

/** The fields of Polar's request that name a recipient, the identifier first. */
export const recipientFields: (recipient: Recipient) => { readonly [field: string]: string | undefined } =
  Recipient.$match({
    Email: ({ email }) => ({ email }),
    Customer: ({ id }) => ({ customer_id: id }),
    ExternalCustomer: ({ externalId }) => ({ external_customer_id: externalId }),
    Member: ({ id }) => ({ member_id: id }),
    ExternalMember: ({ email, externalId }) => ({ external_member_id: externalId, email })
  })

/** The identifier that names a recipient. Polar repeats it in its refusals. */
export const identifierOf = (recipient: Recipient): string => Object.values(recipientFields(recipient))[0] ?? ""

// Polar measures metadata after Python has parsed it and written it again
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

const notJson = { type: "value_error", message: "Input should be JSON" }
const maxKeys = 10
const maxCharacters = 1024

// JavaScript has rounded an integer beyond 2^53 before anybody can look at it
const isRounded = (value: unknown) => Number.isInteger(value) && !Number.isSafeInteger(value)

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Array.isArray(value) || Object.getPrototypeOf(prototype) === null
}

/** The problem of a value that JSON would change, such as a `Date`, a bigint, or an integer that was rounded. */
const unsendable = (value: unknown): Omit<RequestIssue, "path"> | undefined => {
  if (Predicate.isBigInt(value) || isRounded(value)) {
    return { type: "inexact_number", message: "Input should be a number within 2^53: pass a larger one as text" }
  }
  return Predicate.isObjectOrArray(value) && !isPlain(value) ? notJson : undefined
}

/**
 * The problem that Polar finds in the metadata of an assignment. Its path starts in the metadata. A bigint stands for a
 * number that Polar holds, and JavaScript does not. `problemOf` finds more problems of a value.
 */
export const metadataProblem = (
  metadata: { readonly [key: string]: unknown },
  problemOf: (value: unknown) => Omit<RequestIssue, "path"> | undefined = () => undefined
): RequestIssue | undefined => {
  const refused = (message: string): RequestIssue => ({ type: "value_error", path: [], message })
  const hasNul = refused("Null bytes are not allowed")
  if (Object.keys(metadata).length > maxKeys) return refused(`Metadata cannot have more than ${maxKeys} keys`)
  // The characters that Polar counts: `", "` and `": "` as separators, and only ASCII, so `ä` counts as six
  let length = 0
  // A loop that stops at the limit, not a recursion: metadata that nests deeply, or contains itself, is too large first
  const left: Array<{ readonly value: unknown; readonly path: RequestIssue["path"] }> = [{ value: metadata, path: [] }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, value } = next
    const problem = problemOf(value)
    if (problem !== undefined) return { ...problem, path }
    if (Predicate.isString(value)) {
      if (value.includes("\0")) return hasNul
      length += stringLength(value)
    } else if (Predicate.isNumber(value)) {
      if (!Number.isFinite(value)) return { type: "finite_number", path, message: "Input should be a finite number" }
      length += numberLength(value)
    } else if (value === null || Predicate.isBoolean(value) || Predicate.isBigInt(value)) {
      length += String(value).length
    } else if (Array.isArray(value)) {
      length += Math.max(2, value.length * 2)
      // Not `forEach`, which skips a hole
      const items = length <= maxCharacters ? value.entries() : []
      for (const [index, item] of items) left.push({ value: item, path: [...path, index] })
    } else if (typeof value === "object") {
      const entries = Object.entries(value)
      length += Math.max(2, entries.length * 2)
      for (const [key, item] of entries) {
        if (key.includes("\0")) return hasNul
        length += stringLength(key) + 2
        if (length <= maxCharacters) left.push({ value: item, path: [...path, key] })
      }
    } else {
      return { ...notJson, path }
    }
    if (length > maxCharacters) return refused("Metadata size cannot exceed 1KB")
  }
  return undefined
}

/**
 * Refuses an assignment that nobody can mean, before anything is sent: an empty recipient, or metadata that JSON cannot
 * hold or that exceeds Polar's limits, or a number beyond 2^53. Polar judges everything else, such as the spelling of an
 * address.
 */
export const validate = (assignment: Assignment): Result.Result<Assignment, InvalidRequest> => {
  const { metadata = {}, recipient } = assignment
  const issues: Array<RequestIssue> = Object.entries(recipientFields(recipient))
    .filter(([, value]) => value?.trim() === "")
    .map(([field]) => ({ type: "value_error", path: ["body", field], message: "must not be empty" }))
  const problem = metadataProblem(metadata, unsendable)
  if (problem !== undefined) issues.push({ ...problem, path: ["body", "metadata", ...problem.path] })
  return issues.length === 0 ? Result.succeed(assignment) : Result.fail(new InvalidRequest({ issues }))
}
