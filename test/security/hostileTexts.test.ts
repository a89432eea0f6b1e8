import * as NodeServices from "@effect/platform-node/NodeServices"
import { SeatId } from "@polar-seats/domain/Seat"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Reissue } from "@polar-seats/invitations/Reissue"
import { ConfigProvider, Effect, Redacted } from "effect"
import { Command } from "effect/cli"
import { spawnSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { cli } from "../../packages/app/src/commands/index.ts"
import { formatAssignCommand } from "../../packages/app/src/output/followUpCommands.ts"
import { run } from "../app/runCli.ts"
import { answers, hostile, id, startHostilePolar } from "./hostilePolar.ts"
import { recordOutput } from "./recordOutput.ts"

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164]/u

let polar: Awaited<ReturnType<typeof startHostilePolar>>
let folder: string
beforeAll(async () => {
  polar = await startHostilePolar()
  folder = makeTemporaryFolder("hostile")
  return () => {
    polar.stop()
    rmSync(folder, { recursive: true })
  }
})

/** Runs a command in this process, and returns all that it printed. */
const runHere = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { printed, record } = recordOutput()
    yield* Effect.exit(record(Command.runWith(cli, { version: "0" })(args)))
    const { stderr: err, stdout: out } = printed()
    return { out, err }
  }).pipe(
    Effect.provide([
      NodeServices.layer,
      ConfigProvider.layer(
        ConfigProvider.fromUnknown({
          POLAR_API_URL: polar.url,
          POLAR_ACCESS_TOKEN: "polar_oat_token",
          ...(args[0] === "session" ? {} : { POLAR_CUSTOMER_SESSION: "polar_cst_token" }),
          POLAR_INVITATION_TOKEN: "invitation"
        })
      )
    ]),
    Effect.runPromise
  )

/** Fails if a text from outside began a line, or if a character in a line is hidden. */
const check = (printed: string) => {
  for (const line of printed.split("\n")) {
    assert.notMatch(line, /^FORGED/)
    assert.notMatch(line, hidden)
  }
}

const ofSeats = ["--subscription", id]
const commands = [
  ["list", ...ofSeats],
  ["resend", id],
  ["resend", id, ...ofSeats],
  ["resend", hostile, ...ofSeats, "--on-expired", "reissue"],
  ["revoke", id, "--yes"],
  ["revoke", id, ...ofSeats],
  ["assign", ...ofSeats, "--external-member", hostile, "--email", hostile, "--metadata", `${hostile}=${hostile}`],
  ["assign", "--checkout", hostile, "--external-customer", hostile],
  ["reissue", id, ...ofSeats],
  ["remind", ...ofSeats, "--yes"],
  ["remind", ...ofSeats, "--dry-run"],
  ["remind", ...ofSeats, "--yes", "--on-expired", "reissue", "--to", hostile],
  ["claim"],
  ["claim", "--info"],
  ["session", "--external-customer", hostile],
  ["demo", ...ofSeats, "--yes"]
]

describe.each(Object.keys(answers))("Polar answers %s:", (name) => {
  it("every command prints each hostile text inside one line, with its controls shown", async () => {
    polar.answer(name)
    let shown = 0
    for (const command of commands) {
      const { err, out } = await runHere(command)
      assert.isNotEmpty(out + err, command[0])
      check(out)
      check(err)
      if ((out + err).includes("ann<U+000A>FORGED<U+000D>FORGED")) shown++
    }
    if (name === "ok") assert.isAbove(shown, 7)
  })

  it("every command escapes them in JSON, which still has the same value", async () => {
    polar.answer(name)
    for (const command of commands) {
      const { err, out } = await runHere([...command, "--json"])
      check(out)
      check(err)
      for (const line of out.split("\n").filter((line) => line !== "")) assert.doesNotThrow(() => JSON.parse(line))
    }
  })
})

it("the JSON of a list has the texts as Polar sent them", async () => {
  polar.answer("ok")
  const { out } = await runHere(["list", ...ofSeats, "--json"])
  const { seat } = JSON.parse(out.split("\n")[0] ?? "")
  assert.strictEqual(seat.email, hostile)
  assert.deepEqual(seat.seat_metadata, { [hostile]: hostile, nested: [{ [hostile]: [hostile] }] })
})

// A name of a file holds neither a zero byte nor half of a surrogate pair
const fileName = hostile.replaceAll("\0", "").replaceAll("\ud800", "").slice(0, 80)

it.each([
  ["no journal", hostile],
  [
    "a journal of hostile entries",
    `{"journal":"polar-seats","version":2}\n${JSON.stringify({ key: hostile, [hostile]: 1 })}\n`
  ]
])("a file that is %s is reported in one line, whatever its name and its text", async (_, text) => {
  polar.answer("ok")
  const journal = join(folder, fileName)
  writeFileSync(journal, text)
  for (const args of [
    ["reissue", id],
    ["remind", "--yes"]
  ]) {
    const { err, out } = await runHere([...args, ...ofSeats, "--journal", journal])
    check(out)
    check(err)
    assert.isNotEmpty(err)
  }
})

it.each([
  ["not JSON", hostile],
  ["no world", JSON.stringify({ organizations: [{ slug: hostile, [hostile]: 1 }], seats: [{ status: hostile }] })]
])("a seed that is %s is reported line by line, whatever its name and its text", async (_, text) => {
  const seed = join(folder, fileName)
  writeFileSync(seed, text)
  const { err, out } = await runHere(["emulator", "--seed", seed])
  check(out)
  check(err)
  assert.include(err, "ann<U+000A>FORGED")
})

it("wrong use is reported line by line, whatever the arguments hold", async () => {
  const argument = hostile.replaceAll("\0", "")
  for (const args of [
    ["remind", ...ofSeats, "--older-than", argument],
    ["list", `--${argument}`],
    ["resend", argument]
  ]) {
    const { stderr, stdout } = await run(args, { POLAR_CUSTOMER_SESSION: "polar_cst_token" })
    assert.strictEqual(stdout, "")
    check(stderr.trimEnd())
    assert.isNotEmpty(stderr)
  }
})

it("the command that finishes a reissue has each hostile text as a shell reads it", () => {
  const word = "it's\nFORGED\u001b[2K \u202e\\n\u{e0041}$(id)"
  const reissue = new Reissue({
    seatId: SeatId.make(id),
    source: SeatSource.Subscription({ id: SubscriptionId.make(id) }),
    holder: { _tag: "Email" },
    address: Redacted.make(word),
    metadata: { [word]: word },
    expiresAt: null
  })
  const command = formatAssignCommand(reissue)
  assert.notMatch(command, hidden)
  const script = `polar-seats() { printf '%s\\0' "$@"; }; ${command}`
  const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8", env: { LC_ALL: "C" } })
  assert.include(stdout.split("\0"), word)
  assert.include(stdout.split("\0"), `${word}=${word}`)
})
