import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { root } from "../globalFlags.ts"

/** A command whose module loads when it runs, so that `--help` and every other command start without it. */
const lazyCommand = <const Name extends string, const Flags extends Command.Command.Config, E, R>(
  name: Name,
  flags: Flags,
  load: () => Promise<{ readonly run: (flags: Command.Command.Config.Infer<Flags>) => Effect.Effect<void, E, R> }>,
  description: string,
  ...examples: ReadonlyArray<Command.Command.Example>
) =>
  Command.make(name, flags, (values) => Effect.flatMap(Effect.promise(load), ({ run }) => run(values))).pipe(
    Command.withDescription(description),
    Command.withExamples(examples)
  )

const optionalFlag = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.optional)

const switchFlag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const source = {
  subscription: optionalFlag("subscription", SubscriptionId, "The subscription that the seats belong to"),
  order: optionalFlag("order", OrderId, "The order that the seats belong to")
}

const seatIds = { ids: Argument.String("seat-id").pipe(Argument.atLeast(1)) }

const repeatedFlag = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.atLeast(0))

const journal = Flag.Path("journal").pipe(
  Flag.withDescription("A file that keeps who was mailed, so that the same command can continue an interrupted run"),
  Flag.optional
)

const list = lazyCommand("list", source, () => import("./list.ts"), "List the seats of a subscription or an order")

const resend = lazyCommand(
  "resend",
  seatIds,
  () => import("./resend.ts"),
  "Resend the invitations of pending seats. Every run mails each holder again",
  {
    command: "polar-seats resend 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
    description: "Resend one invitation with the session in POLAR_CUSTOMER_SESSION"
  }
)

const revoke = lazyCommand(
  "revoke",
  seatIds,
  () => import("./revoke.ts"),
  "Revoke pending and claimed seats without asking. A revoked seat stays revoked"
)

const reissue = lazyCommand(
  "reissue",
  { ...seatIds, ...source, journal, yes: switchFlag("yes", "Mail several people without asking") },
  () => import("./reissue.ts"),
  "Revoke pending seats and assign them to the same people again, which mails new links that work for 24 hours",
  {
    command:
      "polar-seats reissue 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e",
    description: "Replace a dead link"
  }
)

const units: Readonly<Record<string, Duration.Unit>> = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" }

/** Parses durations such as `36h` and `2 days`. */
const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count = "", word = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? []
  const unit = units[word] ?? Object.values(units).find((unit) => unit === word || unit === `${word}s`)
  return unit === undefined ? Option.none() : Duration.fromInput(`${Number(count)} ${unit}`)
}

