import { Webhook } from "standardwebhooks"
import { assert, it, vi } from "vitest"
import { post } from "../app/runCli.ts"
import { eve, organization, startAcme, startExample } from "./example.ts"

const secret = "polar_whs_s3cret"
// Polar's original signature: the key is the bytes of the whole secret
const polar = new Webhook(Buffer.from(secret).toString("base64"))

// WIRE.md §3
const seat = {
  created_at: "2026-08-22T10:00:00.123456Z",
  modified_at: null,
  id: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
  subscription_id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
  order_id: null,
  status: "pending",
  customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
  customer_email: "ann@acme.com",
  invitation_token_expires_at: "2026-08-23T10:00:00.123456Z",
  claimed_at: null,
  revoked_at: null,
  seat_metadata: {}
}
const event = (type: string) => JSON.stringify({ type, timestamp: "2026-08-22T10:00:00.123456Z", data: seat })

const deliver = async (url: string, id: string, body: string, signed = body) => {
  const sentAt = new Date()
  const response = await fetch(`${url}/polar`, {
    method: "POST",
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
      "webhook-signature": polar.sign(id, sentAt, signed)
    },
    body
  })
  return response.status
}

it("handles each event once, accepts unknown events, and refuses webhooks that are not from Polar", async ({
  onTestFinished
}) => {
  const [acme, receiver] = await Promise.all([
    startAcme(),
    startExample("webhook-receiver.ts", { POLAR_WEBHOOK_SECRET: secret })
  ])
  onTestFinished(async () => void (await Promise.all([acme.stop(), receiver.stop()])))
  const { printed, url } = receiver
  assert.strictEqual(await deliver(url, "msg_1", event("customer_seat.assigned")), 204)
  assert.strictEqual(await deliver(url, "msg_2", event("customer_seat.claimed")), 204)
  assert.strictEqual(await deliver(url, "msg_2", event("customer_seat.claimed")), 204)
  assert.strictEqual(await deliver(url, "msg_3", event("customer_seat.revoked")), 204)
  assert.strictEqual(await deliver(url, "msg_4", event("order.paid")), 204)
  assert.strictEqual(await deliver(url, "msg_5", event("order.paid"), event("customer_seat.claimed")), 403)
  assert.strictEqual(await deliver(url, "msg_6", " ".repeat(2 ** 20 + 1)), 400)
  assert.strictEqual((await fetch(`${url}/polar`, { method: "POST" })).status, 403)

  // The emulator sends a webhook too, as the header of the example says
  await post(`${acme.url}/_emulator/settings`, { webhook: { url: `${url}/polar`, secret } })
  const headers = { authorization: `Bearer ${organization}` }
  await fetch(`${acme.url}/v1/customer-seats/${eve}`, { method: "DELETE", headers })
  await vi.waitFor(() => assert.include(printed(), `${eve}: shut the holder out`), 5000)

  assert.deepEqual(printed().match(new RegExp(`(${seat.id}|msg_.|order.paid): .*`, "g")), [
    `${seat.id}: invited, but not claimed yet`,
    `${seat.id}: let the holder in`,
    "msg_2: seen before",
    `${seat.id}: shut the holder out`,
    "order.paid: not about a seat"
  ])
  assert.notInclude(await receiver.stop(), "s3cret")
})
