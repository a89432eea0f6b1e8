import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { assert, it } from "vitest"
import { launch, whenEnded, whenReady } from "../../scripts/launch.ts"
import { session, subscription } from "../app/acme.ts"
import { startRecordingProxy } from "../app/recordingProxy.ts"
import { readLines, startTeam, temporaryFile } from "../app/seededTeam.ts"
import { main, post, run, startEmulator } from "../app/runCli.ts"

const uuid = (kind: number, index: number) =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`

it("remind mails nobody twice if it is killed 20 times and started again, and lists everybody in doubt", async (test) => {
  const acme = await startTeam(test, { live: 400, expired: 200, claimed: 300, revoked: 100, isMixed: true })
  const { arrivedOf, url } = await startRecordingProxy(test, acme.url)
  const journal = await temporaryFile(test)
  const env = { PATH: process.env["PATH"], ...acme.env, POLAR_API_URL: url }
  const remind = ["remind", "--subscription", subscription, "--pace", "0", "--yes", "--on-expired", "reissue", "--json"]

  const atKill: Array<number> = []
  for (let kill = 0; kill < 20; kill++) {
    const args = [main, ...remind, "--journal", journal]
    const command = launch(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] })
    await whenReady(command, arrivedOf(/^(POST|DELETE)/, 1 + Math.floor(Math.random() * 35)), 50_000)
    await setTimeout(Math.random() * 10)
    await command.stop("SIGKILL")
    assert.strictEqual(command.child.signalCode, "SIGKILL", "the kill hits a running command")
    atKill.push((await acme.mails()).length)
  }

  const last = await run([...remind, "--journal", journal], { ...acme.env, POLAR_API_URL: url }, { timeout: 120_000 })
  const { idsOf, lines, summary } = readLines(last.stdout)
  const told = lines.map(({ address }) => address)
  const mails = await acme.mails()
  console.log(`mails at each kill: ${atKill.join(", ")}; in the end ${mails.length} of 600, ${JSON.stringify(summary)}`)
  const mailed = mails.map(({ to }) => to)
  assert.strictEqual(new Set(mailed).size, mailed.length, "nobody gets two mails")
  assert.deepEqual([summary.failed, summary.not_begun], [0, 0])
  const people = acme.emails([...acme.seats.live, ...acme.seats.expired])
  const everybody = [...people, ...acme.emails(acme.seats.claimed)]
  assert.sameMembers(
    told.filter((address) => address !== null),
    everybody,
    "each person has a line"
  )
  const inDoubt = lines.filter(({ outcome }) => outcome === "unknown").map(({ address }) => address)
  assert.includeMembers(
    inDoubt,
    people.filter((address) => !mailed.includes(address ?? "")),
    "everybody without a mail is in doubt"
  )
  assert.strictEqual(last.code, inDoubt.length > 0 ? 1 : 0)
  // People read the first ten, and --json has all of them
  const unknown: ReadonlyArray<string> = JSON.parse(last.stdout.trimEnd().split("\n").at(-1) ?? "").unknown
  assert.sameMembers([...unknown], [...idsOf("unknown")])
  for (const id of unknown.slice(0, 10)) assert.include(last.stderr, id)
  assert.strictEqual(await acme.claimAll(), mails.length)
}, 600_000)

it("remind mails 500 people at the sandbox's rate limit without a failure, at 90 % of that limit or more", async (test) => {
  const { env, mails, requests, url } = await startTeam(test, { live: 500 })
  await post(`${url}/_emulator/settings`, { rate_limits: "sandbox" })
  const began = performance.now()
  const args = ["remind", "--subscription", subscription, "--yes", "--json"]
  const { code, stderr, stdout } = await run(args, { ...env, POLAR_ENVIRONMENT: "sandbox" }, { timeout: 600_000 })
  const minutes = (performance.now() - began) / 60_000
  const refused = (await requests("POST")).filter((request) => "status" in request && request.status === 429).length
  console.log(
    `500 in ${minutes.toFixed(2)} min, ${(500 / minutes).toFixed(1)} a minute of 100, ${refused} answered with 429`
  )
  assert.strictEqual(code, 0, stderr)
  assert.deepInclude(readLines(stdout).summary, { resent: 500, failed: 0, unknown: 0 })
  assert.strictEqual((await mails()).length, 500)
  assert.isAtLeast(500 / minutes, 90)
}, 700_000)

it("a dry run over 100,000 seats does not grow in memory", async (test) => {
  const [sources, seatsEach] = [100, 1000]
  const emulator = await startEmulator()
  test.onTestFinished(async () => void (await emulator.stop()))
  const { firstLine: url } = emulator
  const expiry = new Date(Date.now() + 72_000_000).toISOString()
  const product = uuid(9, 0)
  const customer = uuid(9, 1)
  const seeded = await post(`${url}/_emulator/seed`, {
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: Array.from({ length: sources }, (_, index) => ({
      id: uuid(1, index),
      product,
      customer,
      seats: seatsEach
    })),
    seats: Array.from({ length: sources * seatsEach }, (_, index) => ({
      id: uuid(2, index),
      subscription_id: uuid(1, Math.floor(index / seatsEach)),
      status: "pending",
      email: `seat${index}@acme.com`,
      customer_id: customer,
      invitation_token: `s3cret${index}`,
      invitation_token_expires_at: expiry
    })),
    tokens: [{ token: session, customer }]
  })
  assert.strictEqual(seeded.status, 200)

  const flags = Array.from({ length: sources }, (_, index) => ["--subscription", uuid(1, index)]).flat()
  const args = ["remind", "--dry-run", "--json", "--pace", "0", ...flags]
  const began = performance.now()
  const env = { PATH: process.env["PATH"], POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: session }
  const command = launch(process.execPath, [main, ...args], { env })
  const { pid, stdout } = command.child
  assert(stdout, `${command.failure("did not start")}`)
  let last = ""
  let lines = 0
  const memory: Array<{ readonly lines: number; readonly megabytes: number }> = []
  for await (const line of createInterface(stdout)) {
    last = line
    if (++lines % 5000 === 0) {
      const [kilobytes = "0"] = /(?<=VmRSS:\s+)\d+/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
      memory.push({ lines, megabytes: Math.round(Number(kilobytes) / 1024) })
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${seconds} s; MB each 5,000 seats: ${memory.map(({ megabytes }) => megabytes).join(", ")}`)
  assert.strictEqual((await whenEnded(command)).code, 0)
  const { people, skipped } = JSON.parse(last)
  assert.deepEqual({ people, skipped }, { people: 100_000, skipped: { dry_run: 100_000 } })
  const highest = (samples: typeof memory) => Math.max(...samples.map(({ megabytes }) => megabytes))
  const half = Math.floor(memory.length / 2)
  assert.isBelow(highest(memory.slice(half)) / highest(memory.slice(0, half)), 1.25, "memory does not grow")
}, 300_000)
