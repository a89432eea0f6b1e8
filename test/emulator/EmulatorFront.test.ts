import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect, Layer, Schedule, Stream } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, type HttpMethod, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import { connect } from "node:net"
import { seats, subscription, tokens, unknown, world } from "../laws/world.ts"
import { control, inWorld } from "./emulatorHttp.ts"

interface Sent {
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: HttpBody.HttpBody
}

const send = Effect.fnUntraced(function* (method: string, path: string, { body, headers = {}, token }: Sent = {}) {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.make(method as HttpMethod.HttpMethod)(`http://polar.test${path}`, {
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body })
  })
  const response = yield* client.execute(request)
  return {
    status: response.status,
    body: yield* response.text,
    headers: response.headers as Record<string, string | undefined>
  }
})

const resend = (id: string) => `/v1/customer-portal/seats/${id}/resend`
const portal = "/v1/customer-portal/seats"
const list = `${portal}?subscription_id=${subscription}`
const asCustomer = { token: tokens.customer }

const notFound = '{"detail":"Not Found"}'
const notAllowed = '{"detail":"Method Not Allowed"}'
const lengthRequired = '{"error":"LengthRequired","detail":"A Content-Length header is required."}'
const tooLarge =
  '{"error":"RequestBodyTooLarge","detail":"Request body exceeded the maximum allowed size of 10485760 bytes."}'

const settings = (patch: unknown) =>
  Effect.map(control("POST", "settings", patch), ({ status }) => assert.strictEqual(status, 200))
const advance = (seconds: number) => control("POST", "clock", { advance_seconds: seconds })
const statuses = (times: number, ...request: Parameters<typeof send>) =>
  Effect.map(Effect.replicateEffect(send(...request), times), (answers) => answers.map(({ status }) => status))

const origin = "https://app.test"
const preflight = (headers: string, method = "POST") =>
  send("OPTIONS", resend(seats.live), {
    headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers }
  })

const pair = ({ headers, status }: { status: number; headers: Record<string, string | undefined> }) => [
  status,
  headers["retry-after"]
]

/** Sends these bytes to a server, and returns its answer. */
const raw = (url: URL, bytes: string) =>
  Effect.callback<string>((resume) => {
    let text = ""
    const socket = connect(Number(url.port), url.hostname)
    socket.on("data", (chunk) => (text += String(chunk)))
    socket.on("close", () => resume(Effect.succeed(text)))
    socket.on("error", () => undefined)
    socket.write(bytes)
  })
const head = (...lines: ReadonlyArray<string>) =>
  ["POST /v1/nothing HTTP/1.1", "Host: polar.test", "Connection: close", ...lines, "", ""].join("\r\n")

const fetchResend = (url: URL, signal?: AbortSignal) =>
  Effect.tryPromise(() =>
    fetch(new URL(resend(seats.live), url), {
      method: "POST",
      headers: { authorization: `Bearer ${tokens.customer}` },
      ...(signal === undefined ? {} : { signal })
    })
  )
const mails = (url: URL) =>
  Effect.promise(async () => (await (await fetch(new URL("/_emulator/outbox", url))).json()) as Array<unknown>)
const log = (emulator: Emulator.Emulator["Service"]) =>
  Effect.map(emulator.requests, (requests) => requests.map(({ status }) => status))

describe("versions", () => {
  it.effect.each([
    [undefined, "2026-10"],
    ["", "2026-10"],
    ["2026-04", "2026-04"],
    ["2026-10", "2026-10"],
    ["2027-01", "2027-01"]
  ] as const)("%s is answered with %s", ([asked, resolved]) =>
    inWorld(
      Effect.gen(function* () {
        const headers = asked === undefined ? {} : { "polar-version": asked }
        const answer = yield* send("GET", list, { ...asCustomer, headers })
        assert.deepEqual([answer.status, answer.headers["polar-version"]], [200, resolved])
      })
    )
  )

  it.effect.each(["2026-4", "2026-04-01", "latest", "2026-07", "2027-04"])("%s does not exist", (version) =>
    inWorld(
      Effect.gen(function* () {
        const headers = { "polar-version": version, origin: "https://app.test" }
        const answer = yield* send("POST", "/v1/nothing", { token: tokens.unknown, headers })
        assert.deepEqual([answer.status, answer.body], [404, notFound])
        assert.hasAllKeys(answer.headers, ["content-type", "content-length", "date"])
      })
    )
  )
})

