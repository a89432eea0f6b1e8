import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Seat } from "@polar-seats/domain/Seat"
import {
  Claim,
  ClaimEvent,
  ClaimInfo,
  ClaimInfoJson,
  ClaimJson,
  layer,
  layerConfig,
  type Options,
  SeatClaims
} from "@polar-seats/http/SeatClaims"
import {
  Config,
  ConfigProvider,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Metric,
  Redacted,
  Result,
  Schema,
  Stream,
  Tracer
} from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer, type ServerResponse } from "node:http"
import { inspect } from "node:util"
import { recordingTracer } from "./recordingTracer.ts"
import { documentedSeat } from "./polarFixtures.ts"

const secret = "b1Yp-VnG7tQxJ0s_Zk3uM9aRw5eLhC2dTf8oKiXq4Ny"
const token = Redacted.make(secret)
const session = "polar_mst_keep_me_too"

const documentedInfo = {
  product_name: "Team plan",
  product_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  organization_name: "Acme",
  organization_slug: "acme",
  customer_email: "ann@acme.com",
  can_claim: true
}
const documentedClaim = { seat: documentedSeat, customer_session_token: session }
const documentedEvent = {
  id: "6a6d0f4e-9c1b-4f0e-8a53-4a9a0b1c2d3e",
  key: "customer_seat.claimed",
  payload: {
    seat_id: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
    subscription_id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
    order_id: null,
    product_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a"
  }
}

type Answer = Effect.Effect<Response, HttpClientError.HttpClientError>

const json = (status: number, body: unknown): Answer =>
  Effect.sync(() => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } }))
const refusal = (status: number, error: string, detail: unknown = "") => json(status, { error, detail })
const plain = (status: number, body: string | null = null): Answer => Effect.sync(() => new Response(body, { status }))

/** A Polar that always answers this, and the requests that it received. */
const answering = (answer: Answer, options: Options = {}) => {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) => {
    requests.push(request)
    return Effect.map(answer, (response) => HttpClientResponse.fromWeb(request, response))
  })
  const http = Layer.succeed(HttpClient.HttpClient, client)
  return { layer: layer(options).pipe(Layer.provide(http)), http, requests }
}

const failing = (cause: unknown): Answer =>
  Effect.suspend(() => {
    const request = HttpClientRequest.get(`https://api.polar.sh/v1/customer-seats/claim/${secret}`)
    return Effect.fail(
      new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
    )
  })

const info = Effect.flatMap(SeatClaims, (claims) => claims.info(token))
const claim = Effect.flatMap(SeatClaims, (claims) => claims.claim(token))
const events = Effect.flatMap(SeatClaims, (claims) => Stream.runCollect(claims.events(token)))

/** Runs an effect to its end on the test clock, however long it waits. */
const settled = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(effect).pipe(
    Effect.tap(() => TestClock.adjust("10 minutes")),
    Effect.flatMap(Fiber.join)
  )

