import { assert, beforeAll, beforeEach, describe, it } from "vitest"
import { serveEmulator } from "./serveEmulator.ts"
import { postRaw, sendRaw } from "./wire.ts"
import { customer, fill, organization, owner } from "./world.ts"

let url = ""
beforeAll(async () => {
  const served = await serveEmulator()
  url = served.url
  return served.stop
})
beforeEach(() => fill(url))

describe("a customer without an owner", () => {
  const create = (body: unknown) =>
    sendRaw(url, {
      method: "POST",
      path: "/v1/customer-sessions/",
      headers: { "content-type": "application/json", authorization: `Bearer ${organization}` },
      body: JSON.stringify(body)
    })
  it.for([{ customer_id: customer }, { customer_id: customer.toUpperCase() }, { external_customer_id: "acme-1" }])(
    "gets no session without a member: %j is a 422 as from Polar",
    async (body) => {
      assert.strictEqual((await create(body)).status, 201)
      await postRaw(url, "delete-member", { member_id: owner })
      const answer = await create(body)
      assert.strictEqual(answer.status, 422)
      assert.deepEqual(JSON.parse(answer.body), {
        error: "PolarRequestValidationError",
        detail: [
          {
            type: "value_error",
            loc: ["body", "customer_id"],
            msg: "No owner member found for this customer.",
            input: customer
          }
        ]
      })
    }
  )
})
