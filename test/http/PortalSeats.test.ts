import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Unavailable, type UnavailableReason as SeatErrorReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Config, ConfigProvider, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer, type RequestListener } from "node:http"
import { inspect } from "node:util"
import { documentedSeat } from "./polarFixtures.ts"

const secret = "polar_cst_keep_me_to_yourself"
const token = Redacted.make(secret)
const seatId = SeatId.make(documentedSeat.id)
const source = SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) })

const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))
const list = Effect.flatMap(Seats, (seats) => seats.list(source))

/** A Polar that always answers this, and the requests that it received. */
const answering = (answer: () => Response, options: Partial<PortalSeats.Options> = {}) => {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      requests.push(request)
      return HttpClientResponse.fromWeb(request, answer())
    })
  )
  const layer = PortalSeats.layer({ token, ...options }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
    Layer.orDie
  )
  return { layer, requests }
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } })

const refusal = (status: number, error: string, detail: unknown = "") => json(status, { error, detail })

describe("each answer has its own error", () => {
  const invalidToken = {
    error: "invalid_token",
    error_description: "The access token provided is expired, revoked, malformed, or invalid for other reasons."
  }
  const parsing = {
    type: "uuid_parsing",
    loc: ["path", "seat_id"],
    msg: "Input should be a valid UUID, invalid character: found `n` at 1",
    input: "not-a-uuid",
    ctx: { error: "invalid character: found `n` at 1" }
  }
  const issue = { type: parsing.type, path: parsing.loc, message: parsing.msg }
  const noSuchRoute = { issues: [{ type: "NoSuchRoute", path: [] }] }
  const unexpected = (status: number) => ({ operation: "Seats.resend", reason: { _tag: "UnexpectedResponse", status } })
  const failed = (status: number) => ({ operation: "Seats.resend", reason: { _tag: "ServerFailed", status } })

  const rows: ReadonlyArray<[string, () => Response, string, object]> = [
    ["an unknown version or route", json(404, { detail: "Not Found" }), "InvalidRequest", noSuchRoute],
    [
      "no Content-Length",
      refusal(411, "LengthRequired", "A Content-Length header is required."),
      "InvalidRequest",
      { issues: [{ type: "LengthRequired", path: [], message: "A Content-Length header is required." }] }
    ],
    [
      "a body that is too large",
      refusal(413, "RequestBodyTooLarge", "Request body exceeded the maximum allowed size of 10485760 bytes."),
      "InvalidRequest",
      { issues: [{ type: "RequestBodyTooLarge" }] }
    ],
    [
      "a 429 without a body",
      () => new Response(null, { status: 429, headers: { "retry-after": "60" } }),
      "RateLimited",
      {}
    ],
    ["a bad token", json(401, invalidToken), "Unauthorized", { reason: "InvalidToken" }],
    ["an unknown method", json(405, { detail: "Method Not Allowed" }, { allow: "GET" }), "InvalidRequest", noSuchRoute],
    ["a redirect", () => new Response(null, { status: 307 }), "Unavailable", unexpected(307)],
    ["the wrong kind of token", refusal(401, "Unauthorized", "Unauthorized"), "Unauthorized", { reason: "WrongToken" }],
    ["the wrong role", refusal(403, "NotPermitted"), "Forbidden", { reason: "Role" }],
    [
      "a missing scope",
      json(403, { error: "insufficient_scope", error_description: "" }),
      "Forbidden",
      { reason: "Scope" }
    ],
    ["an invalid id", refusal(422, "RequestValidationError", [parsing]), "InvalidRequest", { issues: [issue] }],
    [
      "an invalid id, refused by a service",
      refusal(422, "PolarRequestValidationError", [parsing]),
      "InvalidRequest",
      { issues: [issue] }
    ],
    [
      "an invalid id, refused without a name as documented",
      json(422, { detail: [parsing] }),
      "InvalidRequest",
      { issues: [issue] }
    ],
    [
      "an unknown seat",
      refusal(404, "ResourceNotFound", "Seat not found"),
      "NotFound",
      { resource: "seat", id: seatId }
    ],
    ["Polar's own failure", () => new Response("Internal Server Error", { status: 500 }), "Unavailable", failed(500)],
    ["a proxy's failure", () => new Response("<html>Bad gateway</html>", { status: 502 }), "Unavailable", failed(502)],
    ["seats not enabled", refusal(403, "FeatureNotEnabled"), "Forbidden", { reason: "SeatsNotEnabled" }],
    ["a seat that is not pending", refusal(400, "SeatNotPending"), "AlreadyClaimed", { seatId }],
    [
      "a seat without a token, or with nobody to mail",
      refusal(400, "InvalidInvitationToken"),
      "InvitationUnavailable",
      { seatId }
    ],
    [
      "a bad request",
      refusal(400, "BadRequest", "Say which"),
      "InvalidRequest",
      { issues: [{ type: "BadRequest", path: [], message: "Say which" }] }
    ],
    ["a refusal without a body", () => new Response(null, { status: 403 }), "Unavailable", unexpected(403)],
    ["an unknown refusal", refusal(400, "SeatOnFire"), "Unavailable", unexpected(400)],
    ["an unknown status", () => new Response("short and stout", { status: 418 }), "Unavailable", unexpected(418)],
    ["no content", () => new Response(null, { status: 204 }), "Unavailable", unexpected(204)]
  ]

  it.effect.each(rows)("%s", ([_, answer, tag, fields]) =>
    Effect.gen(function* () {
      const { layer, requests } = answering(answer)
      const error = yield* Effect.flip(resend).pipe(Effect.provide(layer))
      assert.strictEqual(error._tag, tag)
      assert.containSubset(JSON.parse(JSON.stringify(error)), fields)
      assert.strictEqual(requests.length, 1, "no request is sent twice")
    })
  )

  it.effect("NotFound for a list names the subscription", () =>
    Effect.gen(function* () {
      const { layer } = answering(refusal(404, "ResourceNotFound", "Subscription not found"))
      const error = yield* Effect.flip(list).pipe(Effect.provide(layer))
      assert.deepInclude(error, { _tag: "NotFound", resource: "subscription", id: source.id })
    })
  )
})

