import * as Effect from "effect/Effect"
import * as Iterable from "effect/Iterable"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { CustomerId, KnownSeatStatus, MemberId, SeatId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Uuid } from "@polar-seats/domain/Uuid"
import * as Bounds from "./internal/bounds.ts"
import { TeamWorld, type TeamInput } from "./internal/team.ts"
import { canonicalUuid } from "./internal/validation/uuid.ts"
import { type WorldIssue as Issue, worldIssues } from "./internal/worldIssues.ts"
import { WorldTime } from "./internal/worldTime.ts"

export type { TeamInput, TeamWorld } from "./internal/team.ts"

const orElse = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)
const nullable = <S extends Schema.Constraint>(schema: S) => orElse(Schema.NullOr(schema), null)
const SeatCount = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const WorldOrganization = Schema.Struct({
  id: Schema.optionalKey(Uuid),
  slug: Schema.NonEmptyString,
  name: nullable(Schema.String),
  memberModelEnabled: orElse(Schema.Boolean, true),
  rateLimitGroup: orElse(Schema.Literals(["restricted", "default", "elevated"]), "default")
})

const WorldProduct = Schema.Struct({
  id: Schema.optionalKey(Uuid),
  organization: Schema.String,
  name: orElse(Schema.String, "Product")
})

const WorldCustomer = Schema.Struct({
  id: Schema.optionalKey(CustomerId),
  organization: Schema.String,
  email: Schema.String,
  name: nullable(Schema.String),
  externalId: nullable(Schema.String)
})

const WorldMember = Schema.Struct({
  id: Schema.optionalKey(MemberId),
  customer: CustomerId,
  email: Schema.String,
  name: nullable(Schema.String),
  externalId: nullable(Schema.String),
  role: orElse(Schema.Literals(["owner", "billing_manager", "member"]), "member")
})

const WorldSubscription = Schema.Struct({
  id: Schema.optionalKey(SubscriptionId),
  product: Uuid,
  customer: CustomerId,
  seats: orElse(SeatCount, 1),
  checkoutId: nullable(Uuid)
})

const WorldOrder = Schema.Struct({
  id: Schema.optionalKey(OrderId),
  product: nullable(Uuid),
  customer: CustomerId,
  seats: orElse(SeatCount, 1),
  status: orElse(Schema.Literals(["paid", "pending"]), "paid"),
  checkoutId: nullable(Uuid)
})

const JsonObjectText = Schema.String.check(
  Schema.makeFilter((text) => Predicate.isObject(Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))), {
    message: "is not the text of a JSON object"
  })
)

const WorldSeat = Schema.Struct({
  id: Schema.optionalKey(SeatId),
  subscriptionId: nullable(SubscriptionId),
  orderId: nullable(OrderId),
  status: KnownSeatStatus,
  email: nullable(Schema.String),
  customerId: nullable(CustomerId),
  memberId: nullable(MemberId),
  invitationToken: nullable(Schema.RedactedFromValue(Schema.String)),
  invitationTokenExpiresAt: nullable(WorldTime),
  claimedAt: nullable(WorldTime),
  revokedAt: nullable(WorldTime),
  createdAt: nullable(WorldTime),
  seatMetadata: orElse(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)), {}),
  /** The metadata as text, in place of `seatMetadata`: for numbers that JavaScript cannot hold. */
  exactMetadata: Schema.optionalKey(JsonObjectText)
})

/** The scopes of an organization token that concern seats. */
export const Scope = Schema.Literals(["customer_seats:read", "customer_seats:write", "customer_sessions:write"])
export type Scope = typeof Scope.Type

const tokenKinds = {
  customer: { who: "a customer", prefixes: ["polar_cst_"] },
  member: { who: "a member", prefixes: ["polar_mst_"] },
  organization: { who: "an organization", prefixes: ["polar_oat_", "polar_at_o_"] },
  userOf: { who: "a user of organizations", prefixes: ["polar_pat_", "polar_at_u_"] }
} as const
const holders = Struct.keys(tokenKinds)

const WorldToken = Schema.Struct({
  token: Schema.RedactedFromValue(Schema.NonEmptyString),
  customer: Schema.optionalKey(CustomerId),
  member: Schema.optionalKey(MemberId),
  organization: Schema.optionalKey(Schema.String),
  userOf: Schema.optionalKey(Schema.Array(Schema.String)),
  scopes: orElse(Schema.Array(Scope), []),
  expiresAt: nullable(WorldTime)
}).check(
  Schema.makeFilter((token) => holders.filter((holder) => token[holder] !== undefined).length === 1, {
    message: "a token must belong to exactly one of a customer, a member, an organization, or a user of organizations"
  })
)

