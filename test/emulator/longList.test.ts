import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import type { WorldInput } from "@polar-seats/emulator/World"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import { Effect, Layer, Schema } from "effect"
import { HttpClient } from "effect/http"

const buyer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const token = "polar_cst_buyer"
const path = `/v1/customer-portal/seats?subscription_id=${subscription}`

const worldOf = (count: number): WorldInput => ({
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme" }],
  customers: [{ id: buyer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer: buyer, seats: count + 1 }],
  seats: Array.from({ length: count }, (_, index) => ({
    subscriptionId: subscription,
    customerId: buyer,
    status: "pending" as const,
    email: `${index}-é@acme.com`
  })),
  tokens: [{ token, customer: buyer }]
})

const listed = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.get(url, { headers: { authorization: `Bearer ${token}`, "polar-version": "2026-10" } })
  )

// The emulator writes a list of more than a thousand seats piece by piece
for (const count of [1000, 1001, 2000, 2500]) {
  it.effect(`a list of ${count} seats is whole, and as the schema writes it`, () =>
    Effect.gen(function* () {
      const response = yield* listed(`http://polar.test${path}`)
      const text = yield* response.text
      const list = Schema.decodeUnknownSync(SeatsListJson)(JSON.parse(text))
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(response.headers["polar-version"], "2026-10")
      assert.strictEqual(text, JSON.stringify(Schema.encodeSync(SeatsListJson)(list)))
      assert.deepEqual(
        list.seats.map(({ email }) => email),
        Array.from({ length: count }, (_, index) => `${index}-é@acme.com`)
      )
      assert.strictEqual(list.availableSeats, 1)
    }).pipe(Effect.provide(Emulator.layer(worldOf(count))))
  )
}

it.live("eight long lists at once arrive whole over a socket", () =>
  Effect.gen(function* () {
    const texts = yield* Effect.all(
      Array.from({ length: 8 }, () => Effect.flatMap(listed(path), ({ text }) => text)),
      { concurrency: "unbounded" }
    )
    for (const text of texts) assert.strictEqual(JSON.parse(text).seats.length, 5000)
    assert.strictEqual(new Set(texts).size, 1)
  }).pipe(
    Effect.timeout("20 seconds"),
    Effect.provide(Layer.provideMerge(Emulator.layerServer(worldOf(5000)), NodeHttpServer.layerTest))
  )
)
