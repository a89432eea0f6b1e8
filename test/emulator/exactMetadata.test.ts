import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect } from "effect"
import type { HttpClient } from "effect/http"
import { ask, control } from "./emulatorHttp.ts"

const token = "polar_oat_acme"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const odd = '{"ref":12345678901234567890,"big":[1e400,{"long":0.1000000000000000055511151231257827}],"low":-0.0}'

const worldText = (metadata: string, more = "") => {
  const rest = JSON.stringify({
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscription, product, customer, seats: 3 }],
    tokens: [{ token, organization: "acme", scopes: ["customer_seats:read", "customer_seats:write"] }]
  })
  const seat = `{"id":"${ann}","subscription_id":"${subscription}","status":"pending","email":"ann@acme.com",
    "customer_id":"${customer}","invitation_token":"t","seat_metadata": ${metadata} }`
  return `${rest.slice(0, -1)}, "seats": [${seat}]${more}}`
}
const seeded = (metadata: string, more = "") => ask("POST", "/_emulator/seed", { text: worldText(metadata, more) })
const list = Effect.map(ask("GET", `/v1/customer-seats?subscription_id=${subscription}`, { token }), ({ body }) => body)
const assign = (metadata: string, email = "bea@acme.com") =>
  ask("POST", "/v1/customer-seats", {
    token,
    text: `{"subscription_id":"${subscription}","email":"${email}","metadata":${metadata}}`
  })
const metadataIn = (json: string) => /"seat_metadata":(.*)\}(?:\]|$)/.exec(json)?.[1] ?? json

const inEmulator = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient | Emulator.Emulator>) =>
  Effect.provide(effect, Emulator.layer({}))

describe("the emulator holds numbers that JavaScript cannot hold", () => {
  it.effect("from a seed, and answers them as they came, until somebody else gets the seat", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seeded(odd)).status, 200)
      assert.include(yield* list, `"seat_metadata":${odd}`)
      const revoked = yield* ask("DELETE", `/v1/customer-seats/${ann}`, { token })
      assert.strictEqual(metadataIn(revoked.body), odd)
      assert.include((yield* ask("GET", "/_emulator/webhooks")).body, odd)
      const assigned = yield* assign('{"desk":7}')
      assert.deepEqual(
        [(JSON.parse(assigned.body) as { id: string }).id, metadataIn(assigned.body)],
        [ann, '{"desk":7}']
      )
    }).pipe(inEmulator)
  )

  it.effect("from a seed in process, as JSON text or as a world", () =>
    Effect.gen(function* () {
      const { seed, seedJson } = yield* Emulator.Emulator
      yield* seedJson(worldText(odd))
      assert.include(yield* list, odd)
      yield* seedJson(JSON.parse(worldText('{"desk":7}')))
      assert.strictEqual(metadataIn((yield* list).split(',"available_seats"')[0] ?? ""), '{"desk":7}')
      const error = yield* Effect.flip(seedJson("{"))
      assert.match(error.message, /is not JSON: .* \(character 1\)/)
      yield* seed({
        organizations: [{ slug: "acme" }],
        products: [{ id: product, organization: "acme" }],
        customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
        subscriptions: [{ id: subscription, product, customer, seats: 1 }],
        seats: [{ subscriptionId: subscription, status: "pending", exactMetadata: odd }],
        tokens: [{ token, organization: "acme", scopes: ["customer_seats:read"] }]
      })
      assert.include(yield* list, odd)
    }).pipe(inEmulator)
  )

  it.effect("from an assignment, as Python does: an integer of any length, and any other number as a double", () =>
    Effect.gen(function* () {
      yield* seeded("{}")
      const metadata =
        '{"ref":12345678901234567890,"nested":[-99999999999999999999999],"long":0.1000000000000000055511151231257827,"zero":[-0,-0.0]}'
      const assigned = yield* assign(metadata)
      assert.strictEqual(assigned.status, 200)
      assert.strictEqual(
        metadataIn(assigned.body),
        '{"ref":12345678901234567890,"nested":[-99999999999999999999999],"long":0.1,"zero":[0,-0.0]}'
      )
      assert.include(yield* list, metadataIn(assigned.body))
    }).pipe(inEmulator)
  )

  it.effect("and counts their digits as Polar does", () =>
    Effect.gen(function* () {
      yield* seeded("{}")
      const digits = (count: number) => `{"n":${"7".repeat(count)}}`
      assert.strictEqual((yield* assign(digits(1024 - 7))).status, 200)
      const { body, status } = yield* assign(digits(1025 - 7), "cid@acme.com")
      assert.strictEqual(status, 422)
      assert.include(body, "Metadata size cannot exceed 1KB")
      assert.include(body, digits(1025 - 7), "Polar repeats the input as it came")
    }).pipe(inEmulator)
  )

  it.effect("and still refuses an infinite number outside of a seed's metadata", () =>
    Effect.gen(function* () {
      yield* seeded("{}")
      const { body, status } = yield* assign('{"a":1e400}')
      assert.strictEqual(status, 422)
      assert.include(body, "Out of range float values are not JSON compliant")
      for (const text of [
        worldText("{}", ',"orders":1e400'),
        worldText("[1e400]"),
        worldText(odd, ',"orders":[{"seats":1e400}]')
      ]) {
        const refused = yield* ask("POST", "/_emulator/seed", { text })
        assert.strictEqual(refused.status, 422, text)
      }
      const twice = yield* ask("POST", "/_emulator/seed", {
        text: worldText(`{"a":${"[".repeat(2000)}1e400${"]".repeat(2000)}}`)
      })
      assert.strictEqual(twice.status, 422)
      assert.include(yield* list, "ann@acme.com", "a refused seed leaves everything as it was")
      assert.strictEqual((yield* control("POST", "clock", { advance_seconds: 1 })).status, 200)
    }).pipe(inEmulator)
  )
})
