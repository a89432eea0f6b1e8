import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import type { ServerResponse } from "node:http"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

// What becomes of a connection whose answer nobody reads to its end: it is closed, for it would be busy for ever

const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))

const part = Buffer.alloc(1024, " ")
/** More and more, as long as somebody reads. */
const endless = (response: ServerResponse) => {
  const more = () => {
    while (!response.destroyed && response.write(part));
  }
  response.on("drain", more)
  more()
}

const transports = [
  ["our transport", UndiciTransport.layer],
  ["our fetch", FetchTransport.layer]
] as const

describe.each(transports)("by %s", (_, transport) => {
  const by = (baseUrl: string) =>
    Effect.provide(
      PortalSeats.layer({
        baseUrl,
        token: Redacted.make("polar_cst_of_ann"),
        times: 0,
        maxHeaderBytes: 4096,
        maxBytes: { single: 64 * 1024 }
      }).pipe(Layer.provideMerge(transport))
    )

  it.live.each([
    ["a refusal for its rate", 429, {}, "limits the rate"],
    ["a server that failed", 503, {}, "with status 503"],
    ["a body that is too long", 200, {}, "the body is larger than 65536 bytes"],
    ["a body that says it is too long", 200, { "content-length": 1e7 }, "the body is larger than 65536 bytes"],
    ["a refusal that is too long", 404, {}, "the body is larger than 65536 bytes"],
    ["headers that are too long", 200, { "x-long": "x".repeat(8192) }, "the headers are larger than 4096 bytes"]
  ] as const)("%s, whose body has no end: the connection is closed", ([, status, headers, says]) =>
    Effect.gen(function* () {
      const { deserted, url } = yield* serving((_, response) => endless(response.writeHead(status, headers)))
      // While the client is there: what is closed with it says nothing
      yield* Effect.gen(function* () {
        assert.include((yield* Effect.flip(resend)).message, says)
        yield* deserted
      }).pipe(by(url))
    })
  )

  it.live("a call that is interrupted: the connection is closed", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const { deserted, url } = yield* serving(() => Deferred.doneUnsafe(asked, Exit.void))
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(resend)
        yield* Deferred.await(asked)
        yield* Fiber.interrupt(fiber)
        yield* deserted
      }).pipe(by(url))
    })
  )

  it.live("answers and refusals that are complete: the connections are used again", () =>
    Effect.gen(function* () {
      const seat = JSON.stringify(documentedSeat)
      const ports = new Set<number | undefined>()
      const answers: ReadonlyArray<readonly [number, string]> = [
        [429, ""],
        [503, "nobody reads this"],
        [404, "{}"],
        [200, seat]
      ]
      let asked = 0
      const { url } = yield* serving((request, response) => {
        ports.add(request.socket.remotePort)
        const [status, body] = answers[asked++ % answers.length] ?? [500, ""]
        response.writeHead(status, { "content-length": Buffer.byteLength(body) }).end(body)
      })
      yield* Effect.gen(function* () {
        for (let call = 0; call < 2 * answers.length; call++) yield* Effect.exit(resend)
      }).pipe(by(url))
      assert.strictEqual(asked, 2 * answers.length)
      // undici waits a moment before it uses one again, and the next call does not: two take turns
      assert.isAtMost(ports.size, 2)
    })
  )
})
