import { assert, describe, it } from "vitest"
import { flood, open, pour, requestText } from "./flood.ts"
import { startSmall } from "./smallEmulator.ts"

const mebibyte = 1024 * 1024
const json = { "content-type": "application/json" }
const chunked = { ...json, "transfer-encoding": "chunked" }
const lengthOf = (bytes: number) => ({ ...json, "content-length": String(bytes) })

/** Starts an emulator for one test. Its heap is too small for what each attack sends. */
const started = async (onTestFinished: (stop: () => Promise<void>) => void, heap?: number) => {
  const emulator = await startSmall(heap)
  onTestFinished(async () => void (await emulator.stop()))
  const control = async (name: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: "POST", headers: json, body: JSON.stringify(body) }
    const response = await fetch(`${emulator.url}/_emulator/${name}`, init)
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
  }
  return { ...emulator, control }
}

it(
  "12,000 requests with paths of 15 KB leave a ledger that fits, says what it dropped, and can be read by many at once",
  { timeout: 60_000 },
  async ({ onTestFinished }) => {
    const { control, memory, url } = await started(onTestFinished)
    const pathOf = (index: number) => `/v1/nothing/${index}/${"x".repeat(15_000)}`
    const { answers } = await flood(url, 12_000, 50, (index) => requestText("GET", pathOf(index)))
    assert.deepEqual([...answers], [[404, 12_000]])
    const before = memory()
    const reads = await Promise.all(Array.from({ length: 10 }, () => control("requests")))
    const kept = reads.map(({ body }) => body as ReadonlyArray<{ readonly path: string }>)
    const dropped = 12_000 - (kept[0]?.length ?? 0)
    assert.isAbove(dropped, 0)
    for (const [index, rows] of kept.entries()) {
      assert.strictEqual(rows.length, 12_000 - dropped)
      assert.strictEqual(reads[index]?.headers.get("x-dropped"), String(dropped))
      assert.match(rows[0]?.path ?? "", /^\/v1\/nothing\/\d+\/x+… \(129\d\d more characters\)$/)
      assert.match(rows.at(-1)?.path ?? "", /^\/v1\/nothing\/\d+\/x+… \(129\d\d more characters\)$/)
    }
    const others = { outbox: 0, webhooks: 0, deliveries: 0, sessions: 0 }
    assert.deepEqual((await control("health")).body, { status: "ok", dropped: { requests: dropped, ...others } })
    assert.isBelow(memory("VmHWM") - before, 200, "reading costs little")
  }
)

it(
  "12,000 tokens of 15 KB that nobody holds leave nothing behind in the rate limits",
  { timeout: 60_000 },
  async ({ onTestFinished }) => {
    const { control, url } = await started(onTestFinished)
    await control("settings", { rate_limits: "production" })
    const tail = "x".repeat(15_000)
    const send = (token: string) => requestText("GET", "/v1/nothing", { authorization: `Bearer ${token}` })
    const { answers } = await flood(url, 12_000, 50, (index) => send(`${index}${tail}`))
    assert.deepEqual([...answers], [[401, 12_000]])
    // The limit still counts the requests of one token, however long it is
    const limited = await flood(url, 70, 1, () => send(tail))
    assert.deepEqual(Object.fromEntries(limited.answers), { 401: 60, 429: 10 })
  }
)

