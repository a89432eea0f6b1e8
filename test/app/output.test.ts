import { randomUUID } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { assert, beforeAll, describe, it, type TestContext, vi } from "vitest"
import { whenEnded, whenPrinted, whenReady } from "../../scripts/launch.ts"
import { casesOf } from "../everyCase.ts"
import { customer, organization, session, startAcme, subscription } from "./acme.ts"
import { launchOn, run } from "./runCli.ts"
import { startTeam, temporaryFile } from "./seededTeam.ts"
import { launchOnPipe } from "./shellPipe.ts"
import { secret } from "./webhookSender.ts"

const timeout = 60_000
// `test:long` reads as slowly as a person scrolls
const pause = process.env["EVERY_CASE"] === undefined ? 4 : 20

const remind = ["remind", "--subscription", subscription, "--pace", "0", "--yes", "--json"]
const hundreds = (count: number) => Array.from({ length: count }, () => randomUUID() as string)

/** The lines of an output that ends with a whole one. */
const linesOf = (output: string): ReadonlyArray<string> => {
  assert.match(output, /\n$/, "the last line is whole")
  return output.slice(0, -1).split("\n")
}

const parse = (output: string) => linesOf(output).map((line) => JSON.parse(line))

/** The number of lines of stdout that stderr says are missing. */
const missingIn = (stderr: string): number => Number(/^(\d+) lines? (is|are) missing from stdout/m.exec(stderr)?.[1])

describe.concurrent("a reader that is slow gets every line", { timeout }, () => {
  it("with 600 seats, if the command ends with 0", async (test) => {
    const { env } = await startTeam(test, { live: 600 })
    const command = launchOnPipe(test, [...remind, "--dry-run"], env)
    const lines = parse(await command.readAll(pause))
    const { code } = await command.ended
    assert.deepEqual({ code, lines: lines.length }, { code: 0, lines: 601 })
    assert.deepInclude(lines.at(-1), { interrupted: false })
  })

  it("with 600 seats of which one fails, if the command ends with 1", async (test) => {
    const { env, mails, rules } = await startTeam(test, { live: 600 })
    await rules(
      { method: "POST", times: 300, delay_ms: 0 },
      { method: "POST", times: 1, status: 404, body: { error: "ResourceNotFound", detail: "Seat not found" } }
    )
    const command = launchOnPipe(test, remind, env)
    const lines = parse(await command.readAll(pause))
    const { code } = await command.ended
    assert.deepEqual({ code, lines: lines.length }, { code: 1, lines: 601 })
    assert.deepInclude(lines.at(-1).summary, { resent: 599, failed: 1 })
    assert.strictEqual((await mails()).length, 599)
  })

  it("with 1,200 ids, if the command ends with 3", async (test) => {
    const { env } = await startTeam(test, { live: 1 })
    const ids = hundreds(1200)
    const command = launchOnPipe(test, ["resend", ...ids, "--json"], env)
    const lines = parse(await command.readAll(pause))
    assert.strictEqual((await command.ended).code, 3)
    assert.deepEqual(
      lines.slice(0, -1).map(({ id }) => id),
      ids
    )
    assert.deepInclude(lines.at(-1).summary, { failed: 1200 })
  })

  it("with 600 dead links, if the command ends with 5", async (test) => {
    const { env, seats } = await startTeam(test, { live: 1, expired: 600 })
    const ids = seats.expired.map(({ id }) => id)
    const command = launchOnPipe(test, ["resend", ...ids, "--json"], env)
    const lines = parse(await command.readAll(pause))
    assert.strictEqual((await command.ended).code, 5)
    assert.deepEqual(
      lines.slice(0, -1).map(({ id, link }) => [id, link]),
      ids.map((id) => [id, "dead"])
    )
    assert.deepInclude(lines.at(-1).summary, { resent: 600 })
  })

  it("on stderr, if the command ends with 2", async (test) => {
    const { env } = await startTeam(test, { live: 1 })
    const names = Array.from({ length: 1200 }, (_, index) => `seat-${index}`)
    const command = launchOnPipe(test, ["resend", ...names], env, "stderr")
    const lines = linesOf(await command.readAll(pause))
    assert.strictEqual((await command.ended).code, 2)
    assert.deepEqual(
      lines.slice(0, -1).map((line) => line.split(":")[0]),
      names
    )
  })

  it("on stderr, if the command ends with 3", async (test) => {
    const { env } = await startTeam(test, { live: 1 })
    const ids = hundreds(1200)
    const command = launchOnPipe(test, ["resend", ...ids], env, "stderr")
    const lines = linesOf(await command.readAll(pause))
    assert.strictEqual((await command.ended).code, 3)
    assert.deepEqual(
      lines.map((line) => line.slice(0, 36)),
      ids
    )
  })
})

