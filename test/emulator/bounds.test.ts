import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as World from "@polar-seats/emulator/World"
import { Effect, Layer, Result } from "effect"
import { HttpClient } from "effect/http"
import { createServer } from "node:http"
import { seats, subscription, tokens, world } from "../laws/world.ts"
import { ask } from "./emulatorHttp.ts"

const long = "x".repeat(1_000_000)
const tokenOf = (index: number) => `token-${String(index).padStart(37, "0")}`

/** A world whose product and seats have texts of a million characters, so that a few fill each ledger. */
const many = (count: number, tokenOf = (index: number) => `token${index}`): WorldInput => ({
  ...world,
  products: (world.products ?? []).map((row) => ({ ...row, name: long })),
  seats: Array.from({ length: count }, (_, index) => ({
    subscriptionId: subscription,
    status: "pending" as const,
    email: `seat${index}@acme.com`,
    invitationToken: tokenOf(index),
    seatMetadata: { long }
  }))
})
const cancel = Effect.flatMap(Emulator.Emulator, ({ cancel }) => cancel(SubscriptionId.make(subscription)))

describe("the bound of", () => {
  it.effect("the outbox drops the oldest mails, and counts them until it is emptied", () =>
    Effect.gen(function* () {
      const { resend } = yield* Seats
      const outbox = yield* Outbox
      const live = resend(SeatId.make(seats.live))
      yield* resend(SeatId.make(seats.expired))
      yield* Effect.repeat(live, { times: 39 })
      const mails = yield* outbox.mails
      assert.deepEqual([mails.length, yield* outbox.dropped], [33, 8])
      assert.strictEqual(mails[0]?.seatId, seats.live)
      yield* outbox.clear
      yield* live
      assert.deepEqual([(yield* outbox.mails).length, yield* outbox.dropped], [1, 0])
    }).pipe(Effect.provide(SeatsMemory.layer({ ...many(0), seats: world.seats ?? [] }, tokens.customer)))
  )

  it.live("the webhooks drops the oldest, and so does that of the deliveries to a slow receiver", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.settings({ webhook: { url: "http://127.0.0.1:9/" } })
      yield* cancel
      const webhooks = yield* emulator.webhooks
      assert.deepEqual([webhooks.length, webhooks.at(-1)?.type], [16, "customer_seat.revoked"])
      assert.deepEqual(yield* emulator.dropped, { outbox: 0, requests: 0, webhooks: 24, deliveries: 24, sessions: 0 })
    }).pipe(
      Effect.provide(
        Emulator.layerServer(many(40)).pipe(
          Layer.provide(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })),
          Layer.provide(
            Layer.succeed(
              HttpClient.HttpClient,
              HttpClient.make(() => Effect.never)
            )
          )
        )
      )
    )
  )

  it.effect("the invitations that no longer open a seat leaves the last ones out of paths", () => {
    const tokens = (index: number) => `${tokenOf(index)}${long.slice(0, 500_000)}`
    return Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const askBoth = Effect.andThen(ask("GET", `/v1/nothing/${tokens(0)}`), ask("GET", `/v1/nothing/${tokens(9)}`))
      yield* askBoth
      yield* cancel
      yield* askBoth
      assert.deepEqual(
        (yield* emulator.requests).map(({ path }) => path.slice(0, 30)),
        ["/v1/nothing/…", "/v1/nothing/…", `/v1/nothing/${tokens(0)}`.slice(0, 30), "/v1/nothing/…"]
      )
    }).pipe(Effect.provide(Emulator.layer(many(10, tokens))))
  })

  it.effect("a path cuts no invitation in half", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const start = `/v1/nothing/${"x".repeat(2000)}/`
      yield* ask("GET", `${start}${tokenOf(0)}/${"y".repeat(1000)}`)
      const [request] = yield* emulator.requests
      assert.strictEqual(request?.path.length, 2048 + "… (966 more characters)".length)
      assert.strictEqual(request?.path, `${start}…/${"y".repeat(33)}… (967 more characters)`)
    }).pipe(Effect.provide(Emulator.layer(many(1, tokenOf))))
  )

  it("the problems of a world shows the first 1,000, and one wrong type if the world is large", () => {
    const issuesOf = (count: number) =>
      Result.match(World.load({ seats: Array.from({ length: count }, () => ({})) }), {
        onFailure: ({ issues }) => issues.length,
        onSuccess: () => 0
      })
    assert.deepEqual([issuesOf(10), issuesOf(2000), issuesOf(200_000)], [10, 1000, 1])
  })
})
