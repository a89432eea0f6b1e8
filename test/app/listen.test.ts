import { once } from "node:events"
import { connect } from "node:net"
import { assert, describe, it, type TestContext } from "vitest"
import { session, startAcme, subscription } from "./acme.ts"
import { post, run, start, stopInTime } from "./runCli.ts"
import { deliver, seat, secret, sign, timestamp } from "./webhookSender.ts"

const { id } = seat
const email = "ann\u009b31m@acme.com"
const assigned = JSON.stringify({ type: "customer_seat.assigned", timestamp, data: { ...seat, email } })
const order = { type: "order.paid", timestamp, data: { amount: 5 } }

const listen = async ({ onTestFinished }: TestContext, ...args: ReadonlyArray<string>) => {
  const listener = await start(["listen", ...args], { POLAR_WEBHOOK_SECRET: secret })
  onTestFinished(async () => void (await listener.stop()))
  return listener
}

describe.concurrent("listen", () => {
  it("prints a line for each webhook from Polar, refuses others, and ends with 0 within a second", async (test) => {
    const listener = await listen(test)
    const url = listener.firstLine
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)

    assert.strictEqual(await deliver(url, assigned), 204)
    assert.strictEqual(await deliver(`${url}/any/path`, JSON.stringify(order)), 204)
    assert.strictEqual((await fetch(url)).status, 403, "no headers")
    assert.strictEqual(await deliver(url, `${assigned} `, sign(assigned)), 403, "a body that was changed")
    assert.strictEqual(await deliver(url, assigned, sign(assigned, Date.now() - 600_000)), 403, "a replay")
    assert.strictEqual(await deliver(url, "{}"), 403, "a body that Polar never sends")
    assert.strictEqual(await deliver(url, " ".repeat(2 ** 20 + 1)), 413)

    const silent = connect(Number(new URL(url).port), "127.0.0.1")
    await once(silent, "connect")
    const { stderr, stdout, ...ended } = await stopInTime(listener, "SIGINT")
    silent.destroy()
    assert.deepEqual(ended, { code: 0, inTime: true })
    assert.strictEqual(
      stdout,
      `${url}\n` +
        `${timestamp} customer_seat.assigned ${id} pending ann<U+009B>31m@acme.com\n` +
        `${timestamp} order.paid not about a seat\n`
    )
    assert.match(stderr, /^(Refused with 403: [^\n]+\n){4}Refused with 413: [^\n]+\n$/)
  })

  it("prints each webhook of the emulator as a line of JSON with --json", async (test) => {
    const [listener, acme] = await Promise.all([listen(test, "--json"), startAcme(3, [])])
    test.onTestFinished(async () => void (await acme.stop()))
    const { url } = JSON.parse(listener.firstLine)
    await post(`${acme.url}/_emulator/settings`, { webhook: { url: `${url}/hook`, secret } })
    await run(["assign", "--subscription", subscription, "--email", "ann@acme.com"], {
      POLAR_API_URL: acme.url,
      POLAR_CUSTOMER_SESSION: session
    })
    assert.strictEqual(await deliver(url, JSON.stringify(order)), 204)

    const { code, stderr, stdout } = await listener.stop("SIGTERM")
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const events = stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line))
    const ofSeat = events.find(({ type }) => type === "customer_seat.assigned")
    assert.deepEqual(ofSeat.data, (await acme.listed()).seats[0])
    assert.deepEqual(
      events.filter((event) => event !== ofSeat),
      [{ id: "msg_1", ...order }]
    )
  })

  it.for([
    ["a missing secret", {}, [], /^POLAR_WEBHOOK_SECRET is missing/],
    [
      "a secret with a line break",
      { POLAR_WEBHOOK_SECRET: `${secret}\n` },
      [],
      /^POLAR_WEBHOOK_SECRET: contains a line break[^\n]*\n$/
    ],
    [
      "an address that other machines can reach",
      { POLAR_WEBHOOK_SECRET: secret },
      ["--host", "0.0.0.0"],
      /--allow-anyone-to-connect/
    ]
  ] as const)("ends with 2 for %s", async ([, env, args, why]) => {
    const { code, stderr, stdout } = await run(["listen", ...args], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
  })
})
