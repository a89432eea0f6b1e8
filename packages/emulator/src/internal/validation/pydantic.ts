import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { metadataProblem } from "@polar-seats/domain/Assignment"
import { UuidV4 } from "@polar-seats/domain/Uuid"
import { type ValidationIssue, WholeNumber } from "../../PolarApi.ts"
import { emailProblem } from "./email.ts"
import { canonicalUuid, uuidProblem } from "./uuid.ts"

type Loc = ValidationIssue["loc"]
/** Finds the problems of a value at a place. */
type Check = (input: unknown, loc: Loc) => ReadonlyArray<ValidationIssue>

const issue = (type: string, msg: string, loc: Loc, input: unknown, ctx?: ValidationIssue["ctx"]) => [
  { type, loc, msg, input, ...(ctx === undefined ? {} : { ctx }) }
]
const ruleBroken = (message: string, loc: Loc, input: unknown) =>
  issue("value_error", `Value error, ${message}`, loc, input, { error: {} })

const isUuidV4 = Schema.is(UuidV4)

/** A UUID of any version, or only of version 4. */
export const uuid =
  (version: "any" | "v4"): Check =>
  (input, loc) => {
    if (!Predicate.isString(input)) {
      return issue("uuid_type", "UUID input should be a string, bytes or UUID object", loc, input)
    }
    const error = uuidProblem(input)
    if (error !== undefined) {
      return issue("uuid_parsing", `Input should be a valid UUID, ${error}`, loc, input, { error })
    }
    return version === "v4" && !isUuidV4(canonicalUuid(input))
      ? issue("uuid_version", "UUID version 4 expected", loc, input, { expected_version: 4 })
      : []
  }

const isWholeNumber = Schema.is(WholeNumber)

/** A whole number above zero, in a query. */
export const positiveInt: Check = (input, loc) => {
  if (!isWholeNumber(input)) {
    return issue("int_parsing", "Input should be a valid integer, unable to parse string as an integer", loc, input)
  }
  return Number(input.replaceAll("_", "")) > 0
    ? []
    : issue("greater_than", "Input should be greater than 0", loc, input, { gt: 0 })
}

const text: Check = (input, loc) => {
  if (!Predicate.isString(input)) return issue("string_type", "Input should be a valid string", loc, input)
  // PostgreSQL cannot store NUL, so Polar refuses it in every string
  return input.includes("\0") ? ruleBroken("Null bytes are not allowed", loc, input) : []
}

const email: Check = (input, loc) => {
  const wrong = text(input, loc)
  if (wrong.length > 0 || !Predicate.isString(input)) return wrong
  const reason = emailProblem(input)
  return reason === undefined
    ? []
    : issue("value_error", `value is not a valid email address: ${reason}`, loc, input, { reason })
}

type Body = { readonly [key: string]: unknown }

// Raw numbers are integers of any length, and Polar counts all their digits
const readAsPython = (input: object): unknown =>
  JSON.parse(JSON.stringify(input), (_key, value: unknown, ...[context]: ReadonlyArray<{ readonly source?: string }>) =>
    Predicate.isNumber(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? 0)
      : value
  )

const metadata: Check = (input, loc) => {
  // A raw number is an object too
  const json = Predicate.isObject(input) ? readAsPython(input) : input
  if (!Predicate.isObject(json)) return issue("dict_type", "Input should be a valid dictionary", loc, input)
  const problem = metadataProblem(json)
  return problem === undefined ? [] : ruleBroken(problem.message, loc, input)
}

const truths = new Set<unknown>([true, 1, "1", "true", "t", "yes", "y", "on"])
const falsehoods = new Set<unknown>([false, 0, "0", "false", "f", "no", "n", "off"])
const lower = (input: unknown) => (Predicate.isString(input) ? input.toLowerCase() : input)
/** Whether Pydantic reads a value as true. */
export const isTrue = (input: unknown): boolean => truths.has(lower(input))

const flag: Check = (input, loc) => {
  if (input === undefined || truths.has(lower(input)) || falsehoods.has(lower(input))) return []
  return Predicate.isString(input) || Predicate.isNumber(input)
    ? issue("bool_parsing", "Input should be a valid boolean, unable to interpret input", loc, input)
    : issue("bool_type", "Input should be a valid boolean", loc, input)
}

