import { holdsExactly } from "@polar-seats/domain/ExactJson"
import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Argument from "effect/cli/Argument"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { switchFlag } from "../globalFlags.ts"

type Infer<Flags extends Command.Command.Config> = Command.Command.Config.Infer<Flags>

const optionalFlag = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.optional)

const repeatedFlag = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.atLeast(0))

/** The flags that name one source of seats. */
const sourceFlags = {
  subscription: optionalFlag("subscription", SubscriptionId, "The subscription that the seats belong to"),
  order: optionalFlag("order", OrderId, "The order that the seats belong to")
}
export type SourceFlags = Infer<typeof sourceFlags>

export const listFlags = {
  ...sourceFlags,
  status: Flag.Literals("status", ["pending", "claimed", "revoked"] as const).pipe(
    Flag.withDescription("List only seats with this status; may be repeated"),
    Flag.atLeast(0)
  ),
  expired: switchFlag("expired", "List only pending seats with a dead link"),
  to: Flag.String("to").pipe(
    Flag.withMetavar("pattern"),
    Flag.withDescription("List only seats whose address matches, such as '*@acme.com'; may be repeated"),
    Flag.atLeast(0)
  ),
  sort: Flag.Literals("sort", ["status", "address", "name", "created", "expires", "claimed"] as const).pipe(
    Flag.withDescription("The order of the seats (default: status, with claimed seats first, or Polar's with --json)"),
    Flag.optional
  ),
  utc: switchFlag("utc", "Show the times in UTC, and not in the time zone of this machine")
}
export type ListFlags = Infer<typeof listFlags>

/** The seats that a command acts on, and where it looks for them. */
const namedSeats = {
  ...sourceFlags,
  seats: Argument.String("seat").pipe(
    Argument.withDescription("The id of a seat. With --subscription or --order, also the address of its holder"),
    Argument.atLeast(1)
  )
}

const journal = Flag.Path("journal").pipe(
  Flag.withDescription("A file that keeps who was mailed, so that the same command can continue an interrupted run"),
  Flag.optional
)

const again = switchFlag("again", "Mail also who was mailed within the last minute, as the file of --journal knows")

const onExpired = Flag.ChoiceWithValue("on-expired", [
  ["fail", "fail"],
  ["resend-anyway", "resendAnyway"],
  ["reissue", "reissue"]
] as const)

export const resendFlags = {
  ...namedSeats,
  onExpired: onExpired.pipe(
    Flag.withDescription("If a link is dead: mail nothing (default), mail the dead link, or mail a new link"),
    Flag.optional
  ),
  journal,
  again
}
export type ResendFlags = Infer<typeof resendFlags>

export const revokeFlags = {
  ...namedSeats,
  yes: switchFlag("yes", "Revoke seats that are or may be claimed without asking")
}
export type RevokeFlags = Infer<typeof revokeFlags>

export const reissueFlags = {
  ...namedSeats,
  journal,
  again,
  yes: switchFlag("yes", "Mail several people without asking")
}
export type ReissueFlags = Infer<typeof reissueFlags>

const units: Readonly<Record<string, Duration.Unit>> = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" }

/** Parses durations such as `36h` and `2 days`. */
const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count = "", word = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? []
  const unit = units[word] ?? Object.values(units).find((unit) => unit === word || unit === `${word}s`)
  return unit === undefined ? Option.none() : Duration.fromInput(`${Number(count)} ${unit}`)
}

export const remindFlags = {
  subscription: repeatedFlag("subscription", SubscriptionId, "A subscription with seats to mail; may be repeated"),
  order: repeatedFlag("order", OrderId, "An order with seats to mail; may be repeated"),
  onExpired: onExpired.pipe(
    Flag.withDescription("If a link is dead: skip the seat, mail the dead link, or mail a new link"),
    Flag.withDefault("fail" as const)
  ),
  olderThan: Flag.String("older-than").pipe(
    Flag.filterMap(parseDuration, (text) => `Expected a duration such as 36h, 2d or "3 days", got ${text}`),
    Flag.withMetavar("duration"),
    Flag.withDescription("Mail only people who were invited at least this long ago, such as 90m, 36h or 2d"),
    Flag.optional
  ),
  to: Flag.String("to").pipe(
    Flag.withMetavar("pattern"),
    Flag.withDescription("Mail only addresses that match, such as '*@acme.com'; may be repeated"),
    Flag.atLeast(0)
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 256 }))),
    Flag.withDescription("The number of seats that the command works on at a time (default 16)"),
    Flag.optional
  ),
  pace: Flag.Int("pace").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    Flag.withDescription(
      "Requests per minute (default: Polar's rate limit, 500, or 100 in the sandbox); 0 is as many as Polar answers"
    ),
    Flag.optional
  ),
  dryRun: switchFlag("dry-run", "Show who would be mailed, and mail nobody"),
  journal,
  retryUnknown: switchFlag("retry-unknown", "Also mail people whose last mail is in doubt in the journal"),
  yes: switchFlag("yes", "Mail several people without asking")
}
export type RemindFlags = Infer<typeof remindFlags>

