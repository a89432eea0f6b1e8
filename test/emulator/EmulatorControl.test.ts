import { assert, describe, it } from "@effect/vitest"
import { MemberId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import { DateTime, type Duration, Effect, Fiber, Layer, Queue, Redacted, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientResponse, HttpServer } from "effect/http"
import * as NetAddress from "effect/net/NetAddress"
import { TestClock } from "effect/testing"
import { ben, seats, start, subscription, tokens, unknown, world } from "../laws/world.ts"
import { ask, control, inWorld } from "./emulatorHttp.ts"

const portal = "/v1/customer-portal/seats"
const list = `${portal}?subscription_id=${subscription}`
const asCustomer = { token: tokens.customer }
const resend = Effect.suspend(() => ask("POST", `${portal}/${seats.live}/resend`, asCustomer))

const defaults = {
  rate_limits: "off",
  require_content_length: true,
  versions: ["2026-04", "2026-10", "2027-01"],
  default_version: "2026-10",
  sandbox: false,
  webhook: null
}

const issuesOf = (body: unknown) =>
  (body as { issues: ReadonlyArray<{ path: ReadonlyArray<string | number> }> }).issues.map(({ path }) => path.join("."))
const rows = (path: string) =>
  Effect.map(control("GET", path), ({ body }) => body as ReadonlyArray<Record<string, unknown>>)

describe("settings", () => {
  it.effect("are merged", () =>
    inWorld(
      Effect.gen(function* () {
        assert.deepEqual(yield* control("GET", "settings"), { status: 200, body: defaults })
        yield* control("POST", "settings", { sandbox: true, versions: ["2026-04", "2026-10"] })
        const { body } = yield* control("POST", "settings", { default_version: "2026-10" })
        const expected = { ...defaults, sandbox: true, versions: ["2026-04", "2026-10"], default_version: "2026-10" }
        assert.deepEqual(body, expected)
        assert.deepEqual((yield* control("GET", "settings")).body, expected)
        const answer = yield* ask("GET", list, asCustomer)
        assert.deepEqual([answer.headers["polar-version"], answer.headers["x-polar-sandbox"]], ["2026-10", "1"])
      })
    )
  )

  it.effect.each([
    [{ rate_limits: "on" }, ["rate_limits"]],
    [{ require_content_length: "yes", sandbox: 1 }, ["require_content_length", "sandbox"]],
    [{ versions: ["2026-04", "latest"] }, ["versions.1"]],
    [{ default_version: 2026 }, ["default_version"]],
    [{ default_version: "2025-01", sandbox: true }, ["default_version"]],
    [{ default_version: "2026-04", versions: ["2026-10"] }, ["default_version"]],
    [{ versions: ["2026-04"] }, ["versions"]],
    [{ versions: [] }, ["versions"]],
    [{ rate_limit: "off" }, ["rate_limit"]],
    [{ webhook: { url: "http://example.com/hook" } }, ["webhook.url"]],
    [{ webhook: { url: "file://localhost/x" } }, ["webhook.url"]],
    [{ webhook: { url: "http://localhost.example.com/" } }, ["webhook.url"]],
    [{ webhook: { url: "http://hooks.localhost/" } }, ["webhook.url"]],
    [{ webhook: { url: "http://receiver:8080/" } }, ["webhook.url"]],
    [{ webhook: { url: "nowhere" } }, ["webhook.url"]],
    [{ webhook: { url: "http://127.0.0.1/", secret: "" } }, ["webhook.secret"]],
    [{ webhook: { url: "http://127.0.0.1/", secret: "whsec_no base64" } }, ["webhook.secret"]],
    [{ webhook: { url: "http://127.0.0.1/", secret: "polar_whs_1\n" } }, ["webhook.secret"]],
    [[], [""]]
  ] as const)("%j changes nothing", ([patch, paths]) =>
    inWorld(
      Effect.gen(function* () {
        const { body, status } = yield* control("POST", "settings", patch)
        assert.deepEqual([status, issuesOf(body)], [422, [...paths]])
        assert.deepEqual((yield* control("GET", "settings")).body, defaults)
      })
    )
  )

  it.effect("take a webhook to another machine if the layer allows its host, and a seed does not change that", () =>
    Effect.gen(function* () {
      const webhook = { url: "http://receiver:8080/hooks", secret: "polar_whs_0123456789" }
      yield* control("POST", "seed", {})
      const { body, status } = yield* control("POST", "settings", { webhook })
      assert.deepEqual([status, body], [200, { ...defaults, webhook: { url: webhook.url, has_secret: true } }])
      assert.strictEqual((yield* control("POST", "settings", { webhook: { url: "http://other/" } })).status, 422)
    }).pipe(Effect.provide(Emulator.layer(world, { allowHosts: ["receiver"] })))
  )

  it.effect("are validated in process too: the webhook and the default version", () =>
    inWorld(
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* emulator.settings({ sandbox: true })
        const error = yield* Effect.flip(emulator.settings({ webhook: { url: "https://example.com" } }))
        assert.deepEqual([error._tag, error.option], ["InvalidOption", "webhook.url"])
        const webhook = { url: "http://127.0.0.1/", secret: Redacted.make("") }
        const empty = yield* Effect.flip(emulator.settings({ webhook }))
        assert.strictEqual(empty.message, "The option webhook.secret is empty. Nothing was sent: correct the option.")
        const version = yield* Effect.flip(emulator.settings({ defaultVersion: "2025-01" }))
        assert.strictEqual(
          version.message,
          "The option default_version must be one of the versions 2026-04, 2026-10, 2027-01. Nothing was sent: correct the option."
        )
        assert.deepEqual((yield* control("GET", "settings")).body, { ...defaults, sandbox: true })
      })
    )
  )
})

