import { assert, describe, it } from "@effect/vitest"
import { CustomerId, SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import type { InvalidOption } from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Duration, Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { documentedSeat } from "./polarFixtures.ts"

const secret = "polar_cst_keep_me_to_yourself"
const token = Redacted.make(secret)
const customer = { id: CustomerId.make("992fae2a-2a17-4b7a-8d9e-e287cf90131b") }
const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))

/** A Polar that always answers this, and counts the requests. */
const polar = (status = 200, headers: Readonly<Record<string, string>> = {}) => {
  const asked = { times: 0 }
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      asked.times++
      const body = status === 200 ? JSON.stringify(documentedSeat) : ""
      return HttpClientResponse.fromWeb(request, new Response(body, { status, headers }))
    })
  )
  return { asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

const whole = "must be a positive integer"
const longer = "must be a duration greater than zero"
const notNegative = "must be a duration of zero or more"
const unsendable = "is empty, or contains a space, a line break or a character outside ASCII"

describe("building a layer fails with InvalidOption", () => {
  const policies: ReadonlyArray<readonly [option: string, options: SeatClaims.Options, problem: string]> = [
    ["times", { times: -1 }, "must be zero or a positive integer"],
    ["times", { times: 1.5 }, "must be zero or a positive integer"],
    ["times", { times: Number.NaN }, "must be zero or a positive integer"],
    ["maxRetryAfter", { maxRetryAfter: "-1 second" }, notNegative],
    ["maxRetryAfter", { maxRetryAfter: JSON.parse('"soon"') }, notNegative],
    ["attemptTimeout", { attemptTimeout: 0 }, longer],
    ["attemptTimeout", { attemptTimeout: Number.NaN }, longer],
    ["attemptTimeout", { attemptTimeout: "-1 second" }, longer],
    ["totalTimeout", { totalTimeout: Duration.zero }, longer],
    ["totalTimeout", { totalTimeout: JSON.parse('{"hours":"x"}') }, longer],
    ["maxBytes.single", { maxBytes: { single: 0 } }, whole],
    ["maxBytes.list", { maxBytes: { list: Number.POSITIVE_INFINITY } }, whole],
    ["maxHeaderBytes", { maxHeaderBytes: Number.NaN }, whole]
  ]
  const organizations = ["", "acme\r\nx-injected: 1", "ac me", "äcme"]
  type Row = readonly [
    name: string,
    layer: Layer.Layer<never, InvalidOption, HttpClient.HttpClient>,
    option: string,
    problem: string
  ]
  const rows: ReadonlyArray<Row> = [
    ...policies.flatMap(([option, options, problem]): ReadonlyArray<Row> => [
      ["PortalSeats", PortalSeats.layer({ token, ...options }), option, problem],
      ["SeatClaims", SeatClaims.layer(options), option, problem]
    ]),
    ...organizations.flatMap((organization): ReadonlyArray<Row> => [
      ["OrganizationSeats", OrganizationSeats.layer({ token, organization }), "organization", unsendable],
      ["CustomerSessions", CustomerSessions.layer({ token, organization }), "organization", unsendable],
      [
        "PortalSeats for a customer",
        PortalSeats.layerForCustomer({ token, customer, organization }),
        "organization",
        unsendable
      ]
    ]),
    [
      "PortalSeats for a customer",
      PortalSeats.layerForCustomer({ token, customer, renewBefore: "-1 minute" }),
      "renewBefore",
      notNegative
    ]
  ]
  it.effect.each(rows)("%s: the option $2 $3", ([_, layer, option, problem]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(layer))
      assert.deepStrictEqual(
        [error._tag, error.message],
        ["InvalidOption", `The option ${option} ${problem}. Nothing was sent: correct the option.`]
      )
      assert.notInclude(inspect(error, { depth: 9 }), secret)
    }).pipe(Effect.provide(polar().layer), Effect.scoped)
  )

  it.effect("but accepts an infinite duration", () =>
    Effect.gen(function* () {
      const endless = { attemptTimeout: Duration.infinity, totalTimeout: Duration.infinity, maxRetryAfter: "Infinity" }
      const options: SeatClaims.Options = { ...endless, maxRetryAfter: Duration.infinity }
      const seats = Layer.orDie(PortalSeats.layer({ token, ...options })).pipe(Layer.provide(polar().layer))
      assert.strictEqual((yield* Effect.provide(resend, seats)).status, "pending")
    })
  )
})

describe("RetryPolicy.provide", () => {
  const once = { times: 1, schedule: Schedule.spaced("1 second"), maxRetryAfter: "2 seconds" } as const
  const senseless: ReadonlyArray<RetryPolicy.RetryPolicy> = [
    { times: -1 },
    { times: 0.5 },
    { times: Number.NaN },
    { attemptTimeout: 0 },
    { attemptTimeout: "-1 second" },
    { totalTimeout: 0 },
    { totalTimeout: JSON.parse('"soon"') },
    { maxRetryAfter: "-1 second" }
  ]
  it.effect.each(senseless.map((policy) => [inspect(policy), policy] as const))(
    "uses the value of the layer instead of an invalid one: %s",
    ([_, policy]) =>
      Effect.gen(function* () {
        const { asked, layer } = polar(429, { "retry-after": "2" })
        const seats = Layer.orDie(PortalSeats.layer({ token, ...once })).pipe(Layer.provide(layer))
        const fiber = yield* Effect.forkChild(
          Effect.flip(RetryPolicy.provide(policy)(resend)).pipe(Effect.provide(seats))
        )
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "RateLimited")
        assert.strictEqual(asked.times, 2)
      })
  )
})

describe("the headers of an answer", () => {
  const call = (size: number, status: number, options: Partial<PortalSeats.Options> = {}) => {
    const name = "x-filler"
    const { asked, layer } = polar(status, { "content-type": "a/b", [name]: "x".repeat(size) })
    const seats = Layer.orDie(PortalSeats.layer({ token, ...options })).pipe(Layer.provide(layer))
    return Effect.map(Effect.result(Effect.provide(resend, seats)), (result) => ({ asked, result }))
  }
  const others = "content-typea/b".length + "x-filler".length

  it.effect.each([
    [64 * 1024, {}],
    [100, { maxHeaderBytes: 100 }]
  ] as const)("may be %i bytes together, and not more", ([limit, options]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* call(limit - others, 200, options)).result._tag, "Success")
      for (const status of [200, 404, 429, 503]) {
        const { asked, result } = yield* call(limit - others + 1, status, options)
        assert.containSubset(result, {
          _tag: "Failure",
          failure: {
            _tag: "Unavailable",
            reason: {
              _tag: "UnexpectedResponse",
              status,
              description: `the headers are larger than ${limit} bytes`
            }
          }
        })
        assert.strictEqual(asked.times, 1)
      }
    })
  )
})