/** A stream of events that arrives in these pieces, and is then closed, cut, or left open. */
const sending = (pieces: ReadonlyArray<string | Uint8Array>, then: "close" | "cut" | "stay" = "close") => {
  const state = { cancelled: false }
  const answer: Answer = Effect.sync(() => {
    const left = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece))
    return new Response(
      new ReadableStream({
        pull: (controller) => {
          const piece = left.shift()
          if (piece !== undefined) return controller.enqueue(piece)
          if (then === "close") return controller.close()
          if (then === "cut") return controller.error(new Error("socket hang up"))
          return new Promise(() => {})
        },
        cancel: () => {
          state.cancelled = true
        }
      }),
      { headers: { "content-type": "text/event-stream; charset=utf-8" } }
    )
  })
  return { answer, state }
}
const message = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`

describe("info", () => {
  it.effect("sends the token in the path, and no other credential", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(200, documentedInfo))
      const found = yield* Effect.provide(info, layer)
      assert.instanceOf(found, ClaimInfo)
      assert.deepStrictEqual(
        { ...found },
        {
          productName: "Team plan",
          productId: documentedInfo.product_id,
          organizationName: "Acme",
          organizationSlug: "acme",
          customerEmail: "ann@acme.com",
          canClaim: true
        }
      )
      assert.strictEqual(requests[0]?.method, "GET")
      assert.strictEqual(requests[0]?.url, `https://api.polar.sh/v1/customer-seats/claim/${secret}`)
      assert.strictEqual(requests[0]?.headers["polar-version"], "2026-10")
      assert.notProperty(requests[0]?.headers, "authorization")
    })
  )

  it.effect("has a null address if Polar sends an empty one", () =>
    Effect.gen(function* () {
      const { layer } = answering(json(200, { ...documentedInfo, customer_email: "" }))
      assert.isNull((yield* Effect.provide(info, layer)).customerEmail)
    })
  )

  it.effect.each([
    ["a b?c#d&e=f", "a%20b%3Fc%23d%26e%3Df"],
    ["%2e%2e", "%252e%252e"],
    ["..\\x", "..%5Cx"],
    ["ü€😀", "%C3%BC%E2%82%AC%F0%9F%98%80"]
  ] as const)("percent-encodes %j", ([text, encoded]) =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(200, documentedInfo))
      yield* Effect.flatMap(SeatClaims, (claims) => claims.info(Redacted.make(text))).pipe(Effect.provide(layer))
      assert.strictEqual(requests[0]?.url, `https://api.polar.sh/v1/customer-seats/claim/${encoded}`)
      assert.strictEqual(new URL(requests[0]?.url ?? "").pathname, `/v1/customer-seats/claim/${encoded}`)
    })
  )

  it.effect.each(["", ".", "..", "../../x", "a/b", "\ud800"])("requests no other path for the token %j", (text) =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(200, documentedInfo))
      const both = Effect.flatMap(SeatClaims, (claims) =>
        Effect.all([
          Effect.flip(claims.info(Redacted.make(text))),
          Effect.flip(Stream.runDrain(claims.events(Redacted.make(text))))
        ])
      )
      for (const error of yield* Effect.provide(both, layer)) assert.strictEqual(error._tag, "InvalidInvitation")
      assert.strictEqual(requests.length, 0)
    })
  )

  it.prop("round-trips through its JSON", [ClaimInfo], ([info]) => {
    const written = JSON.stringify(Schema.encodeSync(ClaimInfoJson)(info))
    assert.deepStrictEqual(Schema.decodeUnknownSync(ClaimInfoJson)(JSON.parse(written)), info)
  })

  it.each(Object.keys(documentedInfo))("does not decode without %s", (key) => {
    const { [key as "can_claim"]: _, ...rest } = documentedInfo
    assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(ClaimInfoJson)(rest)))
  })
})

describe("a claim", () => {
  it.effect("sends the token in the body, and returns the seat and a redacted session", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(200, documentedClaim))
      const claimed = yield* Effect.provide(claim, layer)
      assert.instanceOf(claimed, Claim)
      assert.instanceOf(claimed.seat, Seat)
      assert.strictEqual(Redacted.value(claimed.session), session)
      for (const shown of [inspect(claimed, { depth: 9 }), JSON.stringify(claimed), String(claimed)]) {
        assert.notInclude(shown, session)
      }
      const [request] = requests
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.url, "https://api.polar.sh/v1/customer-seats/claim")
      assert.notProperty(request?.headers, "authorization")
      if (request?.body._tag !== "Uint8Array") return assert.fail("no body")
      assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(request.body.body)), { invitation_token: secret })
    })
  )

  const sendable = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/))
  it.prop("round-trips through its JSON", [Seat, sendable], ([seat, text]) => {
    const write = (claim: Claim) => JSON.stringify(Schema.encodeSync(ClaimJson)(claim))
    const written = write(new Claim({ seat, session: Redacted.make(text) }))
    const read = Schema.decodeUnknownSync(ClaimJson)(JSON.parse(written))
    assert.strictEqual(Redacted.value(read.session), text)
    assert.strictEqual(write(read), written)
  })
})