const faults = (rules: ReadonlyArray<unknown>) =>
  Effect.map(control("POST", "faults", { rules }), ({ status }) => assert.strictEqual(status, 200))

describe("faults", () => {
  it.effect("answer before any check, count down, and are recorded", () =>
    inWorld(
      Effect.gen(function* () {
        yield* faults([
          { method: "POST", path: portal, times: 2, status: 429, headers: { "Retry-After": 7 }, body: "" },
          { path: portal, times: 1, status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad</h1>" },
          { path: `${portal}?`, status: 200, body: { seats: null } },
          { method: "delete", status: 503, body: "gone" }
        ])
        const first = yield* ask("POST", `${portal}/x/resend`, { token: tokens.unknown })
        assert.deepEqual([first.status, first.body, first.headers["retry-after"]], [429, "", "7"])
        assert.isUndefined(first.headers["content-type"])
        assert.isUndefined(first.headers["polar-version"])
        assert.strictEqual((yield* resend).status, 429)
        const second = yield* resend
        assert.deepEqual([second.status, second.body], [502, "<h1>Bad</h1>"])
        assert.strictEqual(second.headers["content-type"], "text/html")
        const third = yield* ask("GET", list)
        assert.deepEqual([third.status, third.body], [200, '{"seats":null}'])
        assert.strictEqual(third.headers["content-type"], "application/json")
        assert.strictEqual((yield* ask("GET", list)).body, '{"seats":null}')
        assert.strictEqual((yield* ask("DELETE", "/v1/nothing")).body, "gone")
        assert.strictEqual((yield* resend).status, 200)
        const recorded = yield* rows("requests")
        assert.deepEqual(
          recorded.map(({ status }) => status),
          [429, 429, 502, 200, 200, 503, 200]
        )
        // A new list replaces the old one, and an empty list ends all faults
        yield* faults([{ status: 500 }])
        assert.strictEqual((yield* ask("GET", list, asCustomer)).status, 500)
        yield* faults([])
        assert.strictEqual((yield* ask("GET", list, asCustomer)).status, 200)
      })
    )
  )

  it.effect("below 500 carry the CORS headers of other answers, and a failure carries only those of its rule", () =>
    inWorld(
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const own = ["access-control-allow-origin", "access-control-expose-headers"]
        const corsOf = (headers: Record<string, string>) =>
          Effect.map(client.get(`http://polar.test${list}`, { headers }), (answer) =>
            own.map((name) => answer.headers[name])
          )
        const crossing = { origin: "https://app.test" }
        const live = yield* corsOf({ ...crossing, authorization: `Bearer ${tokens.customer}` })
        assert.deepEqual(live, ["*", "Polar-Version"])
        for (const status of [200, 404, 429, 499]) {
          yield* faults([{ path: portal, status }])
          assert.deepEqual(yield* corsOf(crossing), live, `${status}`)
          // A request of the same origin gets none, as from Polar
          assert.deepEqual(yield* corsOf({}), [undefined, undefined])
        }
        for (const status of [500, 503]) {
          yield* faults([{ path: portal, status }])
          assert.deepEqual(yield* corsOf(crossing), [undefined, undefined], `${status}`)
        }
        for (const status of [404, 503]) {
          yield* faults([{ path: portal, status, headers: { "Access-Control-Allow-Origin": "https://app.test" } }])
          assert.strictEqual((yield* corsOf(crossing))[0], "https://app.test")
        }
      })
    )
  )

  it.effect("without a method leave preflights alone, and do not count them", () =>
    inWorld(
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const preflight = client.options(`http://polar.test${list}`, {
          headers: { origin: "https://app.test", "access-control-request-method": "GET" }
        })
        yield* faults([{ path: portal, times: 1, status: 404 }])
        assert.strictEqual((yield* preflight).status, 200)
        const statuses = [yield* ask("GET", list, asCustomer), yield* ask("GET", list, asCustomer)]
        assert.deepEqual(
          statuses.map(({ status }) => status),
          [404, 200]
        )
        yield* faults([{ method: "OPTIONS", path: portal, status: 503 }])
        assert.strictEqual((yield* preflight).status, 503)
      })
    )
  )

  it.effect("never apply to the control API, and a used up rule is skipped", () =>
    inWorld(
      Effect.gen(function* () {
        yield* faults([{ times: 0, drop: "before" }, { status: 418 }])
        assert.strictEqual((yield* ask("GET", list)).status, 418)
        assert.strictEqual((yield* control("GET", "health")).status, 200)
      })
    )
  )

  it.effect("delay a request, which proceeds even if the client gives up", () =>
    inWorld(
      Effect.gen(function* () {
        yield* faults([{ delay_ms: 5000 }])
        const patient = yield* Effect.forkChild(resend)
        const impatient = yield* Effect.forkChild(resend)
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.interrupt(impatient)
        assert.deepEqual(yield* rows("outbox"), [])
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(patient)).status, 200)
        assert.strictEqual((yield* rows("outbox")).length, 2)
        assert.deepEqual(
          (yield* rows("requests")).map(({ at, status }) => [status, at]),
          [
            [200, start],
            [200, start]
          ]
        )
      })
    )
  )

  it.effect("cut the connection before or after the work is done", () =>
    inWorld(
      Effect.gen(function* () {
        yield* faults([
          { drop: "before", times: 1 },
          { drop: "after", times: 1 }
        ])
        const cut = Effect.map(Effect.flip(resend), (error) => {
          assert.isTrue(HttpClientError.isHttpClientError(error))
          if (HttpClientError.isHttpClientError(error)) {
            assert.strictEqual(error.reason._tag, "TransportError")
            assert.propertyVal(error.cause, "code", "ECONNRESET")
          }
        })
        yield* cut
        assert.deepEqual(yield* rows("outbox"), [])
        yield* cut
        assert.strictEqual((yield* rows("outbox")).length, 1)
        assert.deepEqual(
          (yield* rows("requests")).map(({ status }) => status),
          [0, 0]
        )
      })
    )
  )

  it.effect("are validated and applied in process too", () =>
    inWorld(
      Effect.gen(function* () {
        const { faults } = yield* Emulator.Emulator
        yield* faults([{ path: portal, times: 1, status: 503, body: { error: "Down" } }])
        const error = yield* Effect.flip(faults([{ drop: "before" }, { status: 200, headers: { "a b": "c" } }]))
        assert.deepEqual([error._tag, error.option], ["InvalidOption", "faults.1.headers.a b"])
        for (const delay of ["soon", "-1 second", "30 days"] as ReadonlyArray<Duration.Input>) {
          assert.strictEqual((yield* Effect.flip(faults([{ delay }]))).option, "faults.0.delay")
        }
        assert.strictEqual((yield* Effect.flip(faults([{ times: -1, drop: "after" }]))).option, "faults.0.times")
        assert.strictEqual((yield* resend).body, '{"error":"Down"}')
        assert.strictEqual((yield* resend).status, 200)
      })
    )
  )

  it.effect.each([
    [{}, [""]],
    [{ rules: [{ path: "/v1" }] }, ["rules.0"]],
    [{ rules: [{ drop: "before" }, { status: 500, drop: "after" }] }, ["rules.1"]],
    [{ rules: [{ delay_ms: 5, body: "x" }] }, ["rules.0"]],
    [{ rules: [{ drop: "during" }] }, ["rules.0.drop"]],
    [{ rules: [{ status: 100 }] }, ["rules.0.status"]],
    [
      { rules: [{ status: 99 }, { status: 600 }, { status: 1e300 }] },
      ["rules.0.status", "rules.1.status", "rules.2.status"]
    ],
    [{ rules: [{ status: 200.5 }] }, ["rules.0.status"]],
    [
      { rules: [{ status: 200, headers: { "a b": "c", "": "d", ok: "e" } }] },
      ["rules.0.headers.a b", "rules.0.headers."]
    ],
    [{ rules: [{ status: 200, headers: { a: "b\r\nc: d" } }] }, ["rules.0.headers.a"]],
    [{ rules: [{ status: 200, headers: { a: "\u2026" } }] }, ["rules.0.headers.a"]],
    [{ rules: [{ status: 204, body: "x" }] }, ["rules.0.body"]],
    [{ rules: [{ delay_ms: -1 }] }, ["rules.0.delay_ms"]],
    [{ rules: [{ delay_ms: 1e300 }] }, ["rules.0.delay_ms"]],
    [{ rules: [{ status: 500, times: -1 }] }, ["rules.0.times"]],
    [{ rules: [{ status: 500, delayMs: 5 }] }, ["rules.0.delayMs"]]
  ] as const)("stay as they are if %j is refused", ([body, paths]) =>
    inWorld(
      Effect.gen(function* () {
        yield* faults([{ status: 418 }])
        const answer = yield* control("POST", "faults", body)
        assert.strictEqual(answer.status, 422)
        assert.deepEqual(issuesOf(answer.body), paths[0] === "" ? ["rules"] : [...paths])
        assert.strictEqual((yield* resend).status, 418)
      })
    )
  )
})