describe("Retry-After", () => {
  const limited = (header?: string) => () =>
    new Response(null, { status: 429, headers: header === undefined ? {} : { "retry-after": header } })

  it.effect.each([
    ["in seconds", "60", 60_000],
    ["as a date", "Thu, 01 Jan 1970 00:02:00 GMT", 120_000],
    ["as a date in the past", "Wed, 31 Dec 1969 00:00:00 GMT", 0],
    ["absent", undefined, null],
    ["negative", "-5", null],
    ["unreadable", "soon", null],
    ["seconds, and a word", "60 (seconds)", null],
    ["a number among letters", "max-age=60", null],
    ["as a date of RFC 850", "Thursday, 01-Jan-70 00:02:00 GMT", 120_000],
    ["as a date of asctime", "Thu Jan  1 00:02:00 1970 GMT", 120_000],
    ["absurd", "9".repeat(400), 1e12]
  ] as const)("%s", ([_, header, millis]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(resend).pipe(Effect.provide(answering(limited(header), { times: 0 }).layer))
      if (error._tag !== "RateLimited") return assert.fail(error._tag)
      assert.strictEqual(error.retryAfter === null ? null : Duration.toMillis(error.retryAfter), millis)
    })
  )
})

describe("an undocumented 200", () => {
  const html = "<!doctype html><title>Sign in</title>"
  it.effect.each([
    ["HTML", html, "the body is not JSON"],
    ["an empty object", "{}", "the body is not what is documented (created_at: Missing key)"],
    ["nothing", "", "the body is empty"],
    ["half of the JSON", JSON.stringify(documentedSeat).slice(0, 200), "the body is not JSON"],
    ["a million spaces", " ".repeat(1_000_000), "the body is empty"],
    ["2 MB of spaces", " ".repeat(2_000_000), "the body is larger than 1048576 bytes"],
    ["a list", "[]", "the body is not what is documented (Expected CustomerSeat)"],
    [
      "a status of the wrong type",
      JSON.stringify({ ...documentedSeat, status: 3 }),
      "the body is not what is documented (status: Expected"
    ]
  ] as const)("%s", ([_, body, description]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(resend).pipe(Effect.provide(answering(() => new Response(body)).layer))
      if (error._tag !== "Unavailable" || error.reason._tag !== "UnexpectedResponse") return assert.fail(error._tag)
      assert.strictEqual(error.reason.status, 200)
      assert.include(error.reason.description, description)
      assert.isTrue(error.mayHaveHappened)
      assert.include(error.message, "The mail probably went out: check before you retry.")
    })
  )
})

