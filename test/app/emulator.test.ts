import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as World from "@polar-seats/emulator/World"
import { assert, beforeAll, describe, it } from "vitest"
import { get, post, run, startEmulator, stopInTime } from "./runCli.ts"

const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const token = "polar_cst_s3cret"

const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer, seats: 5 }],
  tokens: [{ token, customer }]
}
const invalidWorld = {
  products: [{ organization: "nowhere" }],
  seats: [{ subscription_id: subscription, status: "lost", claimed_at: "6 hours" }],
  tokens: [{ token: "polar_cst_s3cret" }]
}
const problems = [
  "products.0.organization",
  "seats.0.status",
  "seats.0.claimed_at",
  "seats.0.subscription_id",
  "tokens.0"
]

const seatsOf = (url: string) => get(`${url}/v1/customer-portal/seats?subscription_id=${subscription}`, token)
const freeSeats = { seats: [], available_seats: 5, total_seats: 5 }

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polar-seats-"))
  return () => rm(folder, { recursive: true })
})
const file = async (name: string, text: string) => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe("an emulator that gets a signal ends with 0 within a second", () => {
  it.for(["SIGINT", "SIGTERM"] as const)(
    "after %s, and has printed only its URL",
    async (signal, { onTestFinished }) => {
      const emulator = await startEmulator()
      onTestFinished(async () => void (await emulator.stop()))
      const url = emulator.firstLine
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      // fetch keeps the connection open for the next request
      assert.deepEqual(await get(`${url}/_emulator/outbox`), [])
      assert.deepEqual(await stopInTime(emulator, signal), { code: 0, stdout: `${url}\n`, stderr: "", inTime: true })
    }
  )

  it("with an open connection that sends no request", async ({ onTestFinished }) => {
    const emulator = await startEmulator()
    const silent = connect(Number(new URL(emulator.firstLine).port), "127.0.0.1")
    onTestFinished(async () => {
      silent.destroy()
      await emulator.stop()
    })
    await once(silent, "connect")
    assert.deepInclude(await stopInTime(emulator, "SIGINT"), { code: 0, stderr: "", inTime: true })
  }, 5000)
})

describe.concurrent("the emulator command", () => {
  it("listens on an address that other machines can reach only with --allow-anyone-to-connect", async ({
    onTestFinished
  }) => {
    const refused = await run(["emulator", "--host", "0.0.0.0"])
    assert.deepEqual({ code: refused.code, stdout: refused.stdout }, { code: 2, stdout: "" })
    assert.include(refused.stderr, "--allow-anyone-to-connect")

    const { firstLine, stop } = await startEmulator("--host", "0.0.0.0", "--allow-anyone-to-connect")
    onTestFinished(async () => void (await stop()))
    assert.deepEqual(await get(`http://127.0.0.1:${new URL(firstLine).port}/_emulator/outbox`), [])
  })

  it("prints every problem of a seed file", async () => {
    const path = await file("invalid.json", JSON.stringify(invalidWorld))
    const { code, stderr, stdout } = await run(["emulator", "--seed", path])
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    const [headline, ...named] = stderr.trimEnd().split("\n")
    assert.strictEqual(headline, `${path} is not a valid world:`)
    assert.sameMembers(
      named.map((line) => line.split(": ")[0]),
      problems
    )
  })

  it.for([
    ["half.json", /half\.json is not JSON/],
    ["nowhere.json", /nowhere\.json cannot be read/]
  ] as const)("refuses the seed file %s", async ([name, why]) => {
    await file("half.json", '{"seats":')
    const path = join(folder, name)
    const { code, stderr, stdout } = await run(["emulator", "--seed", path])
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
  })

  it("seeds a team from a file and by a request, relative to its clock", async ({ onTestFinished }) => {
    const people = { pending: ["ann@acme.com"], expired: ["eve@acme.com"], claimed: ["ben@acme.com"] } as const
    const team = World.team({ seats: 5, ...people })
    const { firstLine, stop } = await startEmulator("--seed", await file("world.json", JSON.stringify(team)))
    onTestFinished(async () => void (await stop()))
    const hoursLeft = async () => {
      const path = `/v1/customer-portal/seats?subscription_id=${team.subscription}`
      const list = (await get(`${firstLine}${path}`, "polar_cst_team")) as {
        readonly seats: ReadonlyArray<{ readonly id: string; readonly invitation_token_expires_at: string }>
      }
      return Object.fromEntries(
        list.seats.map((seat) => [
          seat.id,
          Math.round((Date.parse(seat.invitation_token_expires_at) - Date.now()) / 3_600_000)
        ])
      )
    }
    const wanted = {
      [team.seatOf("ann@acme.com")]: 18,
      [team.seatOf("eve@acme.com")]: -6,
      [team.seatOf("ben@acme.com")]: -6
    }
    assert.deepEqual(await hoursLeft(), wanted)
    await post(`${firstLine}/_emulator/clock`, { advance_seconds: 900_000 })
    assert.strictEqual((await post(`${firstLine}/_emulator/seed`, team)).status, 200)
    assert.deepEqual(await hoursLeft(), wanted)
  })

  it("prints one line if its port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    const { port } = taken.address() as AddressInfo
    const { code, stderr, stdout } = await run(["emulator", "--port", String(port)])
    taken.close()
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" })
    assert.match(stderr, new RegExp(`^[^\n]*${port}[^\n]*taken[^\n]*\n$`))
  })
})

describe("an emulator with a seed file", () => {
  let url = ""
  beforeAll(async () => {
    const { firstLine, stop } = await startEmulator("--json", "--seed", await file("team.json", JSON.stringify(world)))
    url = JSON.parse(firstLine).url
    assert.deepEqual(JSON.parse(firstLine), { url })
    return stop
  })

  it("starts with the world in the file", async () => {
    assert.deepEqual(await seatsOf(url), freeSeats)
  })

  it("keeps its world if a posted world is invalid", async () => {
    const { body, status } = await post(`${url}/_emulator/seed`, invalidWorld)
    assert.strictEqual(status, 422)
    const { issues } = body as { issues: ReadonlyArray<{ path: ReadonlyArray<string | number>; message: string }> }
    assert.sameMembers(
      issues.map(({ path }) => path.join(".")),
      problems
    )
    assert.isTrue(issues.every(({ message }) => message.length > 0))
    assert.deepEqual(await seatsOf(url), freeSeats)
  })
})
