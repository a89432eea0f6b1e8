import { closeSync, openSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, type TestContext, vi } from "vitest"
import { launch, type Launched, whenEnded, whenReady } from "../../scripts/launch.ts"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { mountDisk, whyNoDisk } from "../smallDisk.ts"
import { subscription } from "./acme.ts"
import { launchOn, main, run } from "./runCli.ts"
import { startTeam } from "./seededTeam.ts"
import { launchOnPipe } from "./shellPipe.ts"
import { deliver, secret, timestamp } from "./webhookSender.ts"

const timeout = 60_000

type Environment = Readonly<Record<string, string>>

/** A file that takes only some kilobytes, and what the system says after that. */
interface SmallFile {
  readonly file: string
  readonly says: string
  readonly launchWith: (args: ReadonlyArray<string>, env: Environment) => Launched
}

/** A file on a disk of 32 KB. */
const onSmallDisk = ({ onTestFinished }: TestContext): SmallFile => {
  const file = join(mountDisk("size=32k", onTestFinished), "output")
  const launchWith = (args: ReadonlyArray<string>, env: Environment) => {
    const descriptor = openSync(file, "a")
    const launched = launchOn(descriptor, args, env)
    closeSync(descriptor)
    launched.child.stdin?.end()
    return launched
  }
  return { file, says: "no space left on device", launchWith }
}

/** A file of a user whose files are limited to 32 KB. */
const underLimit = ({ onTestFinished }: TestContext): SmallFile => {
  const folder = makeTemporaryFolder("limit")
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "output")
  const script = 'ulimit -f 64; file=$1; shift; exec "$@" >>"$file"'
  return {
    file,
    says: "file too large",
    launchWith: (args, env) =>
      launch("sh", ["-c", script, "sh", file, process.execPath, main, ...args], {
        env: { PATH: process.env["PATH"], ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
  }
}

const onDisk = ["a disk without space", onSmallDisk] as const
const limited = ["a file that may not grow", underLimit] as const

describe.for(whyNoDisk === undefined ? [onDisk, limited] : [limited])("%s", { timeout }, ([, makeSmallFile]) => {
  it("gets no 204 for an event that is not on it, and listen ends with 1", async (test) => {
    const { file, launchWith, says } = makeSmallFile(test)
    const listener = launchWith(["listen", "--json"], { POLAR_WEBHOOK_SECRET: secret })
    test.onTestFinished(async () => void (await listener.stop("SIGKILL")))
    const firstLine = () => vi.waitUntil(() => /^(.*)\n/.exec(readFileSync(file, "utf8"))?.[1], { timeout: 15_000 })
    await whenReady(
      listener,
      vi.waitFor(() => assert.include(readFileSync(file, "utf8"), "\n"), { timeout: 15_000 })
    )
    const { url } = JSON.parse(await firstLine())

    const statuses = new Map<number, number>()
    const send = async (amount: number) => {
      const event = { type: "order.paid", timestamp, data: { amount, text: "x".repeat(500) } }
      statuses.set(amount, await deliver(url, JSON.stringify(event)).catch(() => 0))
    }
    for (let amount = 0; Array.from(statuses.values()).every((status) => status === 204); amount += 8) {
      assert.isBelow(amount, 1000, "the file is full by then")
      await Promise.all(Array.from({ length: 8 }, (_, index) => send(amount + index)))
    }
    const { code, stderr } = await whenEnded(listener)
    assert.strictEqual(code, 1)
    assert.match(stderr, new RegExp(`^cannot write: ${says}\\.`, "m"))

    // The last line may be a part of one
    const onDisk = readFileSync(file, "utf8")
      .split("\n")
      .slice(1, -1)
      .map((line) => JSON.parse(line).data.amount)
    const answered = Array.from(statuses).flatMap(([amount, status]) => (status === 204 ? [amount] : []))
    assert.sameMembers(answered, onDisk)
    assert.isAbove(answered.length, 10)
    assert.include([...statuses.values()], 503)
    assert.sameMembers(
      [...new Set(statuses.values())].filter((status) => status !== 0),
      [204, 503]
    )
  })

  it.for([["list"], ["list", "--json"], ["remind", "--dry-run", "--json"]] as const)(
    "ends %j with 1, and says how many lines are missing",
    async (args, test) => {
      const { env } = await startTeam(test, { live: 800 })
      const all = [...args, "--subscription", subscription]
      const { file, launchWith, says } = makeSmallFile(test)
      const { code, stderr } = await whenEnded(launchWith(all, env))
      assert.strictEqual(code, 1)
      const missing = Number(new RegExp(`^cannot write: ${says}\\. (\\d+) `, "m").exec(stderr)?.[1])
      const lines = readFileSync(file, "utf8").split("\n").length - 1
      assert.isBelow(lines, 800)
      // A run that is stopped prints no more than it has to
      if (args[0] === "list") {
        assert.strictEqual(lines + missing, (await run(all, env)).stdout.split("\n").length - 1)
      } else assert.isAbove(missing, 0)
    }
  )
})

describe.skipIf(process.env["EVERY_CASE"] === undefined)(
  "listen, while nobody reads its stdout (in test:long)",
  { timeout },
  () => {
    it("answers 503 after five seconds, and 204 only to events that the pipe holds", async (test) => {
      const listener = launchOnPipe(test, ["listen", "--json"], { POLAR_WEBHOOK_SECRET: secret })
      const { url } = JSON.parse((await whenReady(listener, listener.read())).toString())
      const send = (amount: number) =>
        deliver(url, JSON.stringify({ type: "order.paid", timestamp, data: { amount, text: "x".repeat(1000) } }))
      const statuses = await Promise.all(Array.from({ length: 100 }, (_, amount) => send(amount)))
      assert.sameMembers([...new Set(statuses)], [204, 503])
      const { code } = await listener.stop("SIGINT")
      assert.strictEqual(code, 0)
      const arrived = (await listener.readAll())
        .slice(0, -1)
        .split("\n")
        .map((line) => JSON.parse(line).data.amount)
      assert.sameMembers(
        arrived,
        statuses.flatMap((status, amount) => (status === 204 ? [amount] : []))
      )
    })
  }
)

it("listen ends with 1 if its reader has gone, and answers 503", { timeout }, async (test) => {
  const listener = launchOnPipe(test, ["listen"], { POLAR_WEBHOOK_SECRET: secret })
  const url = (await whenReady(listener, listener.read())).toString().trim()
  listener.leave()
  assert.strictEqual(await deliver(url, JSON.stringify({ type: "order.paid", timestamp, data: {} })), 503)
  const { code, stderr } = await whenEnded(listener)
  assert.strictEqual(code, 1)
  assert.match(stderr, /^cannot write: broken pipe\. 1 line is missing from stdout\.$/m)
})