describe("mayHaveHappened is right for", () => {
  const rows: ReadonlyArray<[string, SeatErrorReason, boolean]> = [
    ["not sent", { _tag: "NotSent", description: "" }, false],
    ["unknown", { _tag: "OutcomeUnknown", description: "" }, true],
    ["a server that failed", { _tag: "ServerFailed", status: 502 }, true],
    ["an undocumented 200", { _tag: "UnexpectedResponse", status: 200, description: "" }, true],
    ["a redirect", { _tag: "UnexpectedResponse", status: 303, description: "" }, true],
    ["an undocumented refusal", { _tag: "UnexpectedResponse", status: 404, description: "" }, true],
    ["a 408 of a proxy", { _tag: "UnexpectedResponse", status: 408, description: "" }, true]
  ]
  it.each(rows)("%s", (_, reason, may) => {
    const error = new Unavailable({ operation: "Seats.resend", reason })
    assert.strictEqual(error.mayHaveHappened, may)
    assert.strictEqual(/mail (may have|probably) (gone|went) out/.test(error.message), may)
    assert.isFalse(new Unavailable({ operation: "Seats.list", reason }).mayHaveHappened)
  })
})

describe("the request", () => {
  it.effect("goes to production with the version, the token and no body", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(200, documentedSeat))
      yield* Effect.provide(resend, layer)
      const [request] = requests
      assert.strictEqual(request?.url, `https://api.polar.sh/v1/customer-portal/seats/${seatId}/resend`)
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.body._tag, "Empty")
      assert.deepInclude(request?.headers, { "polar-version": "2026-10", authorization: `Bearer ${secret}` })
    })
  )

  it.effect("goes to the sandbox or the base URL, with the version of the options", () =>
    Effect.gen(function* () {
      const sandbox = answering(json(200, documentedSeat), { environment: "sandbox", version: "2027-01" })
      yield* Effect.provide(resend, sandbox.layer)
      assert.isTrue(sandbox.requests[0]?.url.startsWith("https://sandbox-api.polar.sh/v1/"))
      assert.strictEqual(sandbox.requests[0]?.headers["polar-version"], "2027-01")
      const own = answering(json(200, documentedSeat), {
        environment: "sandbox",
        baseUrl: "http://127.0.0.1:8080/polar/"
      })
      yield* Effect.provide(resend, own.layer)
      assert.isTrue(own.requests[0]?.url.startsWith("http://127.0.0.1:8080/polar/v1/"))
    })
  )
})