const encodeSeat = Schema.encodeSync(SeatJson)

describe("webhooks", () => {
  it.effect("appear with the answer, in Polar's JSON, until the list is emptied", () =>
    inWorld(
      Effect.gen(function* () {
        yield* resend
        assert.deepEqual(yield* rows("webhooks"), [])
        const claimed = yield* ask("POST", "/v1/customer-seats/claim", { body: { invitation_token: "live" } })
        const revoked = yield* ask("DELETE", `${portal}/${seats.live}`, asCustomer)
        assert.deepEqual(yield* rows("webhooks"), [
          { type: "customer_seat.claimed", timestamp: start, data: JSON.parse(claimed.body).seat },
          { type: "customer_seat.revoked", timestamp: start, data: JSON.parse(revoked.body) }
        ])
        const events = yield* (yield* Emulator.Emulator).webhooks
        assert.deepEqual(
          events.map(({ seat, type }) => [type, seat.status]),
          [
            ["customer_seat.claimed", "claimed"],
            ["customer_seat.revoked", "revoked"]
          ]
        )
        yield* control("DELETE", "webhooks")
        assert.deepEqual(yield* rows("webhooks"), [])
      })
    )
  )

  it.effect("announce every seat that a cancelled subscription revokes", () =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* control("POST", "cancel", { subscription_id: subscription })).status, 200)
        const left = JSON.parse((yield* ask("GET", list, asCustomer)).body)
        assert.strictEqual(left.available_seats, 10)
        const announced = yield* rows("webhooks")
        assert.isAbove(announced.length, 3)
        assert.isTrue(announced.every(({ type }) => type === "customer_seat.revoked"))
      })
    )
  )

  it.effect("announce the seats that a deleted member loses, and end the sessions of the member", () =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* control("POST", "delete-member", { member_id: ben.toUpperCase() })).status, 200)
        assert.isNotEmpty(yield* rows("webhooks"))
        assert.strictEqual((yield* ask("GET", list, { token: tokens.member })).status, 401)
        assert.strictEqual((yield* control("POST", "delete-member", { member_id: ben })).status, 404)
      })
    )
  )

  it.effect.each([
    ["cancel", { subscription_id: unknown }, 404],
    ["cancel", { subscription_id: "x" }, 422],
    ["cancel", {}, 422],
    ["delete-member", { member_id: unknown }, 404],
    ["delete-member", { member_id: 3 }, 422]
  ] as const)("are not sent by %s %j, which answers %s", ([path, body, status]) =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* control("POST", path, body)).status, status)
        assert.deepEqual(yield* rows("webhooks"), [])
      })
    )
  )

  it.effect("are announced by cancel and deleteMember in process too", () =>
    inWorld(
      Effect.gen(function* () {
        const { cancel, deleteMember, webhooks } = yield* Emulator.Emulator
        assert.isFalse(yield* deleteMember(MemberId.make(unknown)))
        assert.isTrue(yield* deleteMember(ben))
        const before = (yield* webhooks).length
        yield* cancel(subscription)
        assert.isAbove((yield* webhooks).length, before)
        assert.strictEqual((yield* Effect.flip(cancel(SubscriptionId.make(unknown))))._tag, "NotFound")
      })
    )
  )

  interface Delivery {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  const delivering = <A, E>(
    test: (deliveries: Queue.Queue<Delivery>) => Effect.Effect<A, E, Emulator.Emulator>,
    status = 204
  ) =>
    Effect.gen(function* () {
      const deliveries = yield* Queue.unbounded<Delivery>()
      const client = HttpClient.make((request, url) =>
        Effect.sync(() => {
          const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
          Queue.offerUnsafe(deliveries, { url: url.href, headers: request.headers, body })
          return HttpClientResponse.fromWeb(request, new Response(null, { status }))
        })
      )
      const server = HttpServer.make({ serve: () => Effect.void, address: NetAddress.unixPathAddress("/nowhere") })
      const layer = Emulator.layerServer(world).pipe(
        Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
      )
      yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(start)))
      return yield* Effect.provide(test(deliveries), layer)
    })

  it.effect("are signed and delivered in order, each with its own id", () => {
    const secret = Redacted.make("polar_whs_0123456789")
    return delivering((deliveries) =>
      Effect.gen(function* () {
        const { advance, cancel, settings, webhooks } = yield* Emulator.Emulator
        yield* advance("25 hours")
        yield* settings({ webhook: { url: "http://127.0.0.1:9/hook", secret } })
        yield* cancel(subscription)
        const ids = new Set<string | undefined>()
        const events = yield* webhooks
        for (const { seat } of events) {
          const { body, headers, url } = yield* Queue.take(deliveries)
          ids.add(headers["webhook-id"])
          assert.strictEqual(url, "http://127.0.0.1:9/hook")
          assert.strictEqual(headers["user-agent"], "polar.sh webhooks")
          assert.strictEqual(headers["content-type"], "application/json")
          const { verify } = yield* SeatWebhooks.SeatWebhooks
          const event = yield* verify({ headers, body })
          assert.strictEqual(event._tag, "Revoked")
          assert.deepEqual(JSON.parse(body), {
            type: "customer_seat.revoked",
            timestamp: "2026-11-24T13:00:00Z",
            data: encodeSeat(seat)
          })
        }
        assert.strictEqual(ids.size, events.length)
      }).pipe(Effect.provide(SeatWebhooks.layer({ secret })))
    )
  })

  it.effect("are not signed without a secret, and go on after a failed delivery", () =>
    delivering(
      (deliveries) =>
        Effect.gen(function* () {
          const { cancel, deleteMember, settings } = yield* Emulator.Emulator
          yield* settings({ webhook: { url: "http://localhost:9/" } })
          yield* deleteMember(ben)
          const { headers } = yield* Queue.take(deliveries)
          assert.containsAllKeys(headers, ["webhook-id", "webhook-timestamp"])
          assert.doesNotHaveAnyKeys(headers, ["webhook-signature"])
          yield* Queue.take(deliveries)
          yield* settings({ webhook: null })
          yield* cancel(subscription)
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* Queue.size(deliveries), 0)
        }),
      500
    )
  )
})