/**
 * The seed data of `SeatsMemory.layer` and the emulator. Every table is optional, and so is the id of a row, which is
 * generated if it is missing. Odd states load too: a pending seat without a token or a recipient, a claimed seat with a
 * token, more seats than were paid for.
 *
 * A time is an ISO 8601 text, or relative to the time of the seed: `-6 hours` or `+18 hours`, with a sign, a number, and
 * `millis`, `seconds`, `minutes`, `hours`, `days` or `weeks`. A relative time becomes an instant each time that the world is
 * loaded, by the clock of the layer: under `it.effect` that is `TestClock`.
 */
export const World = Schema.Struct({
  organizations: Schema.optionalKey(Schema.Array(WorldOrganization)),
  products: Schema.optionalKey(Schema.Array(WorldProduct)),
  customers: Schema.optionalKey(Schema.Array(WorldCustomer)),
  members: Schema.optionalKey(Schema.Array(WorldMember)),
  subscriptions: Schema.optionalKey(Schema.Array(WorldSubscription)),
  orders: Schema.optionalKey(Schema.Array(WorldOrder)),
  seats: Schema.optionalKey(Schema.Array(WorldSeat)),
  tokens: Schema.optionalKey(Schema.Array(WorldToken))
})
export type World = typeof World.Type

/** A world as a test or a seed file writes it: plain strings and numbers, and only what differs from the defaults. */
export type WorldInput = typeof World.Encoded

/**
 * The world is invalid: a wrong type, a value outside an enum, a reference to a missing row, an id that two rows share, or
 * a token with the prefix of another kind. `issues` has every problem. Its paths are table, index and field. For a team, they
 * are the key and the index in the input of `team`.
 */
export class InvalidWorld extends Schema.TaggedError<InvalidWorld>()("InvalidWorld", {
  issues: Schema.Array(
    Schema.Struct({
      path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
      message: Schema.String
    })
  )
}) {
  override get message() {
    return `The world is invalid, and was not loaded: ${this.issues
      .map(({ message, path }) => (path.length > 0 ? `${path.join(".")} ${message}` : message))
      .join("; ")}.`
  }
}

const references = [
  ["products", "organization", "organizations", "slug"],
  ["customers", "organization", "organizations", "slug"],
  ["members", "customer", "customers", "id"],
  ["subscriptions", "product", "products", "id"],
  ["subscriptions", "customer", "customers", "id"],
  ["orders", "product", "products", "id"],
  ["orders", "customer", "customers", "id"],
  ["seats", "subscriptionId", "subscriptions", "id"],
  ["seats", "orderId", "orders", "id"],
  ["seats", "customerId", "customers", "id"],
  ["seats", "memberId", "members", "id"],
  ["tokens", "customer", "customers", "id"],
  ["tokens", "member", "members", "id"],
  ["tokens", "organization", "organizations", "slug"],
  ["tokens", "userOf", "organizations", "slug"]
] as const

const keys = [
  ["organizations", "id"],
  ["organizations", "slug"],
  ["products", "id"],
  ["customers", "id"],
  ["members", "id"],
  ["subscriptions", "id"],
  ["orders", "id"],
  ["seats", "id"],
  ["tokens", "token"]
] as const

// Reads the input, not the decoded world, so that one wrong type does not hide the wrong references
const rowsOf = (input: unknown, table: string): ReadonlyArray<unknown> => {
  const rows = Predicate.isObject(input) ? Reflect.get(input, table) : undefined
  return Array.isArray(rows) ? rows : []
}
const valuesOf = (row: unknown, field: string): ReadonlyArray<string> => {
  const value: unknown = Predicate.isObject(row) ? Reflect.get(row, field) : undefined
  return (Array.isArray(value) ? value : [value]).filter(Predicate.isString).map(canonicalUuid)
}
const columnOf = (input: unknown, table: string, field: string) =>
  Iterable.flatMap(rowsOf(input, table), (row, index) =>
    valuesOf(row, field).map((value) => ({ value, path: [table, index, field] }))
  )
const setOf = (input: unknown, table: string, field: string): ReadonlySet<string> =>
  new Set(Iterable.map(columnOf(input, table, field), ({ value }) => value))

const danglingReferences = (input: unknown): Iterable<Issue> =>
  Iterable.flatMap(references, ([table, field, target, key]) => {
    const known = setOf(input, target, key)
    return Iterable.map(
      Iterable.filter(columnOf(input, table, field), ({ value }) => !known.has(value)),
      ({ path, value }) => ({ path, message: `is ${value}, but none of the ${target} has this ${key}` })
    )
  })