describe("the length of a request", () => {
  const stream = HttpBody.stream(Stream.make(new TextEncoder().encode("{}")), "application/json")
  const unmeasured = { ...asCustomer, body: stream }
  it.effect.each(["POST", "PUT", "PATCH"])("is required for %s, before the check of the token", (method) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* send(method, "/v1/nothing", { ...unmeasured, token: tokens.unknown })
        assert.deepEqual([answer.status, answer.body], [411, lengthRequired])
        assert.strictEqual(answer.headers["polar-version"], "2026-10")
        assert.isUndefined(answer.headers["cache-control"])
        yield* settings({ require_content_length: false })
        assert.strictEqual((yield* send(method, "/v1/nothing", unmeasured)).status, 404)
      })
    )
  )
  it.effect("is not required for other methods", () =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* send("DELETE", `${portal}/${unknown}`, unmeasured)).status, 404)
        assert.strictEqual((yield* send("GET", list, asCustomer)).status, 200)
      })
    )
  )
  it.effect.each([
    ["10485760", 401],
    ["10485761", 413]
  ] as const)("has a limit: %s bytes are answered with %s", ([length, status]) =>
    inWorld(
      Effect.gen(function* () {
        const headers = { "content-length": length }
        const answer = yield* send("POST", resend(seats.live), { token: tokens.unknown, headers })
        assert.strictEqual(answer.status, status)
        if (status !== 413) return
        assert.strictEqual(answer.body, tooLarge)
        assert.isUndefined(answer.headers["cache-control"])
      })
    )
  )
})

describe("routes", () => {
  const location = "http://polar.test/v1"
  it.effect.each([
    ["GET", `${portal}/`, `${location}/customer-portal/seats`],
    ["GET", `${portal}//?order_id=x&y=%20`, `${location}/customer-portal/seats?order_id=x&y=%20`],
    ["PATCH", `${portal}/`, `${location}/customer-portal/seats`],
    ["POST", `${resend("{x}")}/`, `${location}/customer-portal/seats/%7Bx%7D/resend`],
    ["POST", "/v1/customer-sessions", `${location}/customer-sessions/`],
    ["GET", "/api/v1/customer-seats/", `${location}/customer-seats`]
  ] as const)("%s %s redirects to %s", ([method, path, location]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* send(method, path, asCustomer)
        assert.deepEqual([answer.status, answer.body, answer.headers["location"]], [307, "", location])
        assert.isUndefined(answer.headers["content-type"])
      })
    )
  )

  it.effect.each([
    ["GET", `${portal}/${seats.live}`, "DELETE"],
    ["GET", resend(seats.live), "POST"],
    ["HEAD", portal, "GET, POST"],
    ["OPTIONS", portal, "GET, POST"],
    ["PUT", "/v1/customer-seats", "POST, GET"],
    ["DELETE", "/v1/customer-seats/claim/live/stream", "GET"],
    ["GET", "/v1/customer-sessions/", "POST"]
  ] as const)("%s %s is not allowed", ([method, path, allow]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* send(method, path, asCustomer)
        assert.deepEqual([answer.status, answer.headers["allow"]], [405, allow])
        assert.strictEqual(answer.body, notAllowed)
        assert.strictEqual(answer.headers["cache-control"], "private, no-store")
      })
    )
  )

  it.effect.each([
    ["POST", resend("")],
    ["POST", resend(`${seats.live}%2F`)],
    ["POST", `/v1/customer-portal/seats/a%2Fb/resend`],
    ["POST", resend(seats.live).replace("seats", "Seats")],
    ["GET", "/"],
    ["GET", "/v2/customer-seats"]
  ] as const)("%s %s does not exist", ([method, path]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* send(method, path, asCustomer)
        assert.deepEqual([answer.status, answer.body], [404, notFound])
        assert.strictEqual(answer.headers["polar-version"], "2026-10")
      })
    )
  )

  it.effect("a needless escape is read as Polar reads it", () =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* send("POST", resend(seats.live).replace("s", "%73"), asCustomer)).status, 200)
        // A long token is an unknown token, not an unknown route
        const answer = yield* send("GET", `/v1/customer-seats/claim/${"x".repeat(500)}`)
        assert.include(answer.body, "Invalid or expired invitation token")
      })
    )
  )
})