/** Starts a command with its stdout on a pipe that is full soon after its first byte, because nobody reads on. */
const startBusy = async (test: TestContext, args: ReadonlyArray<string>, seats: number) => {
  const { env } = await startTeam(test, { live: seats })
  const command = launchOnPipe(test, args, env)
  const first = await whenReady(command, command.read(1))
  /** The lines in the pipe after the command has ended. */
  const arrived = async () => linesOf(`${first}${await command.readAll()}`)
  return { env, command, arrived }
}

/** Stops a command, and returns whether that took less than a second. */
const stopInTime = async ({ stop }: ReturnType<typeof launchOnPipe>, signal: NodeJS.Signals) => {
  const told = performance.now()
  const { code, stderr } = await stop(signal)
  return { code, stderr, inTime: performance.now() - told < 1000 }
}

describe("Ctrl-C while the reader of stdout does not read", { timeout }, () => {
  it.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "cuts the output after a line within a second, and says how many are missing: %s",
    async (signal, test) => {
      const ids = hundreds(1200)
      const { arrived, command } = await startBusy(test, ["resend", ...ids, "--json"], 1)
      const { code, inTime, stderr } = await stopInTime(command, signal)
      assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
      const lines = (await arrived()).map((line) => JSON.parse(line))
      assert.deepEqual(
        lines.map(({ id }) => id),
        ids.slice(0, lines.length)
      )
      assert.isAbove(missingIn(stderr), 0, stderr)
      assert.strictEqual(lines.length + missingIn(stderr), ids.length + 1, "with the summary")
      assert.match(stderr, /^Of 1200: /m)
    }
  )

  it("also in one long table", async (test) => {
    const { arrived, command, env } = await startBusy(test, ["list", "--subscription", subscription], 1200)
    const { code, inTime, stderr } = await stopInTime(command, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    const whole = linesOf((await run(["list", "--subscription", subscription], env)).stdout)
    const lines = await arrived()
    assert.strictEqual(lines.length + missingIn(stderr), whole.length)
    assert.deepEqual(
      lines.map((line) => line.slice(0, 36)),
      whole.slice(0, lines.length).map((line) => line.slice(0, 36))
    )
  })

  it("ends the command even if nobody reads stderr either", async (test) => {
    const { env } = await startTeam(test, { live: 1 })
    const command = launchOnPipe(test, ["resend", ...hundreds(1200), "--json"], env, "both")
    await whenReady(command, command.read(1))
    const { code, inTime } = await stopInTime(command, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
  })
})

/** Asserts that stderr names the people who were mailed, and that a second run mails the others. */
const tellsOfMails = async ({
  args,
  env,
  mails,
  stderr
}: Pick<Awaited<ReturnType<typeof startTeam>>, "env" | "mails"> & {
  readonly args: ReadonlyArray<string>
  readonly stderr: string
}) => {
  const idsOf = (word: string) => new RegExp(`^${word}: (.*)$`, "m").exec(stderr)?.[1]?.split(" ") ?? []
  const resent = idsOf("resent")
  // The mail that was on its way
  const unknown = idsOf("unknown")
  const sent = (await mails()).map(({ seat_id }) => seat_id)
  assert.includeMembers([...resent, ...unknown], sent)
  assert.includeMembers(sent, [...resent])
  assert.isAtMost(unknown.length, 1)
  assert.isBelow(sent.length, 50)
  await run([...args, "--retry-unknown"], env, { timeout })
  const all = (await mails()).map(({ seat_id }) => seat_id)
  assert.strictEqual(new Set(all).size, 100)
  assert.isAtMost(all.length, 100 + unknown.length)
}

/** Runs a command whose output goes to a device that is always full. */
const runOnFull = async (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  stderrToo = false
): Promise<{ readonly code: number | null; readonly stderr: string }> => {
  const full = openSync("/dev/full", "w")
  const launched = launchOn(full, args, env, stderrToo ? full : "pipe")
  closeSync(full)
  launched.child.stdin?.end()
  return whenEnded(launched)
}

const fullCommands: ReadonlyArray<ReadonlyArray<string>> = [
  ["--help"],
  ["--version"],
  ["--completions", "bash"],
  ["resend", "--help"],
  ["list", "--subscription", subscription],
  ["list", "--subscription", subscription, "--json"],
  ["session", "--customer", customer],
  ["session", "--customer", customer, "--json"],
  ["resend", randomUUID(), "--json"],
  remind,
  ["listen"],
  ["emulator", "--json"],
  ["demo"]
]

describe.skipIf(process.platform !== "linux").concurrent("a disk that is full", { timeout }, () => {
  let acme: Awaited<ReturnType<typeof startAcme>>
  beforeAll(async () => {
    acme = await startAcme(2, [{ id: randomUUID(), status: "pending", email: "ann@acme.com" }])
    return async () => void (await acme.stop())
  })

  const runCommand = (args: ReadonlyArray<string>, stderrToo: boolean) =>
    runOnFull(
      args,
      {
        POLAR_API_URL: acme.url,
        POLAR_WEBHOOK_SECRET: secret,
        ...(args[0] === "session" ? { POLAR_ACCESS_TOKEN: organization } : { POLAR_CUSTOMER_SESSION: session })
      },
      stderrToo
    )

  it.for(casesOf(fullCommands, 0, 2).map((args) => ({ args, name: args.join(" ") })))(
    "ends $name with 1 and the system's words",
    async ({ args }) => {
      const { code, stderr } = await runCommand(args, false)
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, /^cannot write: no space left on device\. \d+ lines? (is|are) missing from stdout\.$/m)
    }
  )

  it.for(casesOf(fullCommands, 1, 2).map((args) => ({ args, name: args.join(" ") })))(
    "ends $name with 1 if stderr is on it too",
    async ({ args }) => {
      assert.strictEqual((await runCommand(args, true)).code, 1)
    }
  )

  it("stops the mails, and stderr and the journal tell who was mailed", async (test) => {
    const { env, mails } = await startTeam(test, { live: 100 })
    const journal = await temporaryFile(test)
    const args = [...remind, "--concurrency", "1", "--journal", journal]
    const { code, stderr } = await runOnFull(args, env)
    assert.strictEqual(code, 1)
    await tellsOfMails({ args, env, mails, stderr })
  })

  // Nothing is left to interrupt, so the command ends as if all was well
  it.for([
    ["resend live0@acme.com", /^resent: live0@acme\.com$/m],
    ["reissue live0@acme.com --json", /^reissued: live0@acme\.com$/m],
    ["revoke live0@acme.com --json", /^revoked: live0@acme\.com$/m],
    ["remind --yes", /^resent: [\w-]{36}$/m],
    ["assign --email=new@acme.com", /^[\w-]{36}: assigned to new@acme\.com \(live, /m],
    ["assign --email=new@acme.com --json", /^[\w-]{36}: assigned to new@acme\.com \(live, /m]
  ] as const)("is no reason not to tell what `%s` did with the only seat", async ([command, said], test) => {
    const { env } = await startTeam(test, { live: 1, revoked: command.startsWith("assign") ? 1 : 0 })
    const { code, stderr } = await runOnFull([...command.split(" "), "--subscription", subscription], env)
    assert.strictEqual(code, 1)
    assert.match(stderr, said)
  })

  it.for(["--verbose", "--json"])("is no reason not to tell of a claim with %s", async (flag, test) => {
    const { env, seats } = await startTeam(test, { live: 1 })
    const POLAR_INVITATION_TOKEN = `s3cret-${seats.live[0]?.id}`
    const { code, stderr } = await runOnFull(["claim", "--show-session", flag], { ...env, POLAR_INVITATION_TOKEN })
    assert.strictEqual(code, 1)
    assert.match(stderr, /^[\w-]{36}: claimed by live0@acme\.com\nThe token of its session may be lost, /m)
  })
})

describe.concurrent("a reader of stdout that leaves", { timeout }, () => {
  it("ends the command with 130, and stderr and the journal tell who was mailed", async (test) => {
    const { env, mails, rules } = await startTeam(test, { live: 100 })
    await rules({ method: "POST", delay_ms: 20 })
    const args = [...remind, "--concurrency", "1", "--journal", await temporaryFile(test)]
    const command = launchOnPipe(test, args, env)
    await whenReady(command, command.read())
    command.leave()
    const { code, stderr } = await whenEnded(command)
    assert.strictEqual(code, 130)
    assert.match(stderr, /^\d+ lines are missing from stdout, because its reader has gone\.$/m)
    await rules()
    await tellsOfMails({ args, env, mails, stderr })
  })

  it.for([[["list", "--subscription", subscription]], [["--help"]]] as const)("also ends %j", async ([args], test) => {
    const { env } = await startTeam(test, { live: 3 })
    const command = launchOnPipe(test, args, env)
    command.leave()
    const { code, stderr } = await whenEnded(command)
    assert.strictEqual(code, 130)
    assert.match(stderr, /because its reader has gone\.$/m)
  })
})

// The journal's disk hangs, as a network's may, as soon as the command is interrupted
const hanging = `
  import fs from "node:fs"
  import { syncBuiltinESMExports } from "node:module"
  let hangs = false
  process.on("SIGINT", () => { hangs = true })
  for (const name of ["rename", "rm", "unlink", "close", "readFile", "stat"]) {
    const real = fs[name]
    fs[name] = (...args) => hangs ? process.stderr.write("hangs\\n") : real(...args)
  }
  syncBuiltinESMExports()
`

describe.concurrent("a second Ctrl-C", { timeout }, () => {
  it("ends the command at once, even if its clean-up hangs", async (test) => {
    const { env, requests, rules } = await startTeam(test, { live: 20 })
    await rules({ method: "POST", delay_ms: 500 })
    const command = launchOn("pipe", [...remind, "--journal", await temporaryFile(test)], {
      ...env,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hanging)}`
    })
    await vi.waitFor(async () => assert.isNotEmpty(await requests("POST")), { timeout: 10_000 })
    command.child.kill("SIGINT")
    await whenReady(
      command,
      whenPrinted(command, ({ stderr }) => (stderr.includes("hangs") ? true : undefined))
    )
    const { code } = await command.stop("SIGINT")
    assert.strictEqual(code, 130)
  })

  it("is not one if npm passes the first one on", async (test) => {
    const { env, requests, rules } = await startTeam(test, { live: 20 })
    await rules({ method: "POST", delay_ms: 500 })
    const command = launchOn("pipe", remind, env)
    await vi.waitFor(async () => assert.isNotEmpty(await requests("POST")), { timeout: 10_000 })
    command.child.kill("SIGINT")
    const { code, stderr } = await command.stop("SIGINT")
    assert.strictEqual(code, 130)
    assert.match(stderr, /^Of 20 seats: /m)
  })
})