const duplicates = (input: unknown): Iterable<Issue> =>
  Iterable.flatMap(keys, ([table, key]) => {
    const seen = new Set<string>()
    return Iterable.map(
      Iterable.filter(columnOf(input, table, key), ({ value }) => seen.size === seen.add(value).size),
      ({ path }) => ({ path, message: `is also the ${key} of another of the ${table}` })
    )
  })

// A source is looked up by its id alone, so a subscription and an order cannot share one
const sharedSources = (input: unknown): Iterable<Issue> => {
  const subscriptions = setOf(input, "subscriptions", "id")
  return Iterable.map(
    Iterable.filter(columnOf(input, "orders", "id"), ({ value }) => subscriptions.has(value)),
    ({ path }) => ({ path, message: "is also the id of one of the subscriptions" })
  )
}

// Polar tells the kind of a token by its prefix
const wrongPrefixes = (input: unknown): Iterable<Issue> =>
  Iterable.flatMap(rowsOf(input, "tokens"), (row, index) => {
    const [token] = valuesOf(row, "token")
    const [holder, ...others] = holders.filter((key) => Predicate.isObject(row) && Reflect.get(row, key) !== undefined)
    if (token === undefined || holder === undefined || others.length > 0) return []
    const { prefixes, who } = tokenKinds[holder]
    const message = `must begin with ${prefixes.join(" or ")}, because the token belongs to ${who}`
    return prefixes.some((prefix) => token.startsWith(prefix)) ? [] : [{ path: ["tokens", index, "token"], message }]
  })

const retiredKey = "seatBasedPricingEnabled"

/** A world without the switch for seats that each organization had until September 2026. Older seeds still set it. */
const withoutRetiredKey = (input: unknown): unknown => {
  if (!Predicate.hasProperty(input, "organizations") || !Array.isArray(input.organizations)) return input
  const organizations = input.organizations.map((row: unknown) =>
    Predicate.hasProperty(row, retiredKey)
      ? Object.fromEntries(Object.entries(row).filter(([key]) => key !== retiredKey))
      : row
  )
  return { ...input, organizations }
}

// A misspelled key would silently have no effect, so unknown keys are refused
const decode = Schema.decodeUnknownResult(World, { errors: "all", onExcessProperty: "error" })
const decodeLarge = Schema.decodeUnknownResult(World, { onExcessProperty: "error" })

const isLarge = (input: unknown): boolean => {
  let count = 0
  const left = [input]
  while (left.length > 0) {
    const value = left.pop()
    if (!Predicate.isObjectOrArray(value)) continue
    const values: ReadonlyArray<unknown> = Object.values(value)
    count += values.length
    if (count > Bounds.smallWorld) return true
    for (const item of values) left.push(item)
  }
  return false
}

/**
 * Reads a world. Fails with every problem at once, but at most 1,000. The problems with types would fill the memory in a
 * world of more than 100,000 values, so the first of them stands for all.
 */
export const load = (input: unknown): Result.Result<World, InvalidWorld> => {
  const ofTeam = TeamWorld.issuesOf(input) ?? []
  if (ofTeam.length > 0) return Result.fail(new InvalidWorld({ issues: ofTeam }))
  const decoded = (isLarge(input) ? decodeLarge : decode)(withoutRetiredKey(input))
  const types = Result.isSuccess(decoded) ? [] : worldIssues(decoded.failure.issue)
  const checks = [danglingReferences, duplicates, sharedSources, wrongPrefixes]
  const others = Iterable.flatMap(checks, (check) => check(input))
  const issues = Array.from(Iterable.take(Iterable.appendAll(types, others), Bounds.worldIssues))
  return Result.isSuccess(decoded) && issues.length === 0
    ? Result.succeed(decoded.success)
    : Result.fail(new InvalidWorld({ issues }))
}

/**
 * A whole team in one line: an organization `acme`, its product `Acme Pro`, a buyer, and people with seats, invitation tokens
 * and sessions. A pending invitation is live for 18 more hours, and an expired one ended 6 hours ago, by the clock of the
 * layer. All ids and tokens are the same in every run, and the team tells them. A team that contradicts itself fails
 * when a layer loads it, with `InvalidWorld`: more people than seats, an address that Polar refuses, or two spellings of one.
 */
export const team = <Address extends string = never>(input: TeamInput<Address>): TeamWorld<Address> =>
  new TeamWorld(input)
