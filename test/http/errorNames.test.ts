import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { buyer, subscription } from "../laws/world.ts"
import { documentedSeat } from "./polarFixtures.ts"

const seatId = SeatId.make(documentedSeat.id)
const token = Redacted.make("polar_oat_keep_me_to_yourself")
const source = SeatSource.Subscription({ id: subscription })
const customer = { id: buyer }

type Options = { readonly baseUrl?: string; readonly environment?: "sandbox" }
type Services = Seats | SeatClaims.SeatClaims | CustomerSessions.CustomerSessions
type Call = Effect.Effect<unknown, { readonly _tag: string; readonly message: string }, Services>

const ofSeats = (make: (seats: Seats["Service"]) => Call): Call => Effect.flatMap(Seats, make)
const resend = ofSeats((seats) => seats.resend(seatId))
const claimed = ofSeats((seats) => Stream.runDrain(seats.claimedSubscriptions))
const claims = SeatClaims.SeatClaims
const invitation = Redacted.make("keep_me_too")

// Every way to ask Polar, each of which could name the wrong host
const surfaces = {
  PortalSeats: { layer: PortalSeats.layer, calls: { resend, claimed } },
  "PortalSeats for a customer": {
    layer: (options: Options & { readonly token: typeof token }) =>
      PortalSeats.layerForCustomer({ ...options, customer }),
    calls: { resend }
  },
  OrganizationSeats: {
    layer: OrganizationSeats.layer,
    calls: { resend, list: ofSeats((seats) => seats.list(source)), revoke: ofSeats((seats) => seats.revoke(seatId)) }
  },
  CustomerSessions: {
    layer: CustomerSessions.layer,
    calls: { create: Effect.flatMap(CustomerSessions.CustomerSessions, ({ create }) => create({ customer })) }
  },
  SeatClaims: {
    layer: SeatClaims.layer,
    calls: {
      info: Effect.flatMap(claims, ({ info }) => info(invitation)),
      claim: Effect.flatMap(claims, ({ claim }) => claim(invitation)),
      events: Effect.flatMap(claims, ({ events }) => Stream.runDrain(events(invitation)))
    }
  }
} as const
const everyCall = Object.entries(surfaces).flatMap(([surface, { calls, layer }]) =>
  Object.entries(calls).map(([name, call]) => ({
    surface,
    name,
    fails: (options: Options, answer: Answer) =>
      Effect.flip(call as Call).pipe(
        Effect.provide((layer as (options: object) => Layer.Layer<Services>)({ token, times: 0, ...options })),
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(answer))
      )
  }))
)

type Answer = Parameters<typeof HttpClient.make>[0]
const answering =
  (status: number, body: string): Answer =>
  (request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status })))
const refusing =
  (code: string): Answer =>
  (request) =>
    Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error("no"), { code }) })
      })
    )

// A base URL may have a path, which an error must not show: some servers have a secret there
const servers = [
  [{}, "api.polar.sh"],
  [{ environment: "sandbox" }, "sandbox-api.polar.sh"],
  [{ baseUrl: "https://Gateway.Acme.test:8443/s3cret/polar/" }, "gateway.acme.test:8443"],
  [{ baseUrl: "http://[::1]:3000" }, "[::1]:3000"]
] as const
const failures = [
  ["ECONNREFUSED", refusing("ECONNREFUSED")],
  ["ECONNRESET", refusing("ECONNRESET")],
  ["503", answering(503, "")],
  ["a page of HTML", answering(200, "<html>")],
  ["an unknown refusal", answering(418, "{}")],
  ["a 429 that is not Polar's", answering(429, "<html>")]
] as const

