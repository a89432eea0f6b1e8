import { createHmac } from "node:crypto"

/** The secret of the endpoint that `sign` signs for. */
export const secret = "polar_whs_s3cret"

/** The headers that Polar sends with a body. The signature's key is the bytes of the whole secret. */
export const sign = (body: string, sentAt = Date.now()) => {
  const seconds = String(Math.floor(sentAt / 1000))
  const signature = createHmac("sha256", secret).update(`msg_1.${seconds}.${body}`).digest("base64")
  return { "webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` }
}

/** Delivers a webhook as Polar does, and returns the status of the answer. */
export const deliver = async (url: string, body: string, headers: Record<string, string> = sign(body)) =>
  (await fetch(url, { method: "POST", body, headers })).status

// https://polar.sh/docs/api-reference/webhooks/customer_seat.assigned
const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"

/** The seat in Polar's example of a webhook. */
export const seat = {
  created_at: "2023-11-07T05:31:56Z",
  modified_at: null,
  id,
  status: "pending",
  subscription_id: id,
  order_id: null,
  customer_id: id,
  member_id: null,
  email: "ann@acme.com",
  customer_email: "ann@acme.com",
  invitation_token_expires_at: "2023-11-08T05:31:56Z",
  claimed_at: null,
  revoked_at: null,
  seat_metadata: {}
}

/** The time in the webhooks of these tests. */
export const timestamp = "2023-11-07T05:31:56.123456Z"