describe("a body that is too large", () => {
  const polars = (bytes: number) =>
    `{"error":"RequestBodyTooLarge","detail":"Request body exceeded the maximum allowed size of ${bytes} bytes."}`

  it(
    "gets a 413, is counted while it arrives, and ends its connection",
    { timeout: 60_000 },
    async ({ onTestFinished }) => {
      const { control, memory, url } = await started(onTestFinished)
      await control("settings", { require_content_length: false })
      const claim = "/v1/customer-seats/claim"
      for (const [path, most] of [
        ["/_emulator/seed", 128 * mebibyte],
        ["/_emulator/faults", 16 * mebibyte],
        [claim, 10_485_760]
      ] as const) {
        const declared = await pour(url, requestText("POST", path, lengthOf(600 * mebibyte)), 600 * mebibyte, false)
        assert.deepEqual([declared.status, declared.isClosed], [413, true], path)
        assert.isBelow(declared.sent, 8 * mebibyte, "a declared length is judged before the body")
        const counted = await pour(url, requestText("POST", path, chunked), 600 * mebibyte, true)
        assert.deepEqual([counted.status, counted.isClosed], [413, true], path)
        assert.isBelow(counted.sent, most + 32 * mebibyte)
        for (const { text } of [declared, counted]) {
          assert.strictEqual(text.slice(text.indexOf("\r\n\r\n") + 4), polars(most))
          assert.match(text, /\r\nconnection: close\r\n/i)
        }
      }
      // A delayed request keeps its body while it waits
      await control("faults", { rules: [{ path: claim, delay_ms: 60_000 }] })
      const delayed = await pour(url, requestText("POST", claim, chunked), 600 * mebibyte, true)
      assert.deepEqual([delayed.status, delayed.isClosed], [413, true])
      assert.isBelow(memory("VmHWM"), 600)
    }
  )

  it(
    "has no room beside others that wait for a delay, even if their senders are gone",
    { timeout: 60_000 },
    async ({ onTestFinished }) => {
      const { control, memory, url } = await started(onTestFinished)
      const path = "/v1/customer-seats/claim"
      await control("faults", { rules: [{ path, delay_ms: 3_600_000 }] })
      const most = 10_485_760
      const head = requestText("POST", path, lengthOf(most))
      const poured: Array<number> = []
      for (let index = 0; index < 28; index++) poured.push((await pour(url, head, most, false, 100)).status)
      assert.deepEqual(
        poured.slice(0, 25),
        Array.from({ length: 25 }, () => 0)
      )
      assert.deepEqual(poured.slice(25), [503, 503, 503])
      const rows = (await control("requests")).body as ReadonlyArray<{ readonly status: number }>
      assert.deepEqual(
        rows.map(({ status }) => status),
        [503, 503, 503]
      )
      assert.isBelow(memory("VmHWM"), 700)
    }
  )

  it("is one with too many values too, whatever its length", { timeout: 60_000 }, async ({ onTestFinished }) => {
    const { control, memory, url } = await started(onTestFinished)
    for (const [path, body] of [
      ["/v1/customer-seats/claim", `{"invitation_token":[${"[],".repeat(3_400_000)}[]]}`],
      ["/_emulator/faults", `{"rules":[${"{},".repeat(5_000_000)}{}]}`],
      ["/_emulator/seed", `{"seats":[${"{},".repeat(6_000_000)}{}]}`]
    ] as const) {
      const response = await fetch(url + path, { method: "POST", headers: json, body })
      assert.strictEqual(response.status, 413, path)
      assert.match(await response.text(), /maximum of \d+ JSON values/)
    }
    // Commas and brackets in a text are no values
    const seat_metadata = { note: "[{,".repeat(100_000) }
    const answer = await control("faults", { rules: [{ status: 200, body: seat_metadata }] })
    assert.strictEqual(answer.status, 200)
    assert.isBelow(memory("VmHWM"), 500)
  })
})

it(
  "300 slow senders and 2,000 idle connections cost little, hold up nobody, and are closed after ten seconds",
  { timeout: 60_000 },
  async ({ onTestFinished }) => {
    const { control, memory, url } = await started(onTestFinished)
    const before = memory()
    const lives: Array<Promise<number>> = []
    const connect = (text: string) => {
      const begun = performance.now()
      const socket = open(url).resume()
      if (text !== "") socket.write(text)
      onTestFinished(async () => void socket.destroy())
      return new Promise<number>((resolve) => socket.once("close", () => resolve(performance.now() - begun)))
    }
    // Batches, because the kernel loses connections if too many wait to be accepted
    const connectMany = async (count: number, text: string) => {
      const ended: Array<Promise<number>> = []
      while (ended.length < count) {
        ended.push(...Array.from({ length: 50 }, () => connect(text)))
        await control("health")
      }
      return ended
    }
    lives.push(...(await connectMany(150, "GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\nx: ")))
    lives.push(...(await connectMany(2000, "")))
    // 25 of these fill the memory for bodies, which is 256 MiB, and the others are refused at once
    const claim = requestText("POST", "/v1/customer-seats/claim", lengthOf(10_485_760)) + " ".repeat(1000)
    const bodies = await connectMany(150, claim)
    const refused = await Promise.all(bodies.slice(25))
    assert.isBelow(Math.max(...refused), 9000)
    const { answers, latencies } = await flood(url, 1000, 10, () => requestText("GET", "/v1/nothing"))
    assert.deepEqual([...answers], [[404, 1000]])
    assert.isBelow(latencies.toSorted((one, other) => one - other)[990] ?? 0, 5000)
    // A small body needs no room
    assert.strictEqual((await control("settings", { sandbox: true })).status, 200)
    assert.isBelow(memory() - before, 200)
    const took = await Promise.all(lives)
    assert.isAbove(Math.min(...took), 9000)
    assert.isBelow(Math.max(...took), 25_000)
  }
)
