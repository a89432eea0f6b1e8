import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { RetryAmbiguousRevoke, SendWithin } from "@polar-seats/domain/CallOptions"
import { CustomerId, SeatId } from "@polar-seats/domain/Seat"
import { isSafeToRetry, mayHaveHappened } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Pace from "@polar-seats/http/Pace"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Clock, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

const token = Redacted.make("polar_cst_x")
const seatId = SeatId.make(documentedSeat.id)
const revoke = Effect.flatMap(Seats, (seats) => seats.revoke(seatId))
const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))
const within = (limit: Duration.Input) => Effect.provideService(SendWithin, Duration.fromInputUnsafe(limit))

type Answering = (nth: number, request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Response>
const seat = () => Effect.succeed(Response.json(documentedSeat))
const limited = (retryAfter: string) => () =>
  Effect.succeed(new Response(null, { status: 429, headers: { "retry-after": retryAfter } }))

/** A Polar that answers each request, and the times in seconds at which they left. */
const polar = (answer: Answering) => {
  const times: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(answer(times.push(now / 1000), request), (response) => HttpClientResponse.fromWeb(request, response))
    )
  )
  return { times, layer: Layer.succeed(HttpClient.HttpClient, client) }
}
const portal = (client: Layer.Layer<HttpClient.HttpClient>, options: Partial<PortalSeats.Options> = {}) =>
  Layer.orDie(PortalSeats.layer({ token, ...options })).pipe(Layer.provide(client))

/** Runs a call to its end on the test clock, and says when it ended. */
const ended = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const timed = Effect.flatMap(Effect.result(call), (result) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({ result, at: now / 1000 }))
    )
    const fiber = yield* Effect.forkChild(timed)
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })
const failed = <A, E>({
  result
}: {
  readonly result: { readonly _tag: "Success"; readonly success: A } | { readonly _tag: "Failure"; readonly failure: E }
}) => (result._tag === "Failure" ? result.failure : assert.fail("the call succeeded"))

const isNotSent = (error: { readonly _tag: string }, why: string) => {
  assert.containSubset(error, {
    _tag: "Unavailable",
    reason: {
      _tag: "NotSent",
      description: `it could not leave within the time that \`SendWithin\` allows, because ${why}`
    }
  })
  assert.isFalse(mayHaveHappened(error))
  assert.isTrue(isSafeToRetry(error))
}

describe("a call that waits in a Pace", () => {
  const pace = (client: Layer.Layer<HttpClient.HttpClient>) =>
    Layer.orDie(Pace.layer({ limit: 1, window: "20 seconds" })).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provide(RateLimiter.layerStoreMemory),
      Layer.provide(client)
    )

  it.effect("fails as NotSent when SendWithin ends, and never leaves", () => {
    const { layer, times } = polar(seat)
    return Effect.gen(function* () {
      yield* revoke
      const { at, ...outcome } = yield* ended(within("5 seconds")(revoke))
      isNotSent(failed(outcome), "it was still waiting for its turn")
      assert.strictEqual(at, 5)
      assert.deepEqual(times, [0])
    }).pipe(Effect.provide(portal(pace(layer))))
  })

  it.effect("leaves if its turn comes in time, and its answer may take longer", () => {
    const slow: Answering = () => Effect.delay(seat(), "25 seconds")
    const { layer, times } = polar(slow)
    return Effect.gen(function* () {
      const first = yield* Effect.forkChild(revoke)
      const { result } = yield* ended(within("21 seconds")(revoke))
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual((yield* Fiber.join(first)).id, seatId)
      assert.lengthOf(times, 2)
    }).pipe(Effect.provide(portal(pace(layer))))
  })

  it.effect("names `totalTimeout` if that is shorter", () => {
    const { layer } = polar(seat)
    return Effect.gen(function* () {
      yield* revoke
      const error = failed(yield* ended(within("9 seconds")(revoke)))
      assert.include(String(error), "still waiting for the rate limit when `totalTimeout` ended")
    }).pipe(Effect.provide(portal(pace(layer), { totalTimeout: "3 seconds" })))
  })
})

describe("a retry", () => {
  it.effect("after a 429 with a Retry-After of 7 seconds does not leave if SendWithin is 5 seconds", () => {
    const { layer, times } = polar((nth) => (nth === 1 ? limited("7")() : seat()))
    return Effect.gen(function* () {
      const { at, ...outcome } = yield* ended(within("5 seconds")(revoke))
      isNotSent(failed(outcome), "the pause before the retry is 7s")
      // Nothing is gained by waiting first
      assert.strictEqual(at, 0)
      assert.deepEqual(times, [0])
    }).pipe(Effect.provide(portal(layer)))
  })

  it.effect("after the same 429 leaves if SendWithin is longer", () => {
    const { layer, times } = polar((nth) => (nth === 1 ? limited("7")() : seat()))
    return Effect.gen(function* () {
      const { result } = yield* ended(within("8 seconds")(revoke))
      assert.strictEqual(result._tag, "Success")
      assert.deepEqual(times, [0, 7])
    }).pipe(Effect.provide(portal(layer)))
  })

  it.effect("must leave within the same time as the first request", () => {
    const { layer, times } = polar(limited("2"))
    return Effect.gen(function* () {
      const error = failed(yield* ended(within("5 seconds")(resend)))
      isNotSent(error, "the pause before the retry is 2s")
      assert.deepEqual(times, [0, 2, 4])
    }).pipe(Effect.provide(portal(layer)))
  })

  it.effect("that does not leave keeps the doubt of an earlier request", () => {
    const { layer, times } = polar((nth) =>
      nth === 1 ? Effect.succeed(new Response(null, { status: 502 })) : limited("7")()
    )
    return Effect.gen(function* () {
      const error = failed(yield* ended(within("5 seconds")(revoke)))
      assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "ServerFailed", status: 502 } })
      assert.isTrue(mayHaveHappened(error))
      assert.lengthOf(times, 2)
      const alone = failed(
        yield* ended(Effect.provideService(within("5 seconds")(revoke), RetryAmbiguousRevoke, false))
      )
      isNotSent(alone, "the pause before the retry is 7s")
    }).pipe(Effect.provide(portal(layer)))
  })
})

