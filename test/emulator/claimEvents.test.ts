import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { seats, subscription } from "../laws/world.ts"
import { ask, inWorld } from "./emulatorHttp.ts"

const path = (token: string) => `/v1/customer-seats/claim/${token}/stream`
const live = Redacted.make("live")

const withClaims = <A, E>(
  effect: Effect.Effect<A, E, SeatClaims.SeatClaims | HttpClient.HttpClient | Emulator.Emulator>
) => inWorld(Effect.provide(effect, Layer.orDie(SeatClaims.layer({}))))

describe("the stream of claim events", () => {
  it.effect("sends the claim to a waiting client", () =>
    withClaims(
      Effect.gen(function* () {
        const claims = yield* SeatClaims.SeatClaims
        const waiting = yield* Effect.forkChild(Stream.runHead(claims.events(live)))
        yield* TestClock.adjust("1 second")
        yield* claims.claim(live)
        const event = yield* Fiber.join(waiting)
        assert.deepInclude(event._tag === "Some" ? { ...event.value } : {}, { key: "customer_seat.claimed" })
      })
    )
  )

  it.effect("matches Polar byte for byte, and asks the client to reconnect after ten minutes", () =>
    inWorld(
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const response = yield* client.get(`http://polar.test${path("live")}`)
        assert.strictEqual(response.headers["content-type"], "text/event-stream; charset=utf-8")
        const body = yield* Effect.forkChild(
          Stream.runFold(
            Stream.decodeText(response.stream),
            () => "",
            (text, part) => text + part
          )
        )
        yield* TestClock.adjust("1 minute")
        yield* ask("POST", "/v1/customer-seats/claim", { body: { invitation_token: "live" } })
        yield* TestClock.adjust("9 minutes")
        const [ping, event, last, rest] = (yield* Fiber.join(body)).split("\r\n\r\n")
        assert.strictEqual(ping, ": ping", "the ping makes the headers leave at once")
        assert.match(
          event ?? "",
          new RegExp(
            `^data: {"id":"[0-9a-f-]{36}","key":"customer_seat.claimed","payload":{"seat_id":"${seats.live}",` +
              `"subscription_id":"${subscription}","order_id":null,"product_id":"4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"}}$`
          )
        )
        assert.strictEqual(last, 'data: {"type": "reconnect"}')
        assert.strictEqual(rest, "")
      })
    )
  )

  it.effect.each(["expired", "nothing"])("does not exist for the token %s", (token) =>
    inWorld(
      Effect.gen(function* () {
        const { body, status } = yield* ask("GET", path(token))
        assert.deepEqual(
          [status, body],
          [404, '{"error":"ResourceNotFound","detail":"Invalid or expired invitation token"}']
        )
      })
    )
  )
})