describe("headers", () => {
  const own = ["cache-control", "polar-version", "x-polar-sandbox", "x-polar-deprecation-notice"] as const
  const notice = "The API root has moved from /api/v1 to /v1. Please update your integration."
  it.effect.each([
    ["a routed request", "GET", list, tokens.customer, "private, no-store", "2026-10", "1"],
    ["a refused request", "GET", portal, undefined, "private, no-store", "2026-10", "1"],
    ["an unknown path", "GET", "/v1/nothing", tokens.customer, "private, no-store", "2026-10", "1"],
    ["a bad token", "GET", list, tokens.unknown, "no-store", "2026-10", undefined],
    ["a failed request", "POST", resend(seats.withoutProduct), tokens.customer, undefined, undefined, undefined]
  ] as const)("of %s", ([_, method, path, token, ...expected]) =>
    inWorld(
      Effect.gen(function* () {
        yield* settings({ sandbox: true })
        const answer = yield* send(method, path, token === undefined ? {} : { token })
        assert.deepEqual(
          own.map((name) => answer.headers[name]),
          [...expected, undefined]
        )
        const old = yield* send(method, `/api${path}`, token === undefined ? {} : { token })
        assert.deepEqual(
          [old.status, old.body, ...own.map((name) => old.headers[name])],
          [answer.status, answer.body, ...expected, answer.status === 500 ? undefined : notice]
        )
      })
    )
  )

  it.effect("a failure is plain text without Polar's headers", () =>
    inWorld(
      Effect.gen(function* () {
        const headers = { origin: "https://app.test" }
        const answer = yield* send("POST", resend(seats.withoutProduct), { ...asCustomer, headers })
        assert.deepEqual([answer.status, answer.body], [500, "Internal Server Error"])
        assert.deepEqual(answer.headers, {
          "content-type": "text/plain; charset=utf-8",
          "content-length": "21",
          date: "Mon, 23 Nov 2026 12:00:00 GMT"
        } as never)
      })
    )
  )
})

describe("CORS", () => {
  it.effect.each([list, portal, "/v1/nothing"])("any origin may read %s", (path) =>
    inWorld(
      Effect.gen(function* () {
        const { headers } = yield* send("GET", path, { ...asCustomer, headers: { origin } })
        assert.strictEqual(headers["access-control-allow-origin"], "*")
        assert.strictEqual(headers["access-control-expose-headers"], "Polar-Version")
        assert.isUndefined(headers["access-control-allow-credentials"])
        const sameOrigin = yield* send("GET", path, asCustomer)
        assert.isUndefined(sameOrigin.headers["access-control-allow-origin"])
      })
    )
  )

  it.effect.each(["authorization", "Authorization, Polar-Version,content-type", "accept-language"])(
    "a preflight may ask for %s",
    (wanted) =>
      inWorld(
        Effect.gen(function* () {
          const { body, headers, status } = yield* preflight(wanted)
          assert.deepEqual([status, body], [200, "OK"])
          assert.strictEqual(headers["access-control-allow-origin"], "*")
          assert.strictEqual(
            headers["access-control-allow-headers"],
            "Accept, Accept-Language, Authorization, Content-Language, Content-Type, Polar-Version"
          )
          assert.include(headers["access-control-allow-methods"], "DELETE")
          assert.strictEqual(headers["polar-version"], "2026-10")
        })
      )
  )

  it.effect("a preflight may not ask for any other header", () =>
    inWorld(
      Effect.gen(function* () {
        const { body, status } = yield* preflight("authorization, idempotency-key")
        assert.deepEqual([status, body], [400, "Disallowed CORS headers"])
      })
    )
  )
})

