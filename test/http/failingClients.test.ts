import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Duration, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, type HttpClientResponse } from "effect/http"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

// faultMatrix.test.ts puts every fault below a client with `filterStatusOk`. These are the other ways to build a client

const seatId = SeatId.make(documentedSeat.id)
const source = SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) })
const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))
const list = Effect.flatMap(Seats, (seats) => seats.list(source))

const failed = (Reason: typeof HttpClientError.StatusCodeError | typeof HttpClientError.DecodeError) =>
  HttpClient.transformResponse(
    Effect.flatMap((response: HttpClientResponse.HttpClientResponse) =>
      Effect.fail(new HttpClientError.HttpClientError({ reason: new Reason({ request: response.request, response }) }))
    )
  )

const wrappings: ReadonlyArray<readonly [string, (client: HttpClient.HttpClient) => HttpClient.HttpClient]> = [
  ["fails on any status but 2xx", HttpClient.filterStatusOk],
  ["fails on any status but 201", HttpClient.filterStatus((status) => status === 201)],
  ["fails on every answer", failed(HttpClientError.StatusCodeError)],
  ["cannot decode any answer", failed(HttpClientError.DecodeError)],
  ["reads each answer before us", HttpClient.tap(({ text }) => text)],
  [
    "reads each answer before us, and fails on any status but 2xx",
    (client) =>
      client.pipe(
        HttpClient.tap(({ text }) => text),
        HttpClient.filterStatusOk
      )
  ],
  [
    "fails, and reads the refusal of its error",
    (client) =>
      client.pipe(
        HttpClient.filterStatusOk,
        HttpClient.tapError(({ response }) => response?.text ?? Effect.void)
      )
  ],
  [
    "fails, and retries a status that Polar does not give here",
    (client) =>
      client.pipe(
        HttpClient.filterStatusOk,
        HttpClient.retry({ times: 2, while: ({ response }) => response?.status === 418 })
      )
  ]
]

const transports = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", UndiciTransport.layer],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp]
] as const

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>]
const refusal = (error: string) => JSON.stringify({ error, detail: "No." })

describe.each(transports)("over %s, a client that", (_, transport) => {
  it.live("reads each answer as a stream before us makes no defect", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => {
        response.write("{")
        response.end("}")
      })
      const client = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.tap(({ stream }) => Stream.runDrain(stream))
        )
      ).pipe(Layer.provide(transport))
      const layer = PortalSeats.layer({ token: Redacted.make("polar_cst_a"), baseUrl: url })
      const error = yield* Effect.flip(resend).pipe(Effect.provide(Layer.provide(layer, client)))
      assert.isTrue(error._tag === "Unavailable" && error.mayHaveHappened)
    })
  )

  describe.each(wrappings)("%s", (_, wrap) => {
    const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, wrap))
    /** Calls a server that gives these answers in turn. A body has its length announced, or comes in chunks. */
    const calling = Effect.fnUntraced(function* <A, E>(
      call: Effect.Effect<A, E, Seats>,
      isAnnounced: boolean,
      ...answers: ReadonlyArray<Answer>
    ) {
      let requests = 0
      const { url } = yield* serving((_, response) => {
        const [status, body, headers] = answers[Math.min(requests++, answers.length - 1)] ?? [500, ""]
        const length = isAnnounced ? { "content-length": Buffer.byteLength(body) } : {}
        response.writeHead(status, { ...length, ...headers })
        response.write(body)
        response.end()
      })
      const layer = PortalSeats.layer({
        token: Redacted.make("polar_cst_a"),
        baseUrl: url,
        schedule: Schedule.spaced("1 millis")
      })
      const outcome = yield* Effect.result(call).pipe(
        Effect.provide(layer.pipe(Layer.provide(client), Layer.provide(transport)))
      )
      return { outcome, requests }
    })

    it.live.each([
      ["with its length", true],
      ["in chunks", false]
    ] as const)("judges each answer %s as without it", ([_, isAnnounced]) =>
      Effect.gen(function* () {
        const unknown = yield* calling(list, isAnnounced, [404, refusal("ResourceNotFound")])
        assert.deepInclude(unknown, { requests: 1 })
        assert.deepInclude(unknown.outcome, { _tag: "Failure" })
        assert.deepInclude(Reflect.get(unknown.outcome, "failure"), { _tag: "NotFound" })

        const claimed = yield* calling(resend, isAnnounced, [400, refusal("SeatNotPending")])
        assert.deepInclude(claimed, { requests: 1 })
        assert.deepInclude(Reflect.get(claimed.outcome, "failure"), { _tag: "AlreadyClaimed" })

        const done = yield* calling(resend, isAnnounced, [200, JSON.stringify(documentedSeat)])
        assert.deepInclude(done, { requests: 1 })
        assert.propertyVal(Reflect.get(done.outcome, "success"), "id", seatId)

        const failing = yield* calling(resend, isAnnounced, [503, "<h1>Sorry</h1>"])
        assert.deepInclude(failing, { requests: 1 })
        assert.deepInclude(Reflect.get(failing.outcome, "failure"), { _tag: "Unavailable" })
        assert.deepInclude(Reflect.get(Reflect.get(failing.outcome, "failure"), "reason"), { _tag: "ServerFailed" })
      })
    )

    it.live("waits as long as a 429 asks, and fails with RateLimited if that is too long", () =>
      Effect.gen(function* () {
        const waited = yield* calling(
          list,
          true,
          [429, "", { "retry-after": "0" }],
          [200, '{"seats":[],"available_seats":0,"total_seats":0}']
        )
        assert.deepInclude(waited, { requests: 2 })
        assert.propertyVal(waited.outcome, "_tag", "Success")
        const limited = yield* calling(resend, true, [429, "", { "retry-after": "60" }])
        assert.strictEqual(limited.requests, 1)
        assert.deepInclude(Reflect.get(limited.outcome, "failure"), {
          _tag: "RateLimited",
          retryAfter: Duration.seconds(60)
        })
      })
    )
  })
})
