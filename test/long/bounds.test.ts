import { assert, it } from "vitest"
import { flood, open, requestText } from "../security/flood.ts"
import { startSmall } from "../security/smallEmulator.ts"

const token = "polar_oat_bounds"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const seatOf = (index: number) => `00000002-0000-4000-8000-${String(index).padStart(12, "0")}`
const worldOf = (seats: number) => ({
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer, seats }],
  seats: Array.from({ length: seats }, (_, index) => ({
    id: seatOf(index),
    subscription_id: subscription,
    status: "pending",
    email: `seat${index}@acme.com`,
    customer_id: customer,
    invitation_token: `token${index}`,
    invitation_token_expires_at: "2099-01-01T00:00:00Z"
  })),
  tokens: [
    { token, organization: "acme", scopes: ["customer_seats:read", "customer_seats:write", "customer_sessions:write"] }
  ]
})

const json = { "content-type": "application/json" }
const authorization = `Bearer ${token}`
const percentile = (latencies: ReadonlyArray<number>, share: number) =>
  Math.round(latencies.toSorted((one, other) => one - other)[Math.floor(share * (latencies.length - 1))] ?? 0)

const started = async (seats: number, heap: number, onTestFinished: (stop: () => Promise<void>) => void) => {
  const emulator = await startSmall(heap)
  onTestFinished(async () => void (await emulator.stop()))
  const control = async (name: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: "POST", headers: json, body: JSON.stringify(body) }
    const response = await fetch(`${emulator.url}/_emulator/${name}`, init)
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
  }
  assert.strictEqual((await control("seed", worldOf(seats))).status, 200)
  return { ...emulator, control }
}

it(
  "200 clients, 300 slow senders and 10,000 idle connections leave the memory flat",
  { timeout: 600_000 },
  async ({ onTestFinished }) => {
    const { control, memory, url } = await started(1000, 256, onTestFinished)
    let isOver = false
    const sockets = new Set<ReturnType<typeof open>>()
    onTestFinished(async () => {
      isOver = true
      for (const socket of sockets) socket.destroy()
    })
    let reopened = 0
    // A connection that the emulator closes is opened again, as an attacker would
    const keepOpen = (begin: (socket: ReturnType<typeof open>) => void) => {
      if (isOver) return
      const socket = open(url).resume()
      sockets.add(socket)
      begin(socket)
      socket.once("close", () => {
        sockets.delete(socket)
        reopened++
        setTimeout(() => keepOpen(begin), 500 * Math.random())
      })
    }
    const dripping = (text: string) => (socket: ReturnType<typeof open>) => {
      socket.write(text)
      const timer = setInterval(() => socket.write("x"), 1000)
      socket.once("close", () => clearInterval(timer))
    }
    const slowHead = "GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\nx: "
    const slowBody = requestText("POST", "/v1/customer-seats/claim", { ...json, "content-length": "60000" })
    for (let index = 0; index < 300; index++) keepOpen(dripping(index % 2 === 0 ? slowHead : slowBody))
    for (let index = 0; index < 10_000; index++) {
      keepOpen(() => {})
      if (index % 50 === 0) await control("health")
    }

    const samples: Array<number> = []
    const sampler = setInterval(() => samples.push(Math.round(memory())), 5000)
    const tail = "x".repeat(14_000)
    const resend = (index: number) =>
      requestText("POST", `/v1/customer-seats/${seatOf(index % 1000)}/resend`, {
        authorization,
        "content-length": "0"
      })
    const begun = performance.now()
    let most = 0
    const { answers, latencies } = await flood(
      url,
      200_000,
      200,
      (index) =>
        index % 4 === 0 ? resend(index) : requestText("GET", `/v1/nothing/${index}/${tail}`, { authorization }),
      () => {
        most = Math.max(most, sockets.size)
        return false
      }
    )
    const seconds = (performance.now() - begun) / 1000
    clearInterval(sampler)
    const { body, headers } = await control("requests")
    console.log(
      `${latencies.length} requests in ${Math.round(seconds)} s: p50 ${percentile(latencies, 0.5)} ms, ` +
        `p99 ${percentile(latencies, 0.99)} ms; up to ${most} other connections, of which ${reopened} were closed and opened ` +
        `again; MiB every 5 s: ${samples.join(", ")}; most ${Math.round(memory("VmHWM"))}; ` +
        `${(body as Array<unknown>).length} requests kept, ${headers.get("x-dropped")} dropped`
    )
    assert.deepEqual(Object.fromEntries(answers), { 200: 50_000, 404: 150_000 })
    assert.isAbove(most, 9000)
    const half = samples.slice(samples.length >> 1)
    assert.isBelow(Math.max(...half) / Math.max(...samples.slice(0, samples.length >> 1)), 1.15, "memory is flat")
  }
)

it("full ledgers fit, can be read, and say what they dropped", { timeout: 900_000 }, async ({ onTestFinished }) => {
  const seats = 50_010
  const { control, memory, url } = await started(seats, 512, onTestFinished)
  const post = (path: string, body: string) =>
    requestText("POST", path, { ...json, authorization, "content-length": String(body.length) }) + body
  const create = post("/v1/customer-sessions/", JSON.stringify({ customer_id: customer }))
  const first = await fetch(`${url}/v1/customer-sessions/`, {
    method: "POST",
    headers: { ...json, authorization },
    body: JSON.stringify({ customer_id: customer })
  })
  const { token: oldest } = (await first.json()) as { readonly token: string }
  const statusOf = async () => {
    const path = `/v1/customer-portal/seats?subscription_id=${subscription}`
    return (await fetch(url + path, { headers: { authorization: `Bearer ${oldest}` } })).status
  }
  assert.strictEqual(await statusOf(), 200)
  const created = await flood(url, 50_000, 50, () => create)
  assert.deepEqual([...created.answers], [[201, 50_000]])
  assert.strictEqual(await statusOf(), 401)

  const resend = (index: number) => post(`/v1/customer-seats/${seatOf(index % 1000)}/resend`, "")
  const resent = await flood(url, 100_010, 50, resend)
  assert.deepEqual([...resent.answers], [[200, 100_010]])
  assert.strictEqual((await control("cancel", { subscription_id: subscription })).status, 200)
  const { body } = await control("health")
  const counts = await Promise.all(
    ["outbox", "webhooks", "requests"].map(async (name) => {
      const { body, headers } = await control(name)
      return [name, (body as Array<unknown>).length, Number(headers.get("x-dropped"))] as const
    })
  )
  console.log(
    JSON.stringify(body),
    JSON.stringify(counts),
    `${Math.round(memory())} MiB, most ${Math.round(memory("VmHWM"))}`
  )
  assert.deepEqual(counts[0], ["outbox", 100_000, 10])
  assert.deepEqual(counts[1], ["webhooks", 50_000, 10])
  assert.isBelow(memory("VmHWM"), 700)
})