describe("rate limits", () => {
  it.effect("are off by default", () =>
    inWorld(
      Effect.gen(function* () {
        assert.deepEqual(new Set(yield* statuses(200, "GET", list, asCustomer)), new Set([200]))
      })
    )
  )

  it.effect(
    "allow a customer 100 requests a minute in the sandbox, after one that counts for the token, and Retry-After is the whole window",
    () =>
      inWorld(
        Effect.gen(function* () {
          yield* settings({ rate_limits: "sandbox" })
          assert.deepEqual(new Set(yield* statuses(101, "GET", list, asCustomer)), new Set([200]))
          yield* TestClock.adjust("59 seconds")
          const answer = yield* send("POST", resend(seats.live), asCustomer)
          assert.deepEqual([...pair(answer), answer.body], [429, "60", ""])
          for (const name of ["content-type", "cache-control"]) assert.isUndefined(answer.headers[name])
          assert.strictEqual(answer.headers["polar-version"], "2026-10")
          // The limit does not apply to another identity, or to the same one in the next window
          assert.strictEqual((yield* send("GET", list, { token: tokens.owner })).status, 200)
          yield* advance(1)
          assert.strictEqual((yield* send("GET", list, asCustomer)).status, 200)
        })
      )
  )

  it.effect.each([
    ["sandbox", tokens.unknown, list, 401, 60, "60"],
    ["production", tokens.unknown, list, 401, 60, "60"],
    ["production", tokens.customer, list, 200, 501, "60"],
    ["sandbox", undefined, portal, 401, 100, "60"],
    ["production", undefined, "/v1/customer-seats/claim/nothing", 404, 500, "60"],
    ["sandbox", tokens.organization, "/v1/nothing", 404, 101, "60"]
  ] as const)("answer in %s, with %s at %s, %s %s times, then 429", ([rules, token, path, status, times, after]) =>
    inWorld(
      Effect.gen(function* () {
        yield* settings({ rate_limits: rules })
        const as = token === undefined ? {} : { token }
        assert.deepEqual(new Set(yield* statuses(times, "GET", path, as)), new Set([status]))
        assert.deepEqual(pair(yield* send("GET", path, as)), [429, after])
      })
    )
  )

  it.effect.each([
    ["restricted", "sandbox", 10, "60"],
    ["restricted", "production", 60, "60"],
    ["elevated", "sandbox", 50, "1"],
    ["elevated", "production", 100, "1"]
  ] as const)("apply to a %s organization in %s", ([group, rules, times, after]) =>
    inWorld(
      Effect.gen(function* () {
        const token = "polar_oat_group"
        yield* control("POST", "seed", {
          organizations: [{ slug: "acme", rate_limit_group: group }],
          tokens: [{ token, organization: "acme", scopes: [] }]
        })
        yield* settings({ rate_limits: rules })
        assert.deepEqual(new Set(yield* statuses(times + 1, "GET", "/v1/nothing", { token })), new Set([404]))
        assert.deepEqual(pair(yield* send("GET", "/v1/nothing", { token })), [429, after])
        yield* advance(Number(after))
        assert.strictEqual((yield* send("GET", "/v1/nothing", { token })).status, 404)
      })
    )
  )

  it.effect("forget the holder of a token after five minutes without a request", () =>
    inWorld(
      Effect.gen(function* () {
        yield* settings({ rate_limits: "sandbox" })
        assert.deepEqual(new Set(yield* statuses(101, "GET", list, asCustomer)), new Set([200]))
        yield* advance(299)
        assert.deepEqual(yield* statuses(101, "GET", list, asCustomer), [...Array<number>(100).fill(200), 429])
        yield* advance(300)
        assert.deepEqual(new Set(yield* statuses(101, "GET", list, asCustomer)), new Set([200]))
      })
    )
  )

  it.effect("are separate for the stream, which blocks every request for five minutes", () =>
    inWorld(
      Effect.gen(function* () {
        yield* settings({ rate_limits: "sandbox" })
        const stream = "/v1/customer-seats/claim/nothing/stream"
        assert.deepEqual(new Set(yield* statuses(10, "GET", stream)), new Set([404]))
        assert.strictEqual((yield* send("GET", portal)).status, 401)
        assert.deepEqual(pair(yield* send("GET", stream)), [429, "300"])
        yield* advance(100)
        assert.deepEqual(pair(yield* send("GET", portal)), [429, "200"])
        assert.strictEqual((yield* send("GET", list, asCustomer)).status, 200)
        yield* advance(200)
        assert.strictEqual((yield* send("GET", stream)).status, 404)
      })
    )
  )

  it.effect("open a new window if the clock is set back", () =>
    inWorld(
      Effect.gen(function* () {
        yield* settings({ rate_limits: "sandbox" })
        yield* statuses(101, "GET", portal)
        yield* advance(-10)
        assert.strictEqual((yield* send("GET", portal)).status, 401)
      })
    )
  )
})

