import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Effect, Layer, LayerMap, ManagedRuntime, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { inspect } from "node:util"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

const seatId = SeatId.make(documentedSeat.id)
const tokenOf = (nth: number) => Redacted.make(`polar_cst_of_${nth}`)
const makers = [
  ["PortalSeats", PortalSeats.make, "CustomerSession"],
  ["OrganizationSeats", OrganizationSeats.make, "OrganizationToken"]
] as const
const nobody = Effect.provideService(
  HttpClient.HttpClient,
  HttpClient.make(() => Effect.die("nothing is sent"))
)

describe.each(makers)("%s.make", (_, make, wants) => {
  it.live("opens no connection, and all that it makes share the connections of their client", () =>
    Effect.gen(function* () {
      const ports = new Set<number | undefined>()
      const authorizations: Array<string | undefined> = []
      const { connections, url } = yield* serving((request, response) => {
        ports.add(request.socket.remotePort)
        authorizations.push(request.headers.authorization)
        response.end(JSON.stringify(documentedSeat))
      })
      yield* Effect.gen(function* () {
        const all = yield* Effect.forEach(Array.from({ length: 300 }), (_, nth) =>
          make({ token: tokenOf(nth), baseUrl: url })
        )
        assert.strictEqual(yield* connections, 0)
        for (const seats of all) yield* seats.resend(seatId)
      }).pipe(Effect.provide(UndiciTransport.layerOptions({ connections: 1 })))
      assert.deepEqual(
        authorizations,
        Array.from({ length: 300 }, (_, nth) => `Bearer ${Redacted.value(tokenOf(nth))}`)
      )
      assert.strictEqual(ports.size, 1)
    })
  )

  it.effect.each(["", "a token", "polar_cst_é", "polar_cst_x\r\nx: y"])(
    "fails with Unauthorized for the malformed token %j of a caller, and does not show it",
    (text) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(make({ token: Redacted.make(text) }))
        assert.containSubset(error, { _tag: "Unauthorized", reason: "InvalidToken", wants })
        if (text !== "") assert.notInclude(inspect(error, { depth: 9 }), text)
      }).pipe(nobody)
  )

  it.effect("fails with InvalidOption for a wrong base URL, even if the token is malformed", () =>
    Effect.gen(function* () {
      for (const token of [tokenOf(1), Redacted.make("a token")]) {
        const error = yield* Effect.flip(make({ token, baseUrl: "http://api.polar.sh" }))
        assert.containSubset(error, { _tag: "InvalidOption", option: "baseUrl" })
      }
    }).pipe(nobody)
  )

  it.effect("takes no token from the fiber that calls", () =>
    Effect.gen(function* () {
      const authorizations: Array<string | undefined> = []
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          authorizations.push(request.headers["authorization"])
          return HttpClientResponse.fromWeb(request, Response.json(documentedSeat))
        })
      )
      const [one, other] = yield* Effect.forEach([1, 2], (nth) => make({ token: tokenOf(nth) })).pipe(
        Effect.provideService(HttpClient.HttpClient, client)
      )
      if (one === undefined || other === undefined) return assert.fail()
      yield* Effect.provideService(one.resend(seatId), Seats, other)
      yield* Effect.provideService(other.resend(seatId), Seats, one)
      assert.deepEqual(authorizations, ["Bearer polar_cst_of_1", "Bearer polar_cst_of_2"])
    })
  )
})

describe("a layer over FetchTransport", () => {
  const fetchOf =
    (name: string, used: Array<string>): typeof globalThis.fetch =>
    () => {
      used.push(name)
      return Promise.resolve(Response.json(documentedSeat))
    }
  const over = (name: string, used: Array<string>) =>
    Layer.orDie(PortalSeats.layer({ token: Redacted.make("polar_cst_x") })).pipe(
      Layer.provide(FetchTransport.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetchOf(name, used)))
    )
  const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))

  it.effect("acts through the fetch of its own tenant in a LayerMap", () =>
    Effect.gen(function* () {
      const used: Array<string> = []
      const tenants = yield* LayerMap.make((name: string) => over(name, used), { idleTimeToLive: "1 hour" })
      for (const name of ["one", "two", "one"]) yield* Effect.provide(resend, tenants.get(name))
      assert.deepEqual(used, ["one", "two", "one"])
    })
  )

  it.effect("acts through the fetch that is provided beside it, inside a runtime with another", () =>
    Effect.gen(function* () {
      const used: Array<string> = []
      const runtime = ManagedRuntime.make(over("live", used))
      const both = Effect.andThen(Effect.provide(resend, over("double", used)), resend)
      yield* Effect.promise(() => runtime.runPromise(both))
      assert.deepEqual(used, ["double", "live"])
      yield* Effect.promise(() => runtime.dispose())
    })
  )
})