const parseJson = Schema.decodeOption(Schema.fromJsonString(Schema.Json))

/** Parses `key=value`. A value that is not JSON is taken as text. */
const parsePair = (pair: string): Option.Option<readonly [key: string, value: Schema.Json]> => {
  const separator = pair.indexOf("=")
  const value = pair.slice(separator + 1)
  // A number that JavaScript cannot hold is an id, and would lose digits
  const json = Option.filter(parseJson(value), () => holdsExactly(value))
  return separator > 0 ? Option.some([pair.slice(0, separator), Option.getOrElse(json, () => value)]) : Option.none()
}

export const assignFlags = {
  ...sourceFlags,
  checkout: optionalFlag("checkout", Schema.NonEmptyString, "The checkout of the seats (only with a session)"),
  email: optionalFlag("email", Schema.NonEmptyString, "The e-mail address of the recipient"),
  customer: optionalFlag("customer", CustomerId, "The recipient as a customer, by Polar's id"),
  externalCustomer: optionalFlag("external-customer", Schema.NonEmptyString, "The recipient as a customer, by your id"),
  member: optionalFlag("member", MemberId, "The recipient as a member of the customer, by Polar's id"),
  externalMember: optionalFlag(
    "external-member",
    Schema.NonEmptyString,
    "The recipient as a member, by your id. With --email, Polar creates the member if it does not exist"
  ),
  metadata: Flag.String("metadata").pipe(
    Flag.filterMap(parsePair, (pair) => `Expected key=value, got ${pair}`),
    Flag.withMetavar("key=value"),
    Flag.withDescription(
      "Metadata to store with the seat; may be repeated. A value that is JSON is stored as JSON, unless a number in it is beyond 2^53"
    ),
    Flag.atLeast(0)
  ),
  immediateClaim: switchFlag("immediate-claim", "Claim the seat for the recipient at once, and mail nobody")
}
export type AssignFlags = Infer<typeof assignFlags>

export const claimFlags = {
  info: switchFlag("info", "Only show what the invitation is for"),
  showSession: switchFlag("show-session", "Print the token of the claim's session, which cannot be shown later")
}
export type ClaimFlags = Infer<typeof claimFlags>

export const sessionFlags = {
  customer: optionalFlag("customer", CustomerId, "The customer, by Polar's id"),
  externalCustomer: optionalFlag("external-customer", Schema.NonEmptyString, "The customer, by your id"),
  member: optionalFlag("member", MemberId, "The member of the customer, by Polar's id (default: the owner)"),
  externalMember: optionalFlag("external-member", Schema.NonEmptyString, "The member of the customer, by your id")
}
export type SessionFlags = Infer<typeof sessionFlags>

/** The address that a server listens on, and whether it may be one that other machines can reach. */
export const addressFlags = {
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port to listen on; 0 takes any free port"),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
    Flag.withDefault(0)
  ),
  host: Flag.String("host").pipe(Flag.withDescription("The address to listen on"), Flag.withDefault("127.0.0.1")),
  allowAnyoneToConnect: switchFlag("allow-anyone-to-connect", "Allow an address that other machines can reach")
}
export type AddressFlags = Infer<typeof addressFlags>

export const emulatorFlags = {
  ...addressFlags,
  seed: Flag.File("seed").pipe(Flag.withDescription("A JSON file with the world to start from"), Flag.optional)
}
export type EmulatorFlags = Infer<typeof emulatorFlags>

export const demoFlags = {
  ...sourceFlags,
  yes: switchFlag("yes", "With --subscription or --order: send the one mail of the demo")
}
export type DemoFlags = Infer<typeof demoFlags>
