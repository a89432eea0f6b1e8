import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Effect, identity, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import type { RequestListener } from "node:http"
import { gzipSync } from "node:zlib"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

// RFC 9110, 12.5.3: a request without `accept-encoding` takes any coding
const takesGzip = (accepted: string | undefined) => accepted === undefined || /gzip|\*/.test(accepted)

const seatId = SeatId.make(documentedSeat.id)
const event = { id: "0190b5e0-0000-4000-8000-000000000000", key: "customer_seat.claimed", payload: {} }

/** A server that compresses whatever it may. */
const compressing =
  (accepted: Array<string | undefined>): RequestListener =>
  ({ headers, url = "" }, response) => {
    accepted.push(headers["accept-encoding"])
    const isStream = url.endsWith("/stream")
    const body = isStream ? `data: ${JSON.stringify(event)}\n\n` : JSON.stringify(documentedSeat)
    const type = isStream ? "text/event-stream" : "application/json"
    if (takesGzip(headers["accept-encoding"])) {
      response.writeHead(200, { "content-type": type, "content-encoding": "gzip" }).end(gzipSync(body))
    } else response.writeHead(200, { "content-type": type }).end(body)
  }

const inAnother = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(identity))).pipe(
    Layer.provide(client)
  )
const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>, accepted: RegExp]> = [
  ["undici", NodeHttpClient.layerUndici, /^identity$/],
  ["node:http", NodeHttpClient.layerNodeHttp, /^identity$/],
  ["our transport", Layer.orDie(UndiciTransport.layer), /^identity$/],
  ["our transport in another client", inAnother(Layer.orDie(UndiciTransport.layer)), /^identity$/],
  ["fetch", FetchHttpClient.layer, /^identity$/],
  ["our fetch in another client", inAnother(FetchTransport.layer), /^identity$/],
  // It decompresses, and a list is large
  ["our fetch", FetchTransport.layer, /gzip/]
]

describe.each(clients)("a server that compresses whatever it may is understood over %s", (_, client, says) => {
  it.live("in a call and in a stream", () =>
    Effect.gen(function* () {
      const accepted: Array<string | undefined> = []
      const { url: baseUrl } = yield* serving(compressing(accepted))
      yield* Effect.gen(function* () {
        const { resend } = yield* Seats
        assert.strictEqual((yield* resend(seatId)).id, seatId)
        const { events } = yield* SeatClaims.SeatClaims
        assert.deepEqual(
          (yield* Stream.runCollect(events(Redacted.make("token")))).map(({ id }) => id),
          [event.id]
        )
      }).pipe(
        Effect.provide(
          Layer.mergeAll(
            PortalSeats.layer({ token: Redacted.make("polar_cst_a"), baseUrl, times: 0 }),
            SeatClaims.layer({ baseUrl, times: 0 })
          ).pipe(Layer.provide(client))
        )
      )
      assert.match(accepted[0] ?? "nothing", says)
    })
  )
})