describe("each answer has its own error", () => {
  const missing = { type: "missing", loc: ["body", "invitation_token"], msg: "Field required" }
  const issue = { type: missing.type, path: missing.loc, message: missing.msg }
  const unexpected = (status: number) => ({ reason: { _tag: "UnexpectedResponse", status } })

  const shared: ReadonlyArray<[string, Answer, string, object]> = [
    ["an unknown invitation", refusal(404, "ResourceNotFound"), "InvalidInvitation", {}],
    ["an unknown invitation, as documented", refusal(400, "InvalidInvitationToken"), "InvalidInvitation", {}],
    ["a malformed request", refusal(422, "RequestValidationError", [missing]), "InvalidRequest", { issues: [issue] }],
    ["too many requests", plain(429), "RateLimited", { retryAfter: null }],
    [
      "an unknown route or version",
      json(404, { detail: "Not Found" }),
      "InvalidRequest",
      { issues: [{ type: "NoSuchRoute" }] }
    ],
    ["a refused token, though none is sent", refusal(401, "Unauthorized"), "Unavailable", unexpected(401)],
    ["Polar's own failure", plain(500), "Unavailable", { reason: { _tag: "ServerFailed", status: 500 } }],
    ["HTML", plain(200, "<!doctype html>"), "Unavailable", unexpected(200)],
    ["a refused connection", failing({ code: "ECONNREFUSED" }), "Unavailable", { reason: { _tag: "NotSent" } }],
    ["a broken connection", failing({ code: "ECONNRESET" }), "Unavailable", { reason: { _tag: "OutcomeUnknown" } }]
  ]
  const disabled: (typeof shared)[number] = [
    "seats not enabled",
    refusal(403, "FeatureNotEnabled"),
    "Forbidden",
    { reason: "SeatsNotEnabled" }
  ]

  describe.each([
    ["SeatClaims.info", info, [...shared, disabled]],
    ["SeatClaims.claim", claim, [...shared, disabled]],
    ["SeatClaims.events", events, shared]
  ] as const)("of %s", (operation, call, rows) => {
    it.effect.each(rows)("%s", ([_, answer, tag, fields]) =>
      Effect.gen(function* () {
        const error = yield* settled(
          Effect.flip<unknown, { readonly _tag: string }, SeatClaims>(call).pipe(
            Effect.provide(answering(answer).layer)
          )
        )
        assert.strictEqual(error._tag, tag)
        const shown = JSON.parse(JSON.stringify(error)) as object
        assert.containSubset(shown, fields)
        if (tag === "Unavailable") assert.containSubset(shown, { operation })
      })
    )

    it.effect("no answer within the time limit", () =>
      Effect.gen(function* () {
        const { layer } = answering(Effect.never, { totalTimeout: "5 seconds" })
        const fiber = yield* Effect.forkChild(Effect.provide(Effect.flip<unknown, unknown, SeatClaims>(call), layer))
        yield* TestClock.adjust("5 seconds")
        assert.containSubset(yield* Fiber.join(fiber), { operation, reason: { _tag: "OutcomeUnknown" } })
      })
    )
  })

  it.effect("an unknown outcome means that a claim may have happened, and that info did not", () =>
    Effect.gen(function* () {
      const { layer } = answering(plain(500))
      const [claimed, looked] = yield* settled(
        Effect.all([Effect.flip(claim), Effect.flip(info)]).pipe(Effect.provide(layer))
      )
      if (claimed._tag !== "Unavailable" || looked._tag !== "Unavailable") return assert.fail(claimed._tag)
      assert.isTrue(claimed.mayHaveHappened)
      assert.isFalse(looked.mayHaveHappened)
    })
  )
})