describe("SendWithin", () => {
  it.effect("does not touch a request that left in time", () => {
    const { layer, times } = polar(() => Effect.delay(seat(), "20 seconds"))
    return Effect.gen(function* () {
      const { at, result } = yield* ended(within("1 second")(revoke))
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(at, 20)
      assert.deepEqual(times, [0])
    }).pipe(Effect.provide(portal(layer)))
  })

  it.effect.each([0, "-1 second"] as const)("of %s sends nothing", (limit) => {
    const { layer, times } = polar(seat)
    return Effect.gen(function* () {
      isNotSent(failed(yield* ended(within(limit)(revoke))), "it was still waiting for its turn")
      assert.deepEqual(times, [])
    }).pipe(Effect.provide(portal(layer)))
  })

  it.effect("that is infinite is no limit", () => {
    const { layer, times } = polar((nth) => (nth === 1 ? limited("7")() : seat()))
    return Effect.gen(function* () {
      assert.strictEqual((yield* ended(within(Duration.infinity)(revoke))).result._tag, "Success")
      assert.deepEqual(times, [0, 7])
    }).pipe(Effect.provide(portal(layer)))
  })
})

describe("a call that waits for a session", () => {
  const customer = { id: CustomerId.make("992fae2a-2a17-4b7a-8d9e-e287cf90131b") }
  const session = (nth: number) =>
    Response.json(
      {
        id: documentedSeat.id,
        created_at: "1970-01-01T00:00:00Z",
        modified_at: null,
        token: `polar_cst_${nth}`,
        expires_at: "1970-01-01T01:00:00Z",
        customer_portal_url: "https://polar.test/portal",
        customer_id: customer.id,
        return_url: null
      },
      { status: 201 }
    )
  const ofCustomer = (client: Layer.Layer<HttpClient.HttpClient>) =>
    Layer.orDie(PortalSeats.layerForCustomer({ token, customer })).pipe(Layer.provide(client))
  const isSession = ({ url }: HttpClientRequest.HttpClientRequest) => url.endsWith("/v1/customer-sessions/")

  it.effect("fails as NotSent when SendWithin ends, and the session is there for the next call", () => {
    const { layer, times } = polar((nth, request) =>
      isSession(request) ? Effect.delay(Effect.succeed(session(nth)), "6 seconds") : seat()
    )
    return Effect.gen(function* () {
      const { at, ...outcome } = yield* ended(within("5 seconds")(revoke))
      isNotSent(failed(outcome), "it was still waiting for a session")
      assert.strictEqual(at, 5)
      assert.strictEqual((yield* ended(revoke)).result._tag, "Success")
      assert.isAtLeast(times.length, 2)
    }).pipe(Effect.provide(ofCustomer(layer)))
  })

  it.effect("has only the rest of SendWithin for its own request", () => {
    let refusals = 1
    const { layer, times } = polar((nth, request) => {
      if (isSession(request)) return Effect.delay(Effect.succeed(session(nth)), "3 seconds")
      return refusals-- > 0 ? limited("3")() : seat()
    })
    return Effect.gen(function* () {
      isNotSent(failed(yield* ended(within("5 seconds")(revoke))), "the pause before the retry is 3s")
      assert.deepEqual(times, [0, 3])
    }).pipe(Effect.provide(ofCustomer(layer)))
  })
})

describe("SendWithin", () => {
  const withBusyConnection = (client: Layer.Layer<HttpClient.HttpClient>) =>
    Effect.gen(function* () {
      const paths: Array<string | undefined> = []
      const { url } = yield* serving((request, response) => {
        paths.push(request.method)
        setTimeout(() => response.end(JSON.stringify(documentedSeat)), 600)
      })
      const outcome = yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(resend, { startImmediately: true })
        const second = yield* Effect.result(within("100 millis")(revoke))
        yield* Fiber.join(first)
        return second
      }).pipe(Effect.provide(portal(client, { baseUrl: url, times: 0 })))
      return { outcome, paths }
    })

  it.live("fails a request that waits for a connection of our transport, and the request never leaves", () =>
    Effect.gen(function* () {
      const { outcome, paths } = yield* withBusyConnection(
        Layer.orDie(UndiciTransport.layerOptions({ connections: 1 }))
      )
      isNotSent(failed({ result: outcome }), "it was still waiting for its turn")
      assert.deepEqual(paths, ["POST"])
    })
  )

  it.live("does not touch a request inside a client that does not tell when it leaves", () =>
    Effect.gen(function* () {
      const { outcome, paths } = yield* withBusyConnection(NodeHttpClient.layerUndici)
      assert.strictEqual(outcome._tag, "Success")
      assert.deepEqual(paths, ["POST", "DELETE"])
    })
  )

  it.live("leaves a request of our transport its `attemptTimeout` for the answer", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(() => {})
      const error = yield* Effect.flip(within("50 millis")(revoke)).pipe(
        Effect.provide(
          portal(Layer.orDie(UndiciTransport.layer), { baseUrl: url, times: 0, attemptTimeout: "300 millis" })
        )
      )
      assert.containSubset(error, {
        _tag: "Unavailable",
        reason: { _tag: "OutcomeUnknown", description: "no answer came within 300ms" }
      })
    })
  )
})
