import { createHmac } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { assert, describe, it, type TestContext } from "vitest"
import { customer, session, subscription } from "./acme.ts"
import { linesOf } from "./jsonLines.ts"
import { get, post, run, start, startEmulator } from "./runCli.ts"
import { temporaryFile } from "./seededTeam.ts"

const where = ["--subscription", subscription]
const id = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const odd = '{"ref":12345678901234567890,"big":[1e400,0.1000000000000000055511151231257827],"desk":7}'

const getText = async (url: string) => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${session}` } })
  return response.text()
}

/** An emulator whose one seat has these numbers and an expired invitation. Its seed is a file: no value can hold them. */
const startOdd = async (test: TestContext) => {
  const seed = JSON.stringify({
    organizations: [{ slug: "acme" }],
    products: [{ id: customer, organization: "acme" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscription, product: customer, customer, seats: 1 }],
    seats: [
      {
        id,
        subscription_id: subscription,
        customer_id: customer,
        status: "pending",
        email: "ann@acme.com",
        invitation_token: "s3cret-ann",
        invitation_token_expires_at: "2026-11-01T00:00:00Z",
        seat_metadata: "odd"
      }
    ],
    tokens: [{ token: session, customer }]
  }).replace('"odd"', odd)
  const file = await temporaryFile(test)
  await writeFile(file, seed)
  const emulator = await startEmulator("--seed", file)
  test.onTestFinished(async () => void (await emulator.stop()))
  const url = emulator.firstLine
  const listed = () => getText(`${url}/v1/customer-portal/seats?subscription_id=${subscription}`)
  const mails = () => get(`${url}/_emulator/outbox`)
  return { listed, mails, env: { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: session } }
}

describe.concurrent("numbers that JavaScript cannot hold", { timeout: 60_000 }, () => {
  it("are printed as they came by list --json, and a reissue is refused with 1 and revokes nothing", async (test) => {
    const { env, listed: inPolar, mails } = await startOdd(test)
    const before = await inPolar()
    const listed = await run(["list", ...where, "--json"], env)
    assert.deepEqual({ code: listed.code, stderr: listed.stderr }, { code: 0, stderr: "" })
    assert.include(listed.stdout, `"seat_metadata":${odd}`)

    const refused = await run(["reissue", id, ...where, "--json"], env)
    assert.strictEqual(refused.code, 1)
    assert.match(
      refused.stderr,
      /has numbers that JavaScript cannot hold, under ref, big\. .* nothing was revoked or mailed/
    )
    const [{ error, outcome }] = linesOf(refused.stdout)
    assert.deepEqual([outcome, error._tag], ["failed", "InexactMetadata"])

    const reminded = await run(["remind", ...where, "--on-expired", "reissue", "--json", "--yes"], env)
    assert.strictEqual(reminded.code, 1)
    assert.include(reminded.stdout, "InexactMetadata")
    assert.strictEqual(await inPolar(), before)
    assert.deepEqual(await mails(), [])

    const resent = await run(["resend", id, "--json"], env)
    assert.include(resent.stdout, `"seat_metadata":${odd}`)
  })

  it("are text for assign --metadata, also within a value", async (test) => {
    const { env } = await startOdd(test)
    await post(`${env.POLAR_API_URL}/_emulator/cancel`, { subscription_id: subscription })
    const metadata = ["a=0.1000000000000000055511151231257827", 'b={"ref":12345678901234567890}', "c=1.50", "d=-0"]
    const { code, stderr, stdout } = await run(
      ["assign", ...where, "--email", "bea@acme.com", "--json", ...metadata.flatMap((pair) => ["--metadata", pair])],
      env
    )
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepEqual(linesOf(stdout)[0].seat.seat_metadata, {
      a: "0.1000000000000000055511151231257827",
      b: '{"ref":12345678901234567890}',
      c: 1.5,
      d: "-0"
    })
  })

  it("are printed as they came by listen --json, of a seat and of any other webhook", async (test) => {
    const { listed } = await startOdd(test)
    const secret = "polar_whs_s3cret"
    const listener = await start(["listen", "--json"], { POLAR_WEBHOOK_SECRET: secret })
    test.onTestFinished(async () => void (await listener.stop()))
    const { url } = JSON.parse(listener.firstLine)
    const deliver = async (body: string) => {
      const seconds = String(Math.floor(Date.now() / 1000))
      const signature = createHmac("sha256", secret).update(`msg_1.${seconds}.${body}`).digest("base64")
      const headers = { "webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` }
      assert.strictEqual((await fetch(url, { method: "POST", body, headers })).status, 204)
    }
    const seat = /"seats":\[(.*)\],"available_seats"/.exec(await listed())?.[1] ?? ""
    const event = (type: string, data: string) => `{"type":"${type}","timestamp":"2026-11-07T05:31:56Z","data":${data}}`
    await deliver(event("customer_seat.assigned", seat))
    await deliver(event("order.paid", '{"amount":12345678901234567890}'))
    const { stdout } = await listener.stop()
    assert.include(stdout, `"seat_metadata":${odd}`)
    assert.include(stdout, '"amount":12345678901234567890')
  })
})
