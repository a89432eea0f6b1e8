import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { root } from "../globalFlags.ts"
import { CommandNotes } from "../output/helpText.ts"
import * as flags from "./flags.ts"
import * as notes from "./notes.ts"

interface Help extends Partial<CommandNotes> {
  readonly description: string
  readonly examples: ReadonlyArray<Command.Command.Example>
}

/** A command whose module loads when it runs, so that `--help` and every other command start without it. */
const lazyCommand = <const Name extends string, const Flags extends Command.Command.Config, E, R>(
  name: Name,
  flags: Flags,
  load: () => Promise<{ readonly run: (flags: Command.Command.Config.Infer<Flags>) => Effect.Effect<void, E, R> }>,
  { description, environment = notes.seatEnvironment, examples, exitCodes = notes.exitCodes }: Help
) =>
  Command.make(name, flags, (values) => Effect.flatMap(Effect.promise(load), ({ run }) => run(values))).pipe(
    Command.withDescription(description),
    Command.withExamples(examples),
    Command.annotate(CommandNotes, { environment, exitCodes })
  )

const subscription = "--subscription e5149aae-e521-42b9-b24c-abb3d71eea2e"
const seat = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"

const list = lazyCommand("list", flags.listFlags, () => import("./list.ts"), {
  description: "List the seats of a subscription or an order",
  environment: notes.tableEnvironment,
  examples: [
    { command: `polar-seats list ${subscription}`, description: "All seats, as a table" },
    {
      command: `polar-seats list ${subscription} --expired --to '*@acme.com' --sort expires`,
      description: "The people of Acme with a dead link, longest dead first"
    }
  ]
})

const resend = lazyCommand("resend", flags.resendFlags, () => import("./resend.ts"), {
  description:
    "Resend the invitations of pending seats. With --subscription or --order, it looks first and mails no dead link. " +
    "By an id alone, it mails the link whatever its age, and ends with 5 if the link is dead",
  exitCodes: notes.resendExitCodes,
  examples: [
    {
      command: `polar-seats resend ann@acme.com ${subscription}`,
      description: "Resend one invitation, unless its link is dead"
    },
    { command: `polar-seats resend ${seat}`, description: "Resend one invitation, by its id alone" }
  ]
})

const revoke = lazyCommand("revoke", flags.revokeFlags, () => import("./revoke.ts"), {
  description:
    "Revoke seats. A revoked seat stays revoked. The command asks before it revokes a claimed seat, because its holder " +
    "loses access. Without --subscription or --order, it cannot see which seats are claimed, and always asks",
  examples: [
    {
      command: `polar-seats revoke ann@acme.com ${subscription}`,
      description: "Take back an invitation that is not claimed"
    }
  ]
})

const reissue = lazyCommand("reissue", flags.reissueFlags, () => import("./reissue.ts"), {
  description:
    "Revoke pending seats and assign them to the same people again, which mails new links that work for 24 hours",
  examples: [{ command: `polar-seats reissue ${seat} ${subscription}`, description: "Replace a dead link" }]
})

const remind = lazyCommand("remind", flags.remindFlags, () => import("./remind.ts"), {
  description:
    "Mail every pending seat of some subscriptions and orders again, each person once, as fast as Polar allows",
  examples: [
    {
      command: `polar-seats remind ${subscription} --dry-run`,
      description: "Show who would be mailed, and mail nobody"
    },
    {
      command: `polar-seats remind ${subscription} --on-expired reissue --journal acme.journal`,
      description: "Remind everybody, and replace dead links. If the command is interrupted, run it again to continue"
    }
  ]
})

const assign = lazyCommand("assign", flags.assignFlags, () => import("./assign.ts"), {
  description: "Assign a free seat to a person, and mail the invitation (unless --immediate-claim claims it)",
  examples: [{ command: `polar-seats assign ${subscription} --email ann@acme.com`, description: "Invite a person" }]
})

const claim = lazyCommand("claim", flags.claimFlags, () => import("./claim.ts"), {
  description:
    "Claim a seat with the invitation link, or its token, in POLAR_INVITATION_TOKEN or in the first line of stdin. " +
    "The link may be as a mail program, SafeLinks or Proofpoint writes it",
  environment: notes.claimEnvironment,
  examples: [
    { command: "polar-seats claim --info < link.txt", description: "Show what an invitation is for" },
    { command: "polar-seats claim < link.txt", description: "Accept it" }
  ]
})

const session = lazyCommand("session", flags.sessionFlags, () => import("./session.ts"), {
  description: "Create a customer session with the token in POLAR_ACCESS_TOKEN, and print the session's token",
  environment: notes.sessionEnvironment,
  examples: [
    {
      command: `POLAR_CUSTOMER_SESSION=$(polar-seats session --external-customer acme) polar-seats list ${subscription}`,
      description: "List seats as a customer"
    }
  ]
})

const listen = lazyCommand("listen", flags.addressFlags, () => import("./listen.ts"), {
  description: "Receive webhooks until interrupted: verify each with POLAR_WEBHOOK_SECRET, and print its event",
  environment: notes.listenEnvironment,
  exitCodes: notes.serverExitCodes,
  examples: [{ command: "polar-seats listen --port 8788 --json", description: "Print each event as a line of JSON" }]
})

const emulator = lazyCommand("emulator", flags.emulatorFlags, () => import("./emulator.ts"), {
  description: "Run a server that answers like Polar's seat API, until interrupted",
  environment: notes.emulatorEnvironment,
  exitCodes: notes.serverExitCodes,
  examples: [
    { command: "polar-seats emulator --port 8787 --seed world.json", description: "Start from a world of yours" }
  ]
})

const demo = lazyCommand("demo", flags.demoFlags, () => import("./demo.ts"), {
  description: "Show a resend and its refusals on an emulator, or on Polar with --subscription or --order",
  environment: notes.tableEnvironment,
  examples: [{ command: "polar-seats demo", description: "Show it on an emulator, which needs no token" }]
})

/** The command tree of `polar-seats`. */
export const cli = root.pipe(
  Command.withDescription(
    "Manage seats on Polar. The commands use the session in POLAR_CUSTOMER_SESSION, or else the organization token in " +
      "POLAR_ACCESS_TOKEN. POLAR_ENVIRONMENT (production or sandbox) or POLAR_API_URL names the server"
  ),
  Command.withExamples([
    { command: "polar-seats demo", description: "Show what the commands do, on an emulator" },
    { command: "polar-seats list --help", description: "Show the flags of a command" }
  ]),
  Command.annotate(CommandNotes, { environment: notes.seatEnvironment, exitCodes: notes.resendExitCodes }),
  Command.withSubcommands([list, resend, remind, reissue, assign, revoke, claim, session, listen, emulator, demo])
)
