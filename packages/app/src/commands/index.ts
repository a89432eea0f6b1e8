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

/** Loads a command when it is run, so that none waits for what another needs. */
const lazily =
  <Flags, E, R>(load: () => Promise<{ readonly run: (flags: Flags) => Effect.Effect<void, E, R> }>) =>
  (flags: Flags): Effect.Effect<void, E, R> =>
    Effect.flatMap(Effect.promise(load), ({ run }) => run(flags))

const optional = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.optional)

const switched = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const source = {
  subscription: optional("subscription", SubscriptionId, "The subscription whose seats are meant"),
  order: optional("order", OrderId, "The order whose seats are meant")
}

const seatIds = { ids: Argument.String("seat-id").pipe(Argument.atLeast(1)) }

const several = <A>(name: string, schema: Schema.ConstraintCodec<A, string>, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(schema), Flag.withDescription(description), Flag.atLeast(0))

const journal = Flag.Path("journal").pipe(
  Flag.withDescription("A file that remembers who was mailed, so that a run that was cut off can be gone on with"),
  Flag.optional
)

const list = Command.make(
  "list",
  source,
  lazily(() => import("./list.ts"))
).pipe(Command.withDescription("List the seats of a subscription or an order"))

const resend = Command.make(
  "resend",
  seatIds,
  lazily(() => import("./resend.ts"))
).pipe(
  Command.withDescription("Mail the invitations of pending seats once more. Each mails a person, each time"),
  Command.withExamples([
    {
      command: "polar-seats resend 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
      description: "Resend one invitation with the session in POLAR_CUSTOMER_SESSION"
    }
  ])
)

const revoke = Command.make(
  "revoke",
  seatIds,
  lazily(() => import("./revoke.ts"))
).pipe(Command.withDescription("Take seats away, claimed or not, without asking. One that is revoked stays revoked"))

const reissue = Command.make(
  "reissue",
  { ...seatIds, ...source, journal, yes: switched("yes", "Mail more than one person without asking") },
  lazily(() => import("./reissue.ts"))
).pipe(
  Command.withDescription(
    "Give the holders of pending seats a new link, good for 24 hours: revokes each seat and assigns it to the same person"
  ),
  Command.withExamples([
    {
      command:
        "polar-seats reissue 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e",
      description: "Replace a dead link"
    }
  ])
)

const units: Readonly<Record<string, Duration.Unit>> = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" }

/** `36h`, `2 days`. */
const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count = "", word = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? []
  const unit = units[word] ?? Object.values(units).find((unit) => unit === word || unit === `${word}s`)
  return unit === undefined ? Option.none() : Duration.fromInput(`${Number(count)} ${unit}`)
}

const remind = Command.make(
  "remind",
  {
    subscription: several("subscription", SubscriptionId, "A subscription whose seats are meant; may be repeated"),
    order: several("order", OrderId, "An order whose seats are meant; may be repeated"),
    onExpired: Flag.ChoiceWithValue("on-expired", [
      ["fail", "fail"],
      ["resend-anyway", "resendAnyway"],
      ["reissue", "reissue"]
    ] as const).pipe(
      Flag.withDescription("What becomes of dead links: skip them (fail), mail them all the same, or mail new ones"),
      Flag.withDefault("fail" as const)
    ),
    olderThan: Flag.String("older-than").pipe(
      Flag.filterMap(parseDuration, (text) => `Expected a time like 36h, 2d or "3 days", got ${text}`),
      Flag.withMetavar("duration"),
      Flag.withDescription("Only who was invited at least so long ago: 90m, 36h, 2d"),
      Flag.optional
    ),
    to: Flag.String("to").pipe(
      Flag.withMetavar("pattern"),
      Flag.withDescription("Only addresses like this, such as '*@acme.com'; may be repeated"),
      Flag.atLeast(0)
    ),
    concurrency: Flag.Int("concurrency").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 256 }))),
      Flag.withDescription("How many seats are worked on at a time (default 16)"),
      Flag.optional
    ),
    pace: Flag.Int("pace").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
      Flag.withDescription(
        "How many requests a minute (default what Polar allows: 500, or 100 in the sandbox); 0 is as many as it lets through"
      ),
      Flag.optional
    ),
    dryRun: switched("dry-run", "Mail nobody, and show who would be mailed"),
    journal,
    retryUnknown: switched("retry-unknown", "Also mail those of whom the journal does not know whether they were"),
    yes: switched("yes", "Mail more than one person without asking")
  },
  lazily(() => import("./remind.ts"))
).pipe(
  Command.withDescription(
    "Mail every pending seat of some subscriptions and orders once more, each person once, as fast as Polar allows"
  ),
  Command.withExamples([
    {
      command:
        "polar-seats remind --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --on-expired reissue --journal acme.journal",
      description: "Remind everybody, with new links where the old ones are dead; may be cut off and started again"
    }
  ])
)

const parseJson = Schema.decodeOption(Schema.fromJsonString(Schema.Json))

