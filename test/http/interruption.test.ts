import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted, Schedule, Scope } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import { createServer, type ServerResponse } from "node:http"
import { documentedSeat } from "./polarFixtures.ts"

const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))
const seatsAt = (baseUrl: string, client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.orDie(PortalSeats.layer({ token: Redacted.make("polar_cst_x"), baseUrl })).pipe(Layer.provide(client))

/** A server on loopback that handles every request like this. */
const serving = (answer: (response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: Effect.Effect<void> }>((resume) => {
      const server = createServer((_, response) => answer(response))
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        const close = Effect.callback<void>((done) => {
          server.closeAllConnections()
          server.close(() => done(Effect.void))
        })
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => close
  )

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp]
]
const moments: ReadonlyArray<readonly [string, (response: ServerResponse) => void]> = [
  ["before an answer", () => {}],
  ["within its body", (response) => response.writeHead(200, { "content-length": "500" }).write("{")]
]

describe("an interrupted call", () => {
  it.live.each(clients.flatMap(([name, client]) => moments.map(([when, act]) => [when, name, client, act] as const)))(
    "ends its request %s through %s, so that the server notices",
    ([_when, _name, client, act]) =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const { url } = yield* serving((response) => {
          response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
          act(response)
          Deferred.doneUnsafe(asked, Effect.void)
        })
        // The client stays open, because its end would end the request too
        const scope = yield* Effect.scope
        const context = yield* Layer.buildWithScope(seatsAt(url, client), scope)
        const fiber = yield* Effect.forkChild(Effect.provide(resend, context))
        yield* Deferred.await(asked)
        yield* Effect.sleep("30 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* Fiber.interrupt(fiber)
        yield* Effect.timeout(Deferred.await(closed), "3 seconds")
      }).pipe(Effect.scoped)
  )
})

/** The number of sockets and timers that keep this process alive. */
const open = Effect.sync(() =>
  process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCPSocket") || kind === "Timeout")
)

// Node's fetch has one pool for the process, which no layer can close. For it the server ends each connection
describe("a closed layer", () => {
  it.live.each(clients)("leaves no socket and no timer of %s", ([name, client]) =>
    Effect.gen(function* () {
      let asked = 0
      const { url } = yield* serving((response) => {
        const nth = asked++
        if (name === "fetch") response.setHeader("connection", "close")
        if (nth % 4 === 1) response.writeHead(429, { "retry-after": "9" }).end()
        else if (nth % 4 === 2) response.writeHead(200, { "content-length": "500" }).write("{")
        else if (nth % 4 === 0) response.writeHead(200).end(JSON.stringify(documentedSeat))
      })
      const before = (yield* open).length
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(seatsAt(url, client), scope)
      const calls = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 20 }, () => resend),
          Effect.exit,
          { concurrency: "unbounded" }
        ).pipe(Effect.provide(context))
      )
      // Some calls wait for an answer, some for its end, and some for a retry after a 429
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => asked === 20 })
      yield* Effect.sleep("50 millis")
      assert.isAbove((yield* open).length, before + 15)
      yield* Fiber.interrupt(calls)
      yield* Scope.close(scope, Exit.void)
      const left = yield* Effect.repeat(open, {
        until: (resources) => resources.length <= before,
        schedule: Schedule.upTo(Schedule.spaced("20 millis"), { times: 100 })
      }).pipe(Effect.andThen(open))
      assert.isAtMost(left.length, before, left.join())
    }).pipe(Effect.scoped)
  )
})