describe("the clock", () => {
  const time = Effect.flatMap(Emulator.Emulator, ({ now }) => now)
  it.effect.each([
    ['{"advance_seconds":1e300}', "advance_seconds"],
    ['{"advance_seconds":-1e300}', "advance_seconds"],
    ['{"advance_seconds":251600000000}', "advance_seconds"],
    ['{"now":"9999-01-01T00:00:00Z"}', "now"],
    ['{"now":"+100000-01-01T00:00:00Z"}', "now"],
    ['{"now":"0000-12-31T23:59:59Z"}', "now"],
    ['{"advance_seconds":1e999}', ""],
    ['{"advance_seconds":NaN}', ""]
  ] as const)("does not move for %s", ([text, path]) =>
    inWorld(
      Effect.gen(function* () {
        const before = yield* time
        const answer = yield* ask("POST", "/_emulator/clock", { text })
        assert.deepEqual([answer.status, issuesOf(JSON.parse(answer.body))], [422, [path]])
        assert.deepEqual(yield* time, before)
        assert.strictEqual((yield* ask("GET", list, asCustomer)).status, 200)
      })
    )
  )

  it.effect("dates every answer: successes, refusals, faults, failures and the control API", () =>
    inWorld(
      Effect.gen(function* () {
        const { advance, faults } = yield* Emulator.Emulator
        for (const step of ["0 seconds", "1 day", "-30 hours"] as const) {
          yield* advance(step)
          yield* faults([{ method: "GET", path: "/v1/faulty", status: 503 }])
          const expected = DateTime.toDateUtc(yield* time).toUTCString()
          const statuses: Array<number> = []
          for (const [method, path, options] of [
            ["GET", list, asCustomer],
            ["GET", list, {}],
            ["GET", list, { token: "polar_cst_unknown" }],
            ["GET", "/v1/nothing", {}],
            ["GET", "/v1/faulty", {}],
            ["POST", `/v1/customer-portal/seats/${seats.withoutProduct}/resend`, asCustomer],
            ["GET", "/_emulator/health", {}],
            ["POST", "/_emulator/seed", { text: "no" }]
          ] as const) {
            const answer = yield* ask(method, path, options)
            assert.strictEqual(answer.headers["date"], expected, `${method} ${path}`)
            statuses.push(answer.status)
          }
          assert.deepEqual(statuses, [200, 401, 401, 404, 503, 500, 200, 422])
        }
      })
    )
  )

  it.effect("does not replace the Date of a fault", () =>
    inWorld(
      Effect.gen(function* () {
        const { faults } = yield* Emulator.Emulator
        yield* faults([{ status: 200, headers: { date: "soon" } }])
        assert.strictEqual((yield* ask("GET", list)).headers["date"], "soon")
      })
    )
  )

  it.effect("stays within its range over many steps", () =>
    inWorld(
      Effect.gen(function* () {
        const { advance, setTime } = yield* Emulator.Emulator
        yield* setTime(DateTime.makeUnsafe("9998-12-31T00:00:00Z"))
        const error = yield* Effect.flip(advance("1 day"))
        assert.strictEqual(
          error.message,
          "The option advance must keep the clock within the years 1 to 9998. Nothing was sent: correct the option."
        )
        yield* advance("23 hours")
        assert.strictEqual(DateTime.formatIso(yield* time), "9998-12-31T23:00:00.000Z")
        assert.strictEqual((yield* Effect.flip(advance("Infinity")))._tag, "InvalidOption")
        assert.strictEqual((yield* Effect.flip(advance("soon" as Duration.Input)))._tag, "InvalidOption")
        assert.strictEqual(
          (yield* Effect.flip(setTime(DateTime.makeUnsafe("9999-06-01T00:00:00Z"))))._tag,
          "InvalidOption"
        )
      })
    )
  )
})

