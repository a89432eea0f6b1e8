import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { root } from "../globalFlags.ts"
import * as flags from "./flags.ts"

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

const list = lazyCommand(
  "list",
  flags.sourceFlags,
  () => import("./list.ts"),
  "List the seats of a subscription or an order"
)

const resend = lazyCommand(
  "resend",
  flags.seatIds,
  () => import("./resend.ts"),
  "Resend the invitations of pending seats. Every run mails each holder again",
  {
    command: "polar-seats resend 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
    description: "Resend one invitation with the session in POLAR_CUSTOMER_SESSION"
  }
)

const revoke = lazyCommand(
  "revoke",
  flags.seatIds,
  () => import("./revoke.ts"),
  "Revoke pending and claimed seats without asking. A revoked seat stays revoked"
)

const reissue = lazyCommand(
  "reissue",
  flags.reissueFlags,
  () => import("./reissue.ts"),
  "Revoke pending seats and assign them to the same people again, which mails new links that work for 24 hours",
  {
    command:
      "polar-seats reissue 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e",
    description: "Replace a dead link"
  }
)

const remind = lazyCommand(
  "remind",
  flags.remindFlags,
  () => import("./remind.ts"),
  "Mail every pending seat of some subscriptions and orders again, each person once, as fast as Polar allows",
  {
    command:
      "polar-seats remind --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --on-expired reissue --journal acme.journal",
    description: "Remind everybody, and replace dead links. If the command is interrupted, run it again to continue"
  }
)

const assign = lazyCommand(
  "assign",
  flags.assignFlags,
  () => import("./assign.ts"),
  "Assign a free seat to a person, and mail the invitation (unless --immediate-claim claims it)",
  {
    command: "polar-seats assign --subscription e5149aae-e521-42b9-b24c-abb3d71eea2e --email ann@acme.com",
    description: "Invite a person"
  }
)

const claim = lazyCommand(
  "claim",
  flags.claimFlags,
  () => import("./claim.ts"),
  "Claim a seat with the invitation link, or its token, in POLAR_INVITATION_TOKEN or in the first line of stdin"
)

const session = lazyCommand(
  "session",
  flags.sessionFlags,
  () => import("./session.ts"),
  "Create a customer session with the token in POLAR_ACCESS_TOKEN, and print the session's token",
  {
    command: "POLAR_CUSTOMER_SESSION=$(polar-seats session --external-customer acme) polar-seats list --order ...",
    description: "List seats as a customer"
  }
)

const listen = lazyCommand(
  "listen",
  flags.addressFlags,
  () => import("./listen.ts"),
  "Receive webhooks until interrupted: verify each with POLAR_WEBHOOK_SECRET, and print its event"
)

const emulator = lazyCommand(
  "emulator",
  flags.emulatorFlags,
  () => import("./emulator.ts"),
  "Run a server that answers like Polar's seat API, until interrupted"
)

const demo = lazyCommand(
  "demo",
  flags.demoFlags,
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
