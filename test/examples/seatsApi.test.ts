import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatsListView, SeatView } from "@polar-seats/domain/SeatView"
import { SeatsApi } from "@polar-seats/examples/seats-api"
import { DateTime, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder, HttpApiClient } from "effect/http-api"
import { declared, seat, seatId } from "./seatsApiErrors.ts"
import { subscription } from "./example.ts"

const { AlreadyAssigned, RecipientNotFound, ...ofResend } = declared
const params = { subscriptionId: SubscriptionId.make(subscription) }
const path = `/subscriptions/${subscription}/seats`

/** Serves the contract of the example on a free port. Each call that mails fails with this error. */
const failing = (tag: keyof typeof declared) => {
  const now = DateTime.makeUnsafe("2026-11-22T06:00:00Z")
  const view = SeatView.fromSeat(seat, now)
  const list = new SeatsListView({ seats: [view], availableSeats: 1, totalSeats: 2 })
  const handlers = HttpApiBuilder.group(SeatsApi, "seats", (handlers) =>
    handlers.handleAll({
      list: () => Effect.succeed(list),
      revoke: () => Effect.succeed(view),
      assign: () => Effect.fail(tag === "RecipientNotFound" ? RecipientNotFound[1] : AlreadyAssigned[1]),
      resend: () =>
        Effect.fail(tag === "AlreadyAssigned" || tag === "RecipientNotFound" ? ofResend.NotFound[1] : ofResend[tag][1])
    })
  )
  const routes = HttpApiBuilder.layer(SeatsApi).pipe(Layer.provide(handlers))
  return HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layerTest)
  )
}

const url = HttpServer.addressFormattedWith((address) => Effect.succeed(address.replace("0.0.0.0", "127.0.0.1")))

/** As a browser asks: with `fetch` alone. */
const ask = Effect.fnUntraced(function* (method: string, path: string, body?: unknown) {
  const base = yield* url
  return yield* Effect.promise(async () => {
    const response = await fetch(base + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() }
  })
})

for (const [tag, [status, error]] of Object.entries(declared)) {
  it.live(`${tag} is a ${status} with its message for a browser, and the error itself for the generated client`, () =>
    Effect.gen(function* () {
      const isOfAssign = tag === "AlreadyAssigned" || tag === "RecipientNotFound"
      const seen = yield* isOfAssign
        ? ask("POST", path, { email: "ann@acme.com" })
        : ask("POST", `${path}/${seatId}/invitation`)
      assert.strictEqual(seen.status, status)
      assert.deepInclude(seen.body, { _tag: tag, message: error.message })
      assert.strictEqual(seen.retryAfter, tag === "RateLimited" ? "77" : null)

      const { seats } = yield* HttpApiClient.make(SeatsApi)
      const failure: object = yield* isOfAssign
        ? Effect.flip(seats.assign({ params, payload: { email: "ann@acme.com" } }))
        : Effect.flip(seats.resend({ params: { ...params, seatId }, query: {} }))
      assert.strictEqual(failure.constructor, error.constructor)
      // An assertion compares errors by their messages alone
      assert.deepEqual(Object.fromEntries(Object.entries(failure)), Object.fromEntries(Object.entries(error)))
    }).pipe(Effect.provide(failing(tag as keyof typeof declared)))
  )
}

it.live("a browser sees the holder's address and the state of the invitation", () =>
  Effect.gen(function* () {
    const { body } = yield* ask("GET", path)
    assert.deepInclude(body.seats[0], {
      id: seatId,
      holderEmail: "ann@acme.com",
      invitation: { _tag: "Live", expiresAt: "2026-11-22T07:00:00Z" }
    })
    const { seats } = yield* HttpApiClient.make(SeatsApi)
    const list = yield* seats.list({ params })
    assert.deepEqual(list.seats[0]?.seat, seat)
  }).pipe(Effect.provide(failing("NotFound")))
)