describe("on a socket", () => {
  const onSocket = Emulator.layerServer(world).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 }))
  )
  const inLife = <A, E>(
    name: string,
    test: (url: URL, emulator: Emulator.Emulator["Service"]) => Effect.Effect<A, E>
  ) =>
    it.live(name, () =>
      Effect.gen(function* () {
        const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
        return yield* test(new URL(url), yield* Emulator.Emulator)
      }).pipe(Effect.provide(onSocket))
    )
  inLife("a request without a Content-Length is refused, with a chunked body or with none", (url) =>
    Effect.gen(function* () {
      for (const request of [head(), `${head("Transfer-Encoding: chunked")}2\r\n{}\r\n0\r\n\r\n`]) {
        const answer = yield* raw(url, request)
        assert.match(answer, /^HTTP\/1.1 411 /)
        assert.include(answer, lengthRequired)
      }
    })
  )

  inLife("a body that is too long is refused before it arrives", (url) =>
    Effect.gen(function* () {
      const answer = yield* raw(url, head("Content-Length: 10485761"))
      assert.match(answer, /^HTTP\/1.1 413 /)
      assert.include(answer, tooLarge)
    })
  )

  inLife("a redirect is absolute, and a 429 has no content type", (url, emulator) =>
    Effect.gen(function* () {
      const redirected = yield* raw(url, head("Content-Length: 0").replace("/v1/nothing", `${portal}/?x=1`))
      assert.include(redirected, "location: http://polar.test/v1/customer-portal/seats?x=1\r\n")
      yield* emulator.settings({ rateLimits: "sandbox" })
      const request = head("Content-Length: 0", "Authorization: Bearer nobody")
      const answers = yield* Effect.replicateEffect(raw(url, request), 61)
      assert.match(answers[60] ?? "", /^HTTP\/1.1 429 /)
      assert.notMatch(answers[60] ?? "", /content-type/i)
    })
  )

  inLife("a connection is cut before or after the work is done", (url, emulator) =>
    Effect.gen(function* () {
      yield* emulator.faults([
        { drop: "before", times: 1 },
        { drop: "after", times: 1 }
      ])
      yield* Effect.flip(fetchResend(url))
      assert.strictEqual((yield* mails(url)).length, 0)
      yield* Effect.flip(fetchResend(url))
      assert.strictEqual((yield* mails(url)).length, 1)
      assert.strictEqual((yield* fetchResend(url)).status, 200)
      assert.deepEqual(yield* log(emulator), [0, 0, 200])
      // The client gets not one byte of an answer
      yield* emulator.faults([{ drop: "after" }])
      assert.strictEqual(yield* raw(url, head("Content-Length: 0")), "")
    })
  )

  inLife("a delayed request proceeds after the client has gone", (url, emulator) =>
    Effect.gen(function* () {
      const until = { schedule: Schedule.spaced("10 millis") }
      yield* emulator.faults([{ delay: "400 millis" }])
      yield* Effect.flip(fetchResend(url, AbortSignal.timeout(80)))
      assert.strictEqual((yield* mails(url)).length, 0)
      yield* Effect.repeat(mails(url), { ...until, until: (sent) => sent.length === 1 })
      assert.deepEqual(yield* log(emulator), [200])
      assert.strictEqual((yield* fetchResend(url)).status, 200)
      // The body also survives the client
      const claim = fetch(new URL("/v1/customer-seats/claim", url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        // This test runs on the real clock, where the other invitations expire one day
        body: JSON.stringify({ invitation_token: "unlimited" }),
        signal: AbortSignal.timeout(80)
      })
      yield* Effect.flip(Effect.tryPromise(() => claim))
      const announced = yield* Effect.repeat(emulator.webhooks, { ...until, until: (types) => types.length > 0 })
      assert.deepEqual(
        announced.map(({ type }) => type),
        ["customer_seat.claimed"]
      )
    })
  )
})
