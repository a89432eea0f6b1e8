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

// If nobody reads an answer to its end, its connection must be closed. Otherwise it would stay busy for ever

const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))

const part = Buffer.alloc(1024, " ")
/** Sends more and more while somebody reads. */
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

describe.each(transports)("%s", (_, transport) => {
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
    ["a 429", 429, {}, "the body is larger than 65536 bytes"],
    ["a server that failed", 503, {}, "with status 503"],
    ["a body that is too long", 200, {}, "the body is larger than 65536 bytes"],
    ["a body that announces too much", 200, { "content-length": 1e7 }, "the body is larger than 65536 bytes"],
    ["a refusal that is too long", 404, {}, "the body is larger than 65536 bytes"],
    ["headers that are too long", 200, { "x-long": "x".repeat(8192) }, "the headers are larger than 4096 bytes"]
  ] as const)("closes the connection of %s with an endless body", ([, status, headers, says]) =>
    Effect.gen(function* () {
      const { deserted, url } = yield* serving((_, response) => endless(response.writeHead(status, headers)))
      // The client must still be open, because it closes all connections when it ends
      yield* Effect.gen(function* () {
        assert.include((yield* Effect.flip(resend)).message, says)
        yield* deserted
      }).pipe(by(url))
    })
  )

  it.live("closes the connection of an interrupted call", () =>
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

  it.live("uses the connections of complete answers and refusals again", () =>
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
      // undici waits a moment before it uses a connection again, and the next call does not wait. So two take turns
      assert.isAtMost(ports.size, 2)
    })
  )
})