describe("the recorded request", () => {
  it.effect.each([
    ["GET", "/v1/customer-seats/claim/s3cret", "/v1/customer-seats/claim/…"],
    ["GET", "/v1/customer-seats/claim/s3cret/stream?x=1", "/v1/customer-seats/claim/…/stream?x=1"],
    ["GET", "/api/v1/customer-seats/claim/s3cret/", "/api/v1/customer-seats/claim/…/"],
    ["POST", "/v1//customer%2Dseats/Claim/s3cret/s3cret/x", "/v1//customer-seats/Claim/…"],
    ["POST", "/v1/customer-seats/claim", "/v1/customer-seats/claim"],
    ["GET", "/v1/no%20thing?a=%20", "/v1/no%20thing?a=%20"],
    // The tokens of the world, anywhere in the URL
    ["GET", "/v1/nothing?token=live", "/v1/nothing?token=…"],
    ["GET", "/v1/nothing/l%69ve/x?a=%20", "/v1/nothing/…/x?a= "],
    ["GET", "/v1/nothing?to=%2Fportal%2Fclaim%3Ftoken%3Dlive%26x%3D1", "/v1/nothing?to=/portal/claim?token=…&x=1"],
    ["GET", "/v1/nothing?to=%252Fclaim%253Ftoken%253Dlive", "/v1/nothing?to=/claim?token=…"],
    ["GET", `${portal}/order?order_id=alive&deliver=live_1`, `${portal}/…?order_id=alive&deliver=live_1`]
  ] as const)("%s %s is recorded as %s", ([method, sent, kept]) =>
    inWorld(
      Effect.gen(function* () {
        yield* ask(method, sent)
        assert.deepEqual(
          (yield* rows("requests")).map(({ path }) => path),
          [kept]
        )
      })
    )
  )

  it.effect("holds no generated, used or revoked token, not even inside a word", () =>
    inWorld(
      Effect.gen(function* () {
        const body = { subscription_id: subscription, email: "zoe@acme.com" }
        const assigned = JSON.parse((yield* ask("POST", portal, { ...asCustomer, body })).body) as { id: string }
        const token = String((yield* rows("outbox"))[0]?.["token"])
        const kept = Effect.gen(function* () {
          yield* control("DELETE", "requests")
          yield* ask("GET", `/v1/nothing?a=x${token}y&b=${token}`)
          yield* ask("POST", `${portal}/${token}/resend`)
          return (yield* rows("requests")).map(({ path }) => path)
        })
        const expected = ["/v1/nothing?a=x…y&b=…", `${portal}/…/resend`]
        assert.deepEqual(yield* kept, expected)
        yield* ask("DELETE", `${portal}/${assigned.id}`, asCustomer)
        assert.deepEqual(yield* kept, expected)
      })
    )
  )
})

