import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Seats } from "@polar-seats/domain/Seats"
import { DateTime, Effect, Fiber, Layer, Metric, Redacted, Schedule, Stream, Tracer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientResponse, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { buyer, seats, single, start, tokens, world } from "../laws/world.ts"
import { operations } from "./allOperations.ts"
import { recordingTracer } from "./recordingTracer.ts"

const token = Redacted.make(tokens.customer)
const resend = Effect.flatMap(Seats, (service) => service.resend(seats.live))

type Answer = number | "no answer" | "not sent"
const answeringInTurn = (answers: ReadonlyArray<Answer>) => {
  let nth = 0
  return HttpClient.make((request) =>
    Effect.suspend(() => {
      const answer = answers[nth++] ?? "no answer"
      if (answer === "no answer") return Effect.never
      if (typeof answer === "number") {
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status: answer })))
      }
      const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
      return Effect.fail(
        new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
      )
    })
  )
}

describe("the span of a call", () => {
  const rows: ReadonlyArray<readonly [what: string, ReadonlyArray<Answer>, status: number | undefined]> = [
    ["the status of the only answer", [404], 404],
    ["the status of an answer that is not understood", [200], 200],
    ["the status of the last answer after a retry", [429, 503], 503],
    ["the status of the last answer, if the last request has none", [429, "no answer"], 429],
    ["no status if nothing was sent", ["not sent", "not sent", "not sent", "not sent"], undefined],
    ["no status if no answer came", ["no answer"], undefined]
  ]
  it.effect.each(rows)("has kind client, names the server, and has %s", ([_, answers, status]) =>
    Effect.gen(function* () {
      const { spans, tracer } = recordingTracer()
      const call = resend.pipe(
        Effect.exit,
        Effect.provide(PortalSeats.layer({ token, baseUrl: "https://acme.test:8443/s3cret" })),
        Effect.provideService(HttpClient.HttpClient, answeringInTurn(answers)),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const fiber = yield* Effect.forkChild(call)
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(fiber)
      assert.deepEqual(
        spans.map(({ kind, name }) => [name, kind]),
        [["Seats.resend", "client"]]
      )
      const attributes = Object.fromEntries(spans[0]?.attributes ?? [])
      assert.strictEqual(attributes["server.address"], "acme.test")
      assert.strictEqual(attributes["server.port"], 8443)
      assert.strictEqual(attributes["http.response.status_code"], status)
      assert.strictEqual("http.response.status_code" in attributes, status !== undefined)
      assert.notInclude(JSON.stringify(attributes), "s3cret")
    })
  )

  it.effect.each([
    [{}, { "server.address": "api.polar.sh" }],
    [{ environment: "sandbox" }, { "server.address": "sandbox-api.polar.sh" }],
    [{ baseUrl: "https://acme.test:443/" }, { "server.address": "acme.test" }],
    [{ baseUrl: "http://127.0.0.1:80" }, { "server.address": "127.0.0.1" }],
    [{ baseUrl: "http://[::1]:3000" }, { "server.address": "::1", "server.port": 3000 }]
  ] as const)("names the port if it is not the default: %o", ([options, expected]) =>
    Effect.gen(function* () {
      const { spans, tracer } = recordingTracer()
      yield* resend.pipe(
        Effect.exit,
        Effect.provide(PortalSeats.layer({ token, times: 0, ...options })),
        Effect.provideService(HttpClient.HttpClient, answeringInTurn([404])),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const server = [...(spans[0]?.attributes ?? [])].filter(([key]) => key.startsWith("server."))
      assert.deepEqual(Object.fromEntries(server), expected)
    })
  )
})

const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", Layer.orDie(UndiciTransport.layer)],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp]
] as const

/** The emulator on a socket, with the headers of each request that it receives. */
const emulator = () => {
  const received: Array<IncomingHttpHeaders> = []
  const listening = () => createServer().on("request", ({ headers }) => void received.push(headers))
  const layer = Emulator.layerServer(world).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(listening, { host: "127.0.0.1", port: 0 }))
  )
  return { received, layer }
}

const invitation = Redacted.make(world.seats?.find(({ id }) => id === seats.live)?.invitationToken ?? "")
const { claim, claimedSubscriptions, createSession, events, info, list } = operations(invitation)
// The stream of events ends when the emulator says so, so it is only opened
const calls = {
  list,
  claimedSubscriptions,
  info,
  createSession,
  claim,
  events: Effect.timeoutOption(events, "300 millis")
}

const callAll = (client: Layer.Layer<HttpClient.HttpClient>, options: { readonly propagateTrace?: boolean }) =>
  Effect.gen(function* () {
    yield* (yield* Emulator.Emulator).setTime(DateTime.makeUnsafe(start))
    const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const shared = { baseUrl, schedule: Schedule.spaced("1 millis"), ...options }
    const layers = Layer.mergeAll(
      PortalSeats.layer({ token, ...shared }),
      CustomerSessions.layer({ token: Redacted.make(tokens.sessions), ...shared }),
      SeatClaims.layer(shared)
    ).pipe(Layer.provide(client))
    const organization = OrganizationSeats.layer({ token: Redacted.make(tokens.organization), ...shared })
    yield* Effect.forEach(Object.values(calls), Effect.exit).pipe(Effect.provide(layers))
    yield* Effect.exit(list).pipe(Effect.provide(Layer.merge(organization.pipe(Layer.provide(client)), layers)))
  })