/** `key=value`. A value that is JSON is taken as that, any other as the text it is. */
const parsePair = (pair: string): Option.Option<readonly [key: string, value: Schema.Json]> => {
  const separator = pair.indexOf("=")
  const value = pair.slice(separator + 1)
  // A long row of digits is an id: as a number it would be another one
  const json = Option.filter(parseJson(value), (json) => !Number.isInteger(json) || Number.isSafeInteger(json))
  return separator > 0 ? Option.some([pair.slice(0, separator), Option.getOrElse(json, () => value)]) : Option.none()
}

const assign = Command.make(
  "assign",
  {
    ...source,
    checkout: optional("checkout", Schema.NonEmptyString, "The checkout that led to the seats (with a session alone)"),
    email: optional("email", Schema.NonEmptyString, "Who gets the seat, by e-mail address"),
    customer: optional("customer", CustomerId, "Who gets the seat, as a customer of Polar's"),
    externalCustomer: optional("external-customer", Schema.NonEmptyString, "... as a customer, by your own id"),
    member: optional("member", MemberId, "... as a member of the customer"),
    externalMember: optional(
      "external-member",
      Schema.NonEmptyString,
      "... as a member, by your own id; with --email it is made up if need be"
    ),
    metadata: Flag.String("metadata").pipe(
      Flag.filterMap(parsePair, (pair) => `Expected key=value, got ${pair}`),
      Flag.withMetavar("key=value"),
      Flag.withDescription("Kept with the seat; may be repeated. A value that is JSON is kept as such"),
      Flag.atLeast(0)
    ),
    immediateClaim: switched("immediate-claim", "Claim the seat at once, and mail nobody")
  },
  lazily(() => import("./assign.ts"))
).pipe(
  Command.withDescription("Give a free seat to a person. Mails the invitation, unless it is claimed at once"),
  Command.withExamples([
    {
      command: "polar-seats assign --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --email ann@acme.com",
      description: "Invite somebody"
    }
  ])
)

const claim = Command.make(
  "claim",
  {
    info: switched("info", "Only show what the invitation is for"),
    showSession: switched(
      "show-session",
      "Show the token of the session that the claim opens, which nothing shows later"
    )
  },
  lazily(() => import("./claim.ts"))
).pipe(
  Command.withDescription(
    "Accept an invitation. Its link, or the token in it, comes from POLAR_INVITATION_TOKEN or the first line of stdin"
  )
)

const session = Command.make(
  "session",
  {
    customer: optional("customer", CustomerId, "Whose session it is to be"),
    externalCustomer: optional("external-customer", Schema.NonEmptyString, "... by your own id"),
    member: optional("member", MemberId, "Which member of the customer; without one, the owner"),
    externalMember: optional("external-member", Schema.NonEmptyString, "... by your own id")
  },
  lazily(() => import("./session.ts"))
).pipe(
  Command.withDescription("Create a customer session with the token in POLAR_ACCESS_TOKEN, and print its token"),
  Command.withExamples([
    {
      command: "POLAR_CUSTOMER_SESSION=$(polar-seats session --external-customer acme) polar-seats list --order ...",
      description: "Act for a customer"
    }
  ])
)

const address = {
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port to listen on; 0 takes any that is free"),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
    Flag.withDefault(0)
  ),
  host: Flag.String("host").pipe(Flag.withDescription("The address to listen on"), Flag.withDefault("127.0.0.1")),
  allowAnyoneToConnect: switched("allow-anyone-to-connect", "Listen on an address that other machines can reach")
}

const listen = Command.make(
  "listen",
  address,
  lazily(() => import("./listen.ts"))
).pipe(
  Command.withDescription(
    "Receive webhooks until interrupted: verify each with POLAR_WEBHOOK_SECRET, and print what it says"
  )
)

const emulator = Command.make(
  "emulator",
  {
    ...address,
    seed: Flag.File("seed").pipe(Flag.withDescription("A JSON file with the world to start from"), Flag.optional)
  },
  lazily(() => import("./emulator.ts"))
).pipe(Command.withDescription("Run a server that behaves like Polar for seats, until interrupted"))

const demo = Command.make(
  "demo",
  { ...source, yes: switched("yes", "Against Polar itself: do send the one mail") },
  lazily(() => import("./demo.ts"))
).pipe(
  Command.withDescription(
    "Show a resend and every way it is refused: on an emulator, or with --subscription or --order on Polar as the environment says"
  )
)

/** The command line. */
export const cli = root.pipe(
  Command.withDescription(
    "Polar's seats. They are managed with the session in POLAR_CUSTOMER_SESSION, or else with the organization token " +
      "in POLAR_ACCESS_TOKEN; POLAR_ENVIRONMENT (production or sandbox) or POLAR_API_URL says where"
  ),
  Command.withSubcommands([list, resend, remind, reissue, assign, revoke, claim, session, listen, emulator, demo])
)