describe("a seed", () => {
  const trouble = Effect.gen(function* () {
    yield* ask("DELETE", `${portal}/${seats.live}`, asCustomer)
    yield* control("POST", "settings", { rate_limits: "sandbox", sandbox: true })
    yield* control("POST", "clock", { advance_seconds: 60 })
    yield* Effect.replicateEffect(ask("GET", "/v1/nothing"), 100)
    yield* control("POST", "faults", { rules: [{ path: list, status: 418 }] })
  })

  it.effect("with the switch for seats of earlier versions loads, and the key has no effect", () =>
    inWorld(
      Effect.gen(function* () {
        const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
        const seeded = yield* control("POST", "seed", {
          organizations: [{ slug: "acme", seat_based_pricing_enabled: false }],
          products: [{ id: unknown, organization: "acme" }],
          customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
          subscriptions: [{ id: subscription, product: unknown, customer, seats: 2 }],
          seats: [
            {
              id: seats.live,
              subscription_id: subscription,
              status: "pending",
              email: "ann@acme.com",
              customer_id: customer,
              invitation_token: "live"
            }
          ],
          tokens: [
            { token: tokens.customer, customer },
            {
              token: tokens.organization,
              organization: "acme",
              scopes: ["customer_seats:read", "customer_seats:write"]
            }
          ]
        })
        assert.strictEqual(seeded.status, 200)
        const calls: ReadonlyArray<Parameters<typeof ask>> = [
          ["GET", list, asCustomer],
          ["POST", `${portal}/${seats.live}/resend`, asCustomer],
          ["POST", portal, { ...asCustomer, body: { subscription_id: subscription, email: "zoe@acme.com" } }],
          ["GET", `/v1/customer-seats?subscription_id=${subscription}`, { token: tokens.organization }],
          ["POST", `/v1/customer-seats/${seats.live}/resend`, { token: tokens.organization }],
          ["GET", "/v1/customer-seats/claim/live"],
          ["POST", "/v1/customer-seats/claim", { body: { invitation_token: "live" } }],
          ["DELETE", `${portal}/${seats.live}`, asCustomer]
        ]
        for (const call of calls) assert.strictEqual((yield* ask(...call)).status, 200, `${call[0]} ${call[1]}`)
      })
    )
  )

  it.effect("resets faults, rate limits, webhooks, minted tokens and settings", () =>
    inWorld(
      Effect.gen(function* () {
        const claimed = yield* ask("POST", "/v1/customer-seats/claim", { body: { invitation_token: "live" } })
        const minted = { token: JSON.parse(claimed.body).customer_session_token as string }
        assert.strictEqual((yield* ask("GET", list, minted)).status, 200)
        yield* trouble
        yield* (yield* Emulator.Emulator).seed(world)
        assert.deepEqual(yield* rows("webhooks"), [])
        assert.deepEqual(yield* rows("requests"), [])
        assert.deepEqual((yield* control("GET", "settings")).body, defaults)
        yield* control("POST", "settings", { rate_limits: "sandbox" })
        assert.strictEqual((yield* ask("GET", "/v1/nothing")).status, 404)
        assert.strictEqual((yield* ask("GET", list, minted)).status, 401)
        assert.strictEqual((yield* ask("GET", list, asCustomer)).status, 200)
      })
    )
  )

  it.effect("changes nothing if it is refused", () =>
    inWorld(
      Effect.gen(function* () {
        yield* trouble
        const all = Effect.all([rows("webhooks"), rows("requests"), control("GET", "settings"), rows("outbox")])
        const before = yield* all
        assert.strictEqual((yield* control("POST", "seed", { seats: 3 })).status, 422)
        assert.deepEqual(yield* all, before)
        assert.strictEqual((yield* ask("GET", list, asCustomer)).status, 418)
        assert.strictEqual((yield* ask("GET", "/v1/nothing")).status, 429)
      })
    )
  )
})