const remind = lazyCommand(
  "remind",
  {
    subscription: repeatedFlag("subscription", SubscriptionId, "A subscription with seats to mail; may be repeated"),
    order: repeatedFlag("order", OrderId, "An order with seats to mail; may be repeated"),
    onExpired: Flag.ChoiceWithValue("on-expired", [
      ["fail", "fail"],
      ["resend-anyway", "resendAnyway"],
      ["reissue", "reissue"]
    ] as const).pipe(
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
  },
  () => import("./remind.ts"),
  "Mail every pending seat of some subscriptions and orders again, each person once, as fast as Polar allows",
  {
    command:
      "polar-seats remind --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --on-expired reissue --journal acme.journal",
    description: "Remind everybody, and replace dead links. If the command is interrupted, run it again to continue"
  }
)

const parseJson = Schema.decodeOption(Schema.fromJsonString(Schema.Json))

/** Parses `key=value`. A value that is not JSON is taken as text. */
const parsePair = (pair: string): Option.Option<readonly [key: string, value: Schema.Json]> => {
  const separator = pair.indexOf("=")
  const value = pair.slice(separator + 1)
  // A number this large is an id, and would lose digits
  const json = Option.filter(parseJson(value), (json) => !Number.isInteger(json) || Number.isSafeInteger(json))
  return separator > 0 ? Option.some([pair.slice(0, separator), Option.getOrElse(json, () => value)]) : Option.none()
}

const assign = lazyCommand(
  "assign",
  {
    ...source,
    checkout: optionalFlag("checkout", Schema.NonEmptyString, "The checkout of the seats (only with a session)"),
    email: optionalFlag("email", Schema.NonEmptyString, "The e-mail address of the recipient"),
    customer: optionalFlag("customer", CustomerId, "The recipient as a customer, by Polar's id"),
    externalCustomer: optionalFlag(
      "external-customer",
      Schema.NonEmptyString,
      "The recipient as a customer, by your id"
    ),
    member: optionalFlag("member", MemberId, "The recipient as a member of the customer, by Polar's id"),
    externalMember: optionalFlag(
      "external-member",
      Schema.NonEmptyString,
      "The recipient as a member, by your id. With --email, Polar creates the member if it does not exist"
    ),
    metadata: Flag.String("metadata").pipe(
      Flag.filterMap(parsePair, (pair) => `Expected key=value, got ${pair}`),
      Flag.withMetavar("key=value"),
      Flag.withDescription("Metadata to store with the seat; may be repeated. A value that is JSON is stored as JSON"),
      Flag.atLeast(0)
    ),
    immediateClaim: switchFlag("immediate-claim", "Claim the seat for the recipient at once, and mail nobody")
  },
  () => import("./assign.ts"),
  "Assign a free seat to a person, and mail the invitation (unless --immediate-claim claims it)",
  {
    command: "polar-seats assign --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --email ann@acme.com",
    description: "Invite a person"
  }
)

const claim = lazyCommand(
  "claim",
  {
    info: switchFlag("info", "Only show what the invitation is for"),
    showSession: switchFlag("show-session", "Print the token of the claim's session, which cannot be shown later")
  },
  () => import("./claim.ts"),
  "Claim a seat with the invitation link, or its token, in POLAR_INVITATION_TOKEN or in the first line of stdin"
)

const session = lazyCommand(
  "session",
  {
    customer: optionalFlag("customer", CustomerId, "The customer, by Polar's id"),
    externalCustomer: optionalFlag("external-customer", Schema.NonEmptyString, "The customer, by your id"),
    member: optionalFlag("member", MemberId, "The member of the customer, by Polar's id (default: the owner)"),
    externalMember: optionalFlag("external-member", Schema.NonEmptyString, "The member of the customer, by your id")
  },
  () => import("./session.ts"),
  "Create a customer session with the token in POLAR_ACCESS_TOKEN, and print the session's token",
  {
    command: "POLAR_CUSTOMER_SESSION=$(polar-seats session --external-customer acme) polar-seats list --order ...",
    description: "List seats as a customer"
  }
)

const address = {
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port to listen on; 0 takes any free port"),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
    Flag.withDefault(0)
  ),
  host: Flag.String("host").pipe(Flag.withDescription("The address to listen on"), Flag.withDefault("127.0.0.1")),
  allowAnyoneToConnect: switchFlag("allow-anyone-to-connect", "Allow an address that other machines can reach")
}

const listen = lazyCommand(
  "listen",
  address,
  () => import("./listen.ts"),
  "Receive webhooks until interrupted: verify each with POLAR_WEBHOOK_SECRET, and print its event"
)

const emulator = lazyCommand(
  "emulator",
  {
    ...address,
    seed: Flag.File("seed").pipe(Flag.withDescription("A JSON file with the world to start from"), Flag.optional)
  },
  () => import("./emulator.ts"),
  "Run a server that answers like Polar's seat API, until interrupted"
)

const demo = lazyCommand(
  "demo",
  { ...source, yes: switchFlag("yes", "With --subscription or --order: send the one mail of the demo") },
  () => import("./demo.ts"),
  "Show a resend and its refusals on an emulator, or on Polar with --subscription or --order"
)

/** The command tree of `polar-seats`. */
export const cli = root.pipe(
  Command.withDescription(
    "Manage seats on Polar. The commands use the session in POLAR_CUSTOMER_SESSION, or else the organization token in " +
      "POLAR_ACCESS_TOKEN. POLAR_ENVIRONMENT (production or sandbox) or POLAR_API_URL names the server"
  ),
  Command.withSubcommands([list, resend, remind, reissue, assign, revoke, claim, session, listen, emulator, demo])
)
