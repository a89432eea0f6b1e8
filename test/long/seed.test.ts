import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"

const uuid = (kind: number, index: number) =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`
const subscription = uuid(1, 0)
const customer = uuid(2, 0)
const product = uuid(3, 0)
const token = "polar_cst_many"

// With the padding, a seat is about 650 bytes of JSON
const worldOf = (seats: number) => ({
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  members: Array.from({ length: seats }, (_, index) => ({
    id: uuid(5, index),
    customer,
    email: `seat${index}@acme.com`
  })),
  subscriptions: [{ id: subscription, product, customer, seats: seats + 1 }],
  seats: Array.from({ length: seats }, (_, index) => ({
    id: uuid(4, index),
    subscription_id: subscription,
    status: "pending",
    email: `seat${index}@acme.com`,
    customer_id: customer,
    member_id: uuid(5, index),
    invitation_token: `token${index}`.padEnd(43, "_"),
    invitation_token_expires_at: "2099-01-01T00:00:00Z",
    seat_metadata: { note: "x".repeat(200) }
  })),
  tokens: [{ token, customer }]
})

it.live(
  "the emulator handles 100,000 seats in less than ten times the time of 25,000",
  () =>
    Effect.gen(function* () {
      const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      const send = (method: string, path: string, body?: string) =>
        Effect.promise(async () => {
          const began = performance.now()
          const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
          const answer = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
          const text = await answer.text()
          assert.strictEqual(answer.status, 200, text.slice(0, 200))
          return { text, millis: performance.now() - began }
        })
      const measure = Effect.fnUntraced(function* (seats: number) {
        const body = JSON.stringify(worldOf(seats))
        const seed = yield* send("POST", "/_emulator/seed", body)
        const list = yield* send("GET", `/v1/customer-portal/seats?subscription_id=${subscription}`)
        assert.strictEqual(JSON.parse(list.text).seats.length, seats)
        const resend = yield* send("POST", `/v1/customer-portal/seats/${uuid(4, seats - 1)}/resend`, "")
        const assigned = JSON.stringify({ subscription_id: subscription, email: "zoe@acme.com" })
        const assign = yield* send("POST", "/v1/customer-portal/seats", assigned)
        const millis = [seed, list, resend, assign].map((each) => Math.round(each.millis))
        yield* Effect.log(
          `${seats} seats, ${body.length >> 20} MiB: seed, list, resend, assign in ${millis.join(", ")} ms`
        )
        return millis
      })
      yield* measure(25_000)
      const quarter = yield* measure(25_000)
      const all = yield* measure(100_000)
      for (const [index, millis] of all.entries()) {
        assert.isBelow(millis, 10 * ((quarter[index] ?? 0) + 50))
      }
    }).pipe(
      Effect.provide(
        Emulator.layerServer({}).pipe(
          Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
        )
      )
    ),
  180_000
)