describe("events", () => {
  const other = { ...documentedEvent, id: "2", key: "benefit.granted", payload: { benefit_id: "ü€😀" } }
  const keys = (found: ReadonlyArray<ClaimEvent>) => found.map(({ key }) => key as string)

  it.effect("arrive as Polar writes them, until the server closes the stream", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(sending([message(documentedEvent), message(other)]).answer)
      const [first, second, ...rest] = yield* Effect.provide(events, layer)
      assert.instanceOf(first, ClaimEvent)
      assert.deepStrictEqual({ ...first }, documentedEvent as object)
      assert.deepStrictEqual({ ...second }, other as object)
      assert.strictEqual(rest.length, 0)
      assert.strictEqual(requests[0]?.url, `https://api.polar.sh/v1/customer-seats/claim/${secret}/stream`)
      assert.strictEqual(requests[0]?.headers["accept"], "text/event-stream")
      assert.notProperty(requests[0]?.headers, "authorization")
    })
  )

  it.effect("end when Polar asks for a new connection, and close the old one", () =>
    Effect.gen(function* () {
      const { answer, state } = sending(
        [message(documentedEvent) + message({ type: "reconnect" }) + message(other)],
        "stay"
      )
      assert.deepStrictEqual(keys(yield* Effect.provide(events, answering(answer).layer)), ["customer_seat.claimed"])
      assert.isTrue(state.cancelled)
    })
  )

  it.effect("close the connection when the reader stops", () =>
    Effect.gen(function* () {
      const { answer, state } = sending([message(documentedEvent)], "stay")
      const first = Effect.flatMap(SeatClaims, (claims) => Stream.runHead(claims.events(token)))
      yield* Effect.provide(first, answering(answer).layer)
      assert.isTrue(state.cancelled)
    })
  )

  it.effect("survive chunks that end anywhere, even within a character", () =>
    Effect.gen(function* () {
      const bytes = new TextEncoder().encode(message(documentedEvent) + message(other))
      const { answer } = sending(Array.from(bytes, (_, at) => bytes.slice(at, at + 1)))
      const found = yield* Effect.provide(events, answering(answer).layer)
      assert.strictEqual(JSON.stringify(found), JSON.stringify([documentedEvent, other]))
    })
  )

  it.effect("decode beside pings, retries, new keys and unknown messages", () =>
    Effect.gen(function* () {
      const { answer } = sending([
        ": ping - 2026-08-22 10:00:00\r\n\r\n",
        "retry: 3000\n\n",
        message({ type: "hello" }),
        message({ id: "1", key: "seat.painted", payload: { colour: "red" }, more: true }),
        message({ id: "2", key: "benefit.granted" }),
        'event: customer_seat\nid: 7\ndata: {"id": "3",\ndata:  "key": "x", "payload": {}}\n\n',
        "data: half an eve"
      ])
      const found = yield* Effect.provide(events, answering(answer).layer)
      assert.deepStrictEqual(keys(found), ["seat.painted", "benefit.granted", "x"])
      assert.deepStrictEqual(found[0]?.payload, { colour: "red" })
      assert.deepStrictEqual(found[1]?.payload, {})
    })
  )

  it.effect("have no time limit once the stream is open", () =>
    Effect.gen(function* () {
      const chunks: Array<(chunk: string) => void> = []
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void chunks.push((chunk) => controller.enqueue(new TextEncoder().encode(chunk)))
      })
      const answer: Answer = Effect.sync(() => new Response(body, { headers: { "content-type": "text/event-stream" } }))
      const { layer } = answering(answer, { totalTimeout: "5 seconds" })
      const fiber = yield* Effect.forkChild(Effect.provide(events, layer))
      yield* TestClock.adjust("9 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      for (const push of chunks) push(message(documentedEvent) + message({ type: "reconnect" }))
      assert.strictEqual((yield* Fiber.join(fiber)).length, 1)
    })
  )

  it.effect.each([
    ["a cut", sending([message(documentedEvent)], "cut").answer, "OutcomeUnknown"],
    ["an event that is not JSON", sending([message(documentedEvent), "data: {\n\n"]).answer, "UnexpectedResponse"],
    [
      "JSON that is not an event",
      sending([message(documentedEvent), message({ id: "1" })]).answer,
      "UnexpectedResponse"
    ],
    [
      "an endless event",
      sending([message(documentedEvent), `data: ${"x".repeat(1_000_001)}`]).answer,
      "UnexpectedResponse"
    ]
  ] as const)("before %s are not lost, and the stream fails after them", ([_, answer, reason]) =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* Effect.flatMap(SeatClaims, (claims) =>
        Stream.runForEach(claims.events(token), ({ key }) => Effect.sync(() => seen.push(key)))
      ).pipe(Effect.flip, Effect.provide(answering(answer).layer))
      assert.containSubset(error, { _tag: "Unavailable", operation: "SeatClaims.events", reason: { _tag: reason } })
      assert.deepStrictEqual(seen, ["customer_seat.claimed"])
    })
  )

  it.prop("round-trip through their JSON", [ClaimEvent], ([event]) => {
    const written = JSON.stringify(Schema.encodeSync(ClaimEvent)(event))
    const read = Schema.decodeUnknownSync(ClaimEvent)(JSON.parse(written))
    assert.instanceOf(read, ClaimEvent)
    assert.strictEqual(JSON.stringify(Schema.encodeSync(ClaimEvent)(read)), written)
  })
})