describe("the control API", () => {
  it.effect.each([
    ["GET", "nothing"],
    ["DELETE", "settings"],
    ["POST", "health"],
    ["GET", ""]
  ] as const)("answers %s /_emulator/%s with 404", ([method, path]) =>
    inWorld(
      Effect.gen(function* () {
        assert.deepEqual(yield* control(method, path), { status: 404, body: { error: "NotFound" } })
        assert.deepEqual(yield* rows("requests"), [])
      })
    )
  )

  it.effect("refuses a body that is not JSON", () =>
    inWorld(
      Effect.gen(function* () {
        const deep = `{"seats":[{"seat_metadata":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}]}`
        for (const path of ["seed", "settings", "faults", "clock", "cancel", "delete-member"]) {
          for (const text of ["", "{", deep, "[".repeat(200_000), '{"a":1e999}']) {
            const answer = yield* ask("POST", `/_emulator/${path}`, { text })
            assert.deepEqual([answer.status, issuesOf(JSON.parse(answer.body))], [422, [""]])
          }
        }
      })
    )
  )

  it.effect("follow no redirect, also with fetch: it could lead to a host that the settings refuse", () =>
    Effect.gen(function* () {
      const modes = yield* Queue.unbounded<RequestInit["redirect"]>()
      const fetchOnce: typeof fetch = (_, init) => {
        Queue.offerUnsafe(modes, init?.redirect)
        return Promise.resolve(new Response(null, { status: 204 }))
      }
      const server = HttpServer.make({ serve: () => Effect.void, address: NetAddress.unixPathAddress("/nowhere") })
      const layer = Emulator.layerServer(world).pipe(
        Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
        Layer.provide(FetchHttpClient.layer),
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetchOnce))
      )
      yield* Effect.gen(function* () {
        const { deleteMember, settings } = yield* Emulator.Emulator
        yield* settings({ webhook: { url: "http://localhost:9/" } })
        yield* deleteMember(ben)
        assert.strictEqual(yield* Queue.take(modes), "manual")
      }).pipe(Effect.provide(layer))
    })
  )
})