describe("the transport", () => {
  const over = (client: Layer.Layer<HttpClient.HttpClient>, options: Partial<PortalSeats.Options>) =>
    PortalSeats.layer({ token, ...options }).pipe(Layer.provide(client), Layer.orDie)

  const serving = (listener: RequestListener) =>
    Effect.acquireRelease(
      Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
        const server = createServer(listener)
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

  const clients = [
    ["undici", NodeHttpClient.layerUndici],
    ["node:http", NodeHttpClient.layerNodeHttp],
    ["fetch", FetchHttpClient.layer]
  ] as const

  describe.each(clients)("by %s", (_, client) => {
    it.live("a port where nothing listens is NotSent", () =>
      Effect.gen(function* () {
        const { url } = yield* Effect.scoped(serving(() => {}))
        const error = yield* Effect.flip(resend).pipe(Effect.provide(over(client, { baseUrl: url })))
        assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "NotSent" } })
        assert.notInclude(error.message, "mail")
      })
    )

    it.live("an unknown host is NotSent", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(resend).pipe(
          Effect.provide(over(client, { baseUrl: "https://nothing.invalid" }))
        )
        assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "NotSent" } })
      })
    )

    it.live("a connection cut before the answer is OutcomeUnknown", () =>
      Effect.gen(function* () {
        const { url } = yield* serving((request) => request.socket.destroy())
        const error = yield* Effect.flip(resend).pipe(Effect.provide(over(client, { baseUrl: url })))
        assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
      })
    )

    it.live("a connection cut within the answer is OutcomeUnknown", () =>
      Effect.gen(function* () {
        const { url } = yield* serving((request, response) => {
          response.writeHead(200, { "content-length": "500" })
          response.write("{", () => request.socket.destroy())
        })
        const error = yield* Effect.flip(resend).pipe(Effect.provide(over(client, { baseUrl: url })))
        assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
      })
    )

    it.live("no answer within the time limit is OutcomeUnknown, and the message says what that means", () =>
      Effect.gen(function* () {
        const { url } = yield* serving(() => {})
        const layer = over(client, { baseUrl: url, totalTimeout: "50 millis" })
        const error = yield* Effect.flip(resend).pipe(Effect.provide(layer))
        assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
        // The time that was left when the request was sent
        assert.match(
          error.message,
          /no answer came within \d+ms\..*The mail may have gone out: check before you retry\./s
        )
      })
    )

    it.live("an empty POST has a Content-Length, because Polar answers 411 without one", () =>
      Effect.gen(function* () {
        const lengths: Array<string | undefined> = []
        const { url } = yield* serving((request, response) => {
          lengths.push(request.headers["content-length"])
          response.end(JSON.stringify(documentedSeat))
        })
        yield* Effect.provide(resend, over(client, { baseUrl: url }))
        assert.deepEqual(lengths, ["0"])
      })
    )
  })

  it.effect("waits 30 seconds for an answer by default", () =>
    Effect.gen(function* () {
      const never = HttpClient.make(() => Effect.never)
      const fiber = yield* resend.pipe(
        Effect.flip,
        Effect.provide(over(Layer.succeed(HttpClient.HttpClient, never), {})),
        Effect.forkChild
      )
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.include((yield* Fiber.join(fiber)).message, "no answer came within 30s")
    })
  )
})

