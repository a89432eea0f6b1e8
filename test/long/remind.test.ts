import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"
import { session, subscription } from "../app/acme.ts"
import { readLines, startInvited } from "../app/invited.ts"
import { post, run, startEmulator } from "../app/process.ts"

const main = fileURLToPath(new URL("../../packages/app/src/main.ts", import.meta.url))
const uuid = (kind: number, index: number) =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`

it("five hundred at the limit of the sandbox: none fails, at 90 % of what Polar allows or more", async (test) => {
  const { env, mails, requests, url } = await startInvited(test, { live: 500 })
  await post(`${url}/_emulator/settings`, { rate_limits: "sandbox" })
  const began = performance.now()
  const args = ["remind", "--subscription", subscription, "--yes", "--json"]
  const { code, stderr, stdout } = await run(args, { ...env, POLAR_ENVIRONMENT: "sandbox" }, { timeout: 600_000 })
  const minutes = (performance.now() - began) / 60_000
  const refused = (await requests("POST")).filter((request) => "status" in request && request.status === 429).length
  console.log(
    `500 in ${minutes.toFixed(2)} min, ${(500 / minutes).toFixed(1)} a minute of 100, ${refused} refused for their rate`
  )
  assert.strictEqual(code, 0, stderr)
  assert.deepInclude(readLines(stdout).summary, { resent: 500, failed: 0, unknown: 0 })
  assert.strictEqual((await mails()).length, 500)
  assert.isAtLeast(500 / minutes, 90)
}, 700_000)

it("a hundred thousand seats in a dry run: the memory is flat", async (test) => {
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
  const child = spawn(process.execPath, [main, ...args], { env })
  child.stderr.resume()
  let last = ""
  let lines = 0
  const memory: Array<{ readonly lines: number; readonly megabytes: number }> = []
  for await (const line of createInterface(child.stdout)) {
    last = line
    if (++lines % 5000 === 0) {
      const [kilobytes = "0"] = /(?<=VmRSS:\s+)\d+/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? []
      memory.push({ lines, megabytes: Math.round(Number(kilobytes) / 1024) })
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${seconds} s; MB each 5,000 seats: ${memory.map(({ megabytes }) => megabytes).join(", ")}`)
  const { people, skipped } = JSON.parse(last)
  assert.deepEqual({ people, skipped }, { people: 100_000, skipped: { dry_run: 100_000 } })
  const highest = (samples: typeof memory) => Math.max(...samples.map(({ megabytes }) => megabytes))
  const half = Math.floor(memory.length / 2)
  assert.isBelow(highest(memory.slice(half)) / highest(memory.slice(0, half)), 1.25, "the memory is flat")
}, 300_000)