describe.each(everyCall)("$surface: $name", ({ fails, surface }) => {
  it.effect.each(
    failures.flatMap(([what, answer]) => servers.map(([options, host]) => [what, host, options, answer] as const))
  )("an Unavailable after %s names %s alone", ([_, host, options, answer]) =>
    Effect.gen(function* () {
      const error = yield* fails(options, answer)
      // Nobody reads the body of a 429 if it does not matter what Polar did
      if (error._tag === "RateLimited") return
      assert.containSubset(error, { _tag: "Unavailable", host })
      assert.include(error.message, host)
      assert.notInclude(inspect(error, { depth: 9 }), "s3cret")
    })
  )

  const isPublic = surface === "SeatClaims"
  it.effect.each(servers)("a 401 names the host: %o", ([options, host]) =>
    Effect.gen(function* () {
      const error = yield* fails(options, answering(401, '{"error":"invalid_token","error_description":""}'))
      // No call of a claim sends a token, so a 401 is no answer to it
      assert.containSubset(error, { _tag: isPublic ? "Unavailable" : "Unauthorized", host })
      if (!isPublic) assert.include(error.message, `${host} refused it, and a token of the other environment`)
    })
  )

  it.effect("a route that does not exist is missing at that host", () =>
    Effect.gen(function* () {
      const error = yield* fails({ baseUrl: "https://acme.test/v2" }, answering(404, '{"detail":"Not Found"}'))
      assert.match(error.message, /: acme\.test has no such route, or no version 2026-10 of the API: check/)
    })
  )
})

it.effect("a session that is not created in time is missing at that host", () =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.flip(resend))
    yield* TestClock.adjust("2 minutes")
    assert.containSubset(yield* Fiber.join(fiber), {
      _tag: "Unavailable",
      operation: "CustomerSessions.create",
      host: "sandbox-api.polar.sh"
    })
  }).pipe(
    Effect.provide(
      PortalSeats.layerForCustomer({ token, customer, environment: "sandbox", totalTimeout: "1 second" }).pipe(
        Layer.merge(Layer.mergeAll(CustomerSessions.layer({ token }), SeatClaims.layer({})))
      )
    ),
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make(() => Effect.never)
    )
  )
)

it.effect("a stream that breaks off, or holds something else, names the host", () =>
  Effect.forEach(['data: {"what":1}\n\n', "data: no json\n\n"], (body) =>
    Effect.gen(function* () {
      const { events } = yield* SeatClaims.SeatClaims
      const error = yield* Effect.flip(Stream.runDrain(events(invitation)))
      assert.containSubset(error, { _tag: "Unavailable", operation: "SeatClaims.events", host: "api.polar.sh" })
    }).pipe(
      Effect.provide(SeatClaims.layer({ times: 0 })),
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.succeed(
            HttpClientResponse.fromWeb(
              request,
              new Response(body, { headers: { "content-type": "text/event-stream" } })
            )
          )
        )
      )
    )
  )
)

describe("a 404 and a 403 name the surface", () => {
  const notFound = answering(404, '{"error":"ResourceNotFound","detail":"Seat not found"}')
  const notPermitted = answering(403, '{"error":"NotPermitted","detail":"Not permitted"}')
  const rows = [
    ["PortalSeats", "CustomerPortal", /for this customer/, /billing manager/],
    ["OrganizationSeats", "Organization", /in this organization/, /administrator of the organization/]
  ] as const
  it.effect.each(rows)("%s: %s", ([surface, named, where, whom]) =>
    Effect.gen(function* () {
      const call = everyCall.find((each) => each.surface === surface && each.name === "resend")
      assert.isDefined(call)
      const missing = yield* call.fails({}, notFound)
      assert.containSubset(missing, { _tag: "NotFound", surface: named })
      assert.match(missing.message, where)
      const refused = yield* call.fails({}, notPermitted)
      assert.containSubset(refused, { _tag: "Forbidden", surface: named })
      assert.match(refused.message, whom)
    })
  )

  it.effect("SeatClaims: Claim", () =>
    Effect.gen(function* () {
      const call = everyCall.find((each) => each.name === "claim")
      const error = yield* (
        call?.fails({}, answering(403, '{"error":"FeatureNotEnabled","detail":""}')) ?? Effect.die("")
      )
      assert.containSubset(error, { _tag: "Forbidden", reason: "SeatsNotEnabled", surface: "Claim" })
    })
  )
})