describe("rejects", () => {
  const build = (options: Partial<PortalSeats.Options>) =>
    Layer.build(PortalSeats.layer({ token, ...options })).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.never)
      ),
      Effect.scoped
    )

  it.effect.each([
    ["an empty token", { token: Redacted.make("") }, "token is empty"],
    ["a line break in it", { token: Redacted.make(`${secret}\r\nx: y`) }, "token contains a space, a line break"],
    ["a letter outside ASCII", { token: Redacted.make(`${secret}é`) }, "token contains a space, a line break"],
    ["an invalid version", { version: "2026-10\r\nx: y" }, "version is not a version like 2026-10"],
    ["http to another host", { baseUrl: "http://api.polar.sh" }, "baseUrl would send the token unencrypted"],
    [
      "http to a host that looks local",
      { baseUrl: "http://127.0.0.1.example.com" },
      "baseUrl would send the token unencrypted"
    ],
    // DNS may give such a name any address
    ["http to a name below localhost", { baseUrl: "http://polar.localhost" }, "`allowHosts`"],
    [
      "http to a host that is not allowed",
      { baseUrl: "http://polar:80", allowHosts: ["polar-emulator"] },
      "`allowHosts`"
    ],
    [
      "http to another port than the allowed one",
      { baseUrl: "http://polar-emulator:8788", allowHosts: ["polar-emulator:8787"] },
      "`allowHosts`"
    ],
    [
      "http to a host that only a pattern names",
      { baseUrl: "http://polar", allowHosts: ["*", "po*", ""] },
      "`allowHosts`"
    ],
    ["a host without a scheme", { baseUrl: "api.polar.sh" }, "baseUrl is not a URL"],
    ["white space", { baseUrl: "https://api.polar.sh " }, "baseUrl contains white space"],
    ["another protocol", { baseUrl: "ftp://api.polar.sh" }, "baseUrl is neither https nor http"],
    ["a password", { baseUrl: "https://u:p@api.polar.sh" }, "baseUrl contains a user name or a password"],
    ["a query", { baseUrl: "https://api.polar.sh?x=y" }, "baseUrl has a query or a fragment"],
    ["an empty query", { baseUrl: "https://api.polar.sh/?" }, "baseUrl has a query or a fragment"],
    ["an empty fragment", { baseUrl: "https://api.polar.sh/#" }, "baseUrl has a query or a fragment"]
  ] as const)("%s", ([_, options, problem]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(build(options))
      assert.include(error.message, problem)
      assert.notInclude(inspect(error, { depth: 9 }), secret)
    })
  )

  it.effect("accepts http to a loopback address", () =>
    Effect.forEach(["http://localhost:1", "http://127.0.0.1", "http://127.9.9.9:80", "http://[::1]:8080"], (baseUrl) =>
      build({ baseUrl })
    )
  )

  it.effect.each([
    ["http://polar-emulator", ["polar-emulator"]],
    ["http://polar-emulator:8787/", ["other", "Polar-Emulator"]],
    ["http://polar-emulator:8787", ["polar-emulator:8787"]],
    ["http://polar.localhost:1", ["polar.localhost"]],
    ["http://172.18.0.2:8787", ["172.18.0.2"]],
    ["http://[fd00::2]:8787", ["[fd00::2]"]]
  ] as const)("accepts http to %s if that host is allowed by name", ([baseUrl, allowHosts]) =>
    build({ baseUrl, allowHosts })
  )

  it.effect("does not keep for one layer which hosts another allows", () =>
    Effect.gen(function* () {
      const make = (allowHosts: ReadonlyArray<string>) =>
        PortalSeats.make({ token, baseUrl: "http://polar-emulator", allowHosts })
      yield* make(["polar-emulator"])
      assert.strictEqual((yield* Effect.flip(make([])))._tag, "InvalidOption")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.effect("layerConfig reads the configuration, and its error names only the variable", () =>
    Effect.gen(function* () {
      const { requests } = answering(json(200, documentedSeat))
      const layer = (env: Record<string, string>) =>
        PortalSeats.layerConfig({
          token: PolarConnection.configToken("POLAR_CUSTOMER_SESSION"),
          baseUrl: Config.String("POLAR_API_URL").pipe(Config.withDefault("https://sandbox-api.polar.sh"))
        }).pipe(
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))),
          Layer.provide(
            Layer.succeed(
              HttpClient.HttpClient,
              HttpClient.make((request) => {
                requests.push(request)
                return Effect.succeed(HttpClientResponse.fromWeb(request, json(200, documentedSeat)()))
              })
            )
          )
        )
      yield* Effect.provide(resend, layer({ POLAR_CUSTOMER_SESSION: secret }))
      assert.strictEqual(requests[0]?.headers["authorization"], `Bearer ${secret}`)
      for (const env of [{}, { POLAR_CUSTOMER_SESSION: "" }, { POLAR_CUSTOMER_SESSION: `${secret}\n` }]) {
        const error = yield* Effect.flip(Effect.provide(resend, layer(env)))
        assert.strictEqual(error._tag, "ConfigError")
        assert.include(error.message, "POLAR_CUSTOMER_SESSION")
        assert.notInclude(inspect(error, { depth: 9 }), secret)
      }
    })
  )
})