describe("over a socket", () => {
  const serving = (onStream: (response: ServerResponse) => void) =>
    Effect.acquireRelease(
      Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
        const server = createServer((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          onStream(response)
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = address !== null && typeof address === "object" ? address.port : 0
          const close = () => {
            server.closeAllConnections()
            server.close()
          }
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    )

  it.live.each([
    ["undici", NodeHttpClient.layerUndici],
    ["node:http", NodeHttpClient.layerNodeHttp],
    ["fetch", FetchHttpClient.layer]
  ] as const)("%s delivers an event while the stream is open, and closes the connection at the end", ([_, client]) =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const { url } = yield* serving((response) => {
        response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
        response.write(message(documentedEvent))
      })
      const first = Effect.flatMap(SeatClaims, (claims) => Stream.runHead(claims.events(token)))
      yield* Effect.provide(first, layer({ baseUrl: url }).pipe(Layer.provide(client)))
      yield* Deferred.await(closed)
    })
  )
})

describe("the span and the metrics record a stream of events", () => {
  const counted = (outcome: string) =>
    Effect.map(Metric.snapshot, (metrics) =>
      metrics.reduce(
        (sum, { attributes, id, state }) =>
          id === "polar_seats_operations_total" &&
          attributes?.["operation"] === "SeatClaims.events" &&
          attributes["outcome"] === outcome &&
          "count" in state
            ? sum + Number(state.count)
            : sum,
        0
      )
    )
  const head = Effect.flatMap(SeatClaims, (claims) => Stream.runHead(claims.events(token)))
  const rows: ReadonlyArray<
    readonly [
      what: string,
      Answer,
      Effect.Effect<unknown, unknown, SeatClaims>,
      outcome: string,
      status: number,
      attempts: number
    ]
  > = [
    ["to its end", sending([message(documentedEvent)]).answer, events, "Success", 200, 1],
    ["until the reader stops", sending([message(documentedEvent)], "stay").answer, head, "Success", 200, 1],
    ["until it breaks off", sending([message(documentedEvent)], "cut").answer, events, "OutcomeUnknown", 200, 1],
    ["that is no stream", json(200, {}), events, "UnexpectedResponse", 200, 1],
    ["that is refused", refusal(404, "ResourceNotFound"), events, "InvalidInvitation", 404, 1],
    ["that never opens", plain(502), events, "ServerFailed", 502, 4],
    ["that is interrupted", sending([], "stay").answer, events, "OutcomeUnknown", 200, 1]
  ]
  it.effect.each(rows)("%s", ([_, answer, call, outcome, status, attempts]) =>
    Effect.gen(function* () {
      const before = yield* counted(outcome)
      const { spans, tracer } = recordingTracer()
      const fiber = yield* Effect.forkChild(
        Effect.exit(call).pipe(Effect.provide(answering(answer).layer), Effect.provideService(Tracer.Tracer, tracer))
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      const span = spans.find(({ name }) => name === "SeatClaims.events")
      assert.deepStrictEqual(Object.fromEntries(span?.attributes ?? []), {
        "polar.version": "2026-10",
        "polar.outcome": outcome,
        "polar.attempts": attempts,
        "server.address": "api.polar.sh",
        "http.response.status_code": status
      })
      assert.strictEqual(span?.kind, "client")
      assert.strictEqual((yield* counted(outcome)) - before, 1)
    })
  )
})

describe("no span and no error shows the token", () => {
  const shownBy = ({ annotations, attributes, events, links, name, status }: Tracer.NativeSpan) =>
    inspect({ name, attributes: [...attributes], events, links, status, annotations }, { depth: 20 })

  const answers: ReadonlyArray<[string, Answer]> = [
    ["a good answer to info", json(200, documentedInfo)],
    ["a good answer to a claim", json(200, documentedClaim)],
    ["good events", sending([message(documentedEvent)]).answer],
    ["events that break off", sending([message(documentedEvent)], "cut").answer],
    ["no invitation", refusal(404, "ResourceNotFound")],
    ["an invalid invitation", refusal(400, "InvalidInvitationToken")],
    ["a failure", plain(502, "<html>")],
    ["a broken connection", failing({ code: "ECONNRESET" })],
    ["no answer", Effect.never]
  ]

  it.effect.each(answers)("with %s", ([_, answer]) =>
    Effect.gen(function* () {
      const { spans, tracer } = recordingTracer()
      const ended = yield* Effect.forEach([Effect.asVoid(info), Effect.asVoid(claim), Effect.asVoid(events)], (call) =>
        settled(Effect.exit<unknown, unknown, SeatClaims>(call))
      ).pipe(
        Effect.provide(answering(answer).layer),
        Effect.withSpan("caller"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const names = spans.map(({ name }) => name)
      assert.includeMembers(names, ["SeatClaims.info", "SeatClaims.claim", "SeatClaims.events"])
      for (const span of spans) {
        assert.strictEqual(span.status._tag, "Ended")
        assert.notInclude(shownBy(span), secret)
      }
      for (const exit of ended) {
        assert.notInclude(inspect(exit, { depth: 20 }), secret)
        assert.notInclude(JSON.stringify(exit), secret)
        assert.notInclude(String(exit), secret)
      }
    })
  )

  it.effect("the tracer would see a leak", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recordingTracer()
      yield* Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`https://api.polar.sh/${secret}`)).pipe(
        Effect.provide(answering(json(200, {})).http),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.include(spans.map(shownBy).join(), secret)
    })
  )
})

describe("the options", () => {
  it.effect("reject a base URL that would send the token unencrypted", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.provide(info, answering(plain(200), { baseUrl: "http://polar.sh" }).layer)
      )
      assert.strictEqual(error._tag, "InvalidOption")
    })
  )

  it.effect("can come from the configuration", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(json(200, documentedInfo))
      const configured = (env: Record<string, string>) =>
        layerConfig({ baseUrl: Config.String("POLAR_API_URL") }).pipe(
          Layer.provide([http, ConfigProvider.layer(ConfigProvider.fromUnknown(env))])
        )
      yield* Effect.provide(info, configured({ POLAR_API_URL: "https://polar.test" }))
      assert.isTrue(requests[0]?.url.startsWith("https://polar.test/v1/"))
      assert.strictEqual((yield* Effect.flip(Effect.provide(info, configured({}))))._tag, "ConfigError")
    })
  )
})
