import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { gzipSync } from "node:zlib"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

// transport.test.ts and faultMatrix.test.ts test it on failing sockets

const seatId = SeatId.make(documentedSeat.id)
const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))

const options = {
  token: Redacted.make("polar_cst_of_ann"),
  baseUrl: "https://polar.test",
  attemptTimeout: "50 millis"
} as const
const by = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.provide(PortalSeats.layer(options).pipe(Layer.provide(client)))

type Fetch = typeof globalThis.fetch
/** A fetch with this answer, and the arguments of its calls. */
const faking = (answer: (signal: AbortSignal) => Promise<Response>) => {
  const calls: Array<{ readonly url: unknown; readonly init: RequestInit; readonly signal: AbortSignal }> = []
  const fetch: Fetch = (url, init = {}) => {
    const signal = init.signal ?? AbortSignal.abort()
    calls.push({ url, init, signal })
    return answer(signal)
  }
  return { calls, fetch, using: Effect.provideService(FetchHttpClient.Fetch, fetch) }
}
const seat = () => Promise.resolve(Response.json(documentedSeat))
const never = () => new Promise<Response>(() => {})

describe("a call over fetch", () => {
  it.effect("uses the fetch of the caller, follows no redirect, and does not abort after the answer", () =>
    Effect.gen(function* () {
      const { calls, using } = faking(seat)
      const answered = yield* resend.pipe(using, by(FetchTransport.layer))
      assert.strictEqual(answered.id, seatId)
      assert.deepStrictEqual(
        calls.map(({ init, signal, url }) => [url, init.method, init.redirect, init.body, signal.aborted]),
        [[`https://polar.test/v1/customer-portal/seats/${seatId}/resend`, "POST", "manual", null, false]]
      )
      assert.deepStrictEqual(Object.entries(calls[0]?.init.headers ?? {}).toSorted(), [
        ["accept", "application/json"],
        ["authorization", "Bearer polar_cst_of_ann"],
        ["polar-version", "2026-10"]
      ])
    })
  )

  it.effect("uses the fetch of the layer unless the caller has another", () =>
    Effect.gen(function* () {
      const ofLayer = faking(seat)
      const given = by(Layer.provide(FetchTransport.layer, Layer.succeed(FetchHttpClient.Fetch, ofLayer.fetch)))
      const ofCaller = faking(seat)
      yield* resend.pipe(given)
      yield* resend.pipe(ofCaller.using, given)
      assert.deepStrictEqual([ofLayer.calls.length, ofCaller.calls.length], [1, 1])
    })
  )

  it.effect("keeps the RequestInit of its layer, except for the redirect mode", () =>
    Effect.gen(function* () {
      const { calls, using } = faking(seat)
      const init = Layer.succeed(FetchHttpClient.RequestInit, {
        credentials: "omit",
        redirect: "follow",
        headers: { "X-Gateway": "abc", accept: "text/html" }
      })
      yield* resend.pipe(using, by(Layer.provideMerge(FetchTransport.layer, init)))
      assert.deepStrictEqual(
        calls.map(({ init: { credentials, redirect } }) => [credentials, redirect]),
        [["omit", "manual"]]
      )
      assert.deepInclude(calls[0]?.init.headers, { "x-gateway": "abc", accept: "application/json" })
    })
  )

  it.effect("counts each cookie as a header", () =>
    Effect.gen(function* () {
      const cookies = Array.from({ length: 80 }, (_, i): [string, string] => ["set-cookie", `${i}=${"x".repeat(1024)}`])
      const { using } = faking(() => Promise.resolve(new Response("", { headers: cookies })))
      const error = yield* resend.pipe(using, by(FetchTransport.layer), Effect.flip)
      assert.include(error.message, "the headers are larger than 65536 bytes")
    })
  )

  it.live.each([
    ["never answers", never, "no answer came within 50ms"],
    [
      "never ends its answer",
      () => Promise.resolve(new Response(new ReadableStream(), { status: 200 })),
      "no answer came within 50ms"
    ],
    [
      "throws",
      () => {
        throw new TypeError("no such thing")
      },
      "the connection failed before the answer was complete"
    ],
    [
      "resolves with something other than a response",
      () => Promise.resolve(Object.create(null)),
      "the connection failed before the answer was complete"
    ]
  ] as const)("is OutcomeUnknown if fetch %s", ([, answer, description]) =>
    Effect.gen(function* () {
      const { calls, using } = faking(answer)
      const error = yield* resend.pipe(using, by(FetchTransport.layer), Effect.flip)
      assert.propertyVal(error, "_tag", "Unavailable")
      assert.deepInclude(error, { reason: { _tag: "OutcomeUnknown", description } })
      assert.strictEqual(calls.length, 1)
      assert.strictEqual(calls[0]?.signal.aborted, description.startsWith("no answer"))
    })
  )

  const to = (baseUrl: string) =>
    Effect.provide(PortalSeats.layer({ token: options.token, baseUrl }).pipe(Layer.provide(FetchTransport.layer)))
  // The seat comes last, so that a body that is not read to its end holds no seat
  const long = JSON.stringify(documentedSeat).padStart(600 * 1024, " ")

  it.live.each([
    ["short", JSON.stringify(documentedSeat)],
    ["long", long]
  ] as const)("reads a %s body in pieces to its announced length, and uses its connection again", ([, body]) =>
    Effect.gen(function* () {
      const ports = new Set<number | undefined>()
      const { url } = yield* serving(({ socket }, response) => {
        ports.add(socket.remotePort)
        response.writeHead(200, { "content-length": body.length })
        response.write(body.slice(0, 100))
        setTimeout(() => response.end(body.slice(100)), 2)
      })
      const answered = yield* Effect.all(Array.from({ length: 20 }, () => resend)).pipe(to(url))
      assert.deepStrictEqual(new Set(answered.map(({ id }) => id)), new Set([seatId]))
      // Now and then undici opens another connection before it has put the last one back
      assert.isAtMost(ports.size, 3)
    })
  )

  it.live("reads a compressed body beyond its announced length", () =>
    Effect.gen(function* () {
      const body = gzipSync(long)
      const { url } = yield* serving((_, response) => {
        response.writeHead(200, { "content-length": body.length, "content-encoding": "gzip" }).end(body)
      })
      assert.strictEqual((yield* resend.pipe(to(url))).id, seatId)
    })
  )

  it.effect("reads all that a custom fetch answers, whatever length it announces", () =>
    Effect.gen(function* () {
      const headers = { "content-length": "10" }
      const pieces = new TextEncoder().encode(JSON.stringify(documentedSeat))
      const { using } = faking(() => {
        const body = new ReadableStream({
          start: (controller) => {
            controller.enqueue(pieces.slice(0, 20))
            controller.enqueue(pieces.slice(20))
            controller.close()
          }
        })
        return Promise.resolve(new Response(body, { headers }))
      })
      const { id } = yield* resend.pipe(using, by(FetchTransport.layer))
      assert.strictEqual(id, seatId)
    })
  )

  it.live("aborts the request if it is interrupted", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<AbortSignal>()
      const { using } = faking((signal) => {
        Deferred.doneUnsafe(begun, Effect.succeed(signal))
        return never()
      })
      const fiber = yield* Effect.forkChild(resend.pipe(using, by(FetchTransport.layer)))
      const signal = yield* Deferred.await(begun)
      assert.isFalse(signal.aborted)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(signal.aborted)
    })
  )

  it.effect("goes through a client made of this one as that client changes it", () =>
    Effect.gen(function* () {
      const { calls, using } = faking(seat)
      const marked = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader("x-marked", "yes")))
      ).pipe(Layer.provide(FetchTransport.layer))
      yield* resend.pipe(using, by(marked))
      assert.deepInclude(calls[0]?.init.headers, { "x-marked": "yes" })
    })
  )
})