describe.each(clients)("the headers of a trace, by %s", (_, client) => {
  it.live("are off by default, because Polar's CORS refuses them", () => {
    const { layer, received } = emulator()
    const { spans, tracer } = recordingTracer()
    return Effect.gen(function* () {
      yield* callAll(client, {}).pipe(Effect.withSpan("caller"), Effect.provideService(Tracer.Tracer, tracer))
      assert.isAtLeast(received.length, 7)
      assert.lengthOf(spans, received.length + 1)
      for (const headers of received) assert.doesNotHaveAnyKeys(headers, ["traceparent", "tracestate", "b3"])
    }).pipe(Effect.provide(layer))
  })

  it.live("name the span of each call as the parent, if they are on", () => {
    const { layer, received } = emulator()
    const { spans, tracer } = recordingTracer()
    return Effect.gen(function* () {
      yield* callAll(client, { propagateTrace: true }).pipe(
        Effect.withSpan("caller"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const ofCalls = spans.filter(({ kind }) => kind === "client")
      // A list is read twice if the first answer shows that the machine's clock is wrong
      assert.sameMembers(
        [...new Set(ofCalls.map(({ name }) => name))],
        [
          "Seats.list",
          "Seats.claimedSubscriptions",
          "SeatClaims.info",
          "CustomerSessions.create",
          "SeatClaims.claim",
          "SeatClaims.events"
        ]
      )
      assert.deepEqual(
        received.map(({ traceparent }) => traceparent),
        ofCalls.map(({ spanId, traceId }) => `00-${traceId}-${spanId}-01`)
      )
    }).pipe(Effect.provide(layer))
  })

  it.live("are not sent without a tracer, although they are on", () => {
    const { layer, received } = emulator()
    return Effect.gen(function* () {
      yield* callAll(client, { propagateTrace: true }).pipe(Effect.withSpan("caller"))
      assert.isAtLeast(received.length, 7)
      for (const headers of received) assert.doesNotHaveAnyKeys(headers, ["traceparent", "b3"])
    }).pipe(Effect.provide(layer))
  })
})

it.effect("two layers over one client keep their own choice", () =>
  Effect.gen(function* () {
    const { tracer } = recordingTracer()
    const sent: Array<boolean> = []
    const client = HttpClient.make((request) => {
      sent.push("traceparent" in request.headers)
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status: 404 })))
    })
    for (const propagateTrace of [false, true, undefined]) {
      yield* Effect.exit(
        Effect.flatMap(PortalSeats.make({ token, propagateTrace }), (service) => service.resend(seats.live))
      ).pipe(Effect.provideService(HttpClient.HttpClient, client), Effect.provideService(Tracer.Tracer, tracer))
    }
    assert.deepEqual(sent, [false, true, false])
  })
)

it.effect("a call for which tracing is turned off sends no header of a trace", () =>
  Effect.gen(function* () {
    const { spans, tracer } = recordingTracer()
    const client = HttpClient.make((request) => {
      assert.doesNotHaveAnyKeys(request.headers, ["traceparent", "b3"])
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status: 404 })))
    })
    const error = yield* resend.pipe(
      Effect.flip,
      Effect.withTracerEnabled(false),
      Effect.provide(PortalSeats.layer({ token, propagateTrace: true })),
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provideService(Tracer.Tracer, tracer)
    )
    assert.strictEqual(error._tag, "Unavailable")
    assert.lengthOf(spans, 0)
  })
)

describe("a call that is refused before it is sent has a span and counts", () => {
  const unusable = Redacted.make("../x")
  const invalid = AssignmentSource.Subscription({ id: single })
  const assign = Effect.flatMap(Seats, (service) =>
    service.assign({ source: invalid, recipient: Recipient.Email({ email: "" }) })
  )
  const claimed = Effect.flatMap(Seats, (service) => Stream.runDrain(service.claimedSubscriptions))
  const customer = { id: buyer }
  const organization = Redacted.make(tokens.sessions)
  const rows = [
    ["Seats.assign", "InvalidRequest", assign, PortalSeats.layer({ token })],
    ["Seats.assign", "InvalidRequest", assign, PortalSeats.layerForCustomer({ token: organization, customer })],
    ["Seats.claimedSubscriptions", "Unauthorized", claimed, OrganizationSeats.layer({ token: organization })],
    [
      "SeatClaims.info",
      "InvalidInvitation",
      Effect.flatMap(SeatClaims.SeatClaims, (claims) => claims.info(unusable)),
      SeatClaims.layer({})
    ],
    [
      "SeatClaims.events",
      "InvalidInvitation",
      Effect.flatMap(SeatClaims.SeatClaims, (claims) => Stream.runDrain(claims.events(unusable))),
      SeatClaims.layer({})
    ]
  ] as const
  const countOf = (operation: string, outcome: string) =>
    Effect.map(Metric.snapshot, (metrics) => {
      const total = metrics.find(
        ({ attributes, id }) =>
          id === "polar_seats_operations_total" &&
          attributes?.["operation"] === operation &&
          attributes["outcome"] === outcome
      )
      return total !== undefined && "count" in total.state ? Number(total.state.count) : 0
    })
  it.effect.each(rows)("%s: %s", ([operation, outcome, call, layer]) =>
    Effect.gen(function* () {
      const before = yield* countOf(operation, outcome)
      const { spans, tracer } = recordingTracer()
      const error = yield* Effect.flip(call as Effect.Effect<unknown, { readonly _tag: string }, Seats>).pipe(
        Effect.provide(layer as Layer.Layer<Seats, never, HttpClient.HttpClient>),
        Effect.provideService(
          HttpClient.HttpClient,
          HttpClient.make(() => Effect.die("nothing is sent"))
        ),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.strictEqual(error._tag, outcome)
      assert.deepEqual(
        spans.map(({ attributes, name }) => [name, attributes.get("polar.outcome"), attributes.get("polar.attempts")]),
        [[operation, outcome, 0]]
      )
      assert.strictEqual((yield* countOf(operation, outcome)) - before, 1)
    })
  )
})