const orNull =
  (check: Check): Check =>
  (input, loc) =>
    Predicate.isNullish(input) ? [] : check(input, loc)

// Polar reports the first rule that does not hold
const assignmentRules = (body: Body, portal: boolean): ReadonlyArray<readonly [message: string, holds: boolean]> => {
  const has = (...keys: ReadonlyArray<string>) => keys.filter((key) => Predicate.isNotNullish(body[key])).length
  const legacy = has("external_customer_id", "customer_id")
  const member = has("external_member_id", "member_id")
  return [
    portal
      ? [
          "Exactly one of subscription_id, order_id, or checkout_id must be provided",
          has("subscription_id", "order_id", "checkout_id") === 1
        ]
      : ["Exactly one of subscription_id or order_id must be provided", has("subscription_id", "order_id") === 1],
    [
      "At least one of email, external_customer_id, customer_id, external_member_id, or member_id must be provided",
      has("email") + legacy + member > 0
    ],
    ["Cannot combine external_customer_id/customer_id with external_member_id/member_id", legacy === 0 || member === 0],
    ["Cannot provide both external_member_id and member_id", member < 2],
    [
      "Exactly one of email, external_customer_id, or customer_id must be provided",
      legacy === 0 || legacy + has("email") === 1
    ],
    ["Cannot combine member_id with email", has("member_id") + has("email") < 2]
  ]
}

/** Requires a body that is an object. Anything else is reported as missing, or as the wrong type. */
const object =
  (check: (body: Body) => ReadonlyArray<ValidationIssue>) =>
  (body: unknown): ReadonlyArray<ValidationIssue> => {
    const loc = ["body"]
    if (body === undefined) return issue("missing", "Field required", loc, null)
    const message = "Input should be a valid dictionary or object to extract fields from"
    return Predicate.isObject(body) ? check(body) : issue("model_attributes_type", message, loc, body)
  }

/** Checks a `SeatAssign`, or with `portal` a `CustomerSeatAssign`, which also takes a checkout. */
export const assignment = (portal: boolean) =>
  object((body) => {
    const fields: ReadonlyArray<readonly [string, Check]> = [
      ["subscription_id", uuid("any")],
      ["order_id", uuid("any")],
      ["email", email],
      ["external_customer_id", text],
      ["customer_id", uuid("any")],
      ["external_member_id", text],
      ["member_id", uuid("any")],
      ["metadata", metadata],
      ...(portal ? [["checkout_id", uuid("any")] as const] : [])
    ]
    const issues = [
      ...fields.flatMap(([name, check]) => orNull(check)(body[name], ["body", name])),
      ...flag(body["immediate_claim"], ["body", "immediate_claim"])
    ]
    const broken = assignmentRules(body, portal).find((rule) => !rule[1])?.[0]
    return issues.length > 0 || broken === undefined ? issues : ruleBroken(broken, ["body"], body)
  })

const required = (body: Body, name: string, check: Check, within: Loc) =>
  name in body ? check(body[name], [...within, name]) : issue("missing", "Field required", [...within, name], body)

/** Checks a `SeatClaim`. */
export const seatClaim = object((body) => required(body, "invitation_token", text, ["body"]))

/** Checks that a body is a `CustomerSessionCustomerIDCreate` or a `CustomerSessionCustomerExternalIDCreate`. */
export const sessionCreate = object((body) => {
  const shared = (loc: Loc) => [
    ...orNull(uuid("v4"))(body["member_id"], [...loc, "member_id"]),
    ...orNull(text)(body["external_member_id"], [...loc, "external_member_id"]),
    ...orNull(text)(body["return_url"], [...loc, "return_url"])
  ]
  const variant = (name: string, key: string, check: Check) => [
    ...shared(["body", name]),
    ...required(body, key, check, ["body", name])
  ]
  const byId = variant("CustomerSessionCustomerIDCreate", "customer_id", uuid("v4"))
  const byExternalId = variant("CustomerSessionCustomerExternalIDCreate", "external_customer_id", text)
  return byId.length === 0 || byExternalId.length === 0 ? [] : [...byId, ...byExternalId]
})
