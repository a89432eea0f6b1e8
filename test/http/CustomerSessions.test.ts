import { assert, describe, it } from "@effect/vitest"
import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import {
  CustomerSession,
  CustomerSessionJson,
  CustomerSessions,
  layer,
  layerConfig,
  type Options,
  type SessionRequest
} from "@polar-seats/http/CustomerSessions"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import { ConfigProvider, DateTime, Effect, Fiber, Layer, Redacted, Result, Schema } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"

const secret = "polar_oat_keep_me_to_yourself"
const session = "polar_mst_keep_me_too"
const id = CustomerId.make("992fae2a-2a17-4b7a-8d9e-e287cf90131b")
const memberId = MemberId.make("0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10")

/** A session as the contract documents it, with the keys that we do not read. */
const documented = {
  created_at: "2026-08-22T10:00:00.123456Z",
  modified_at: null,
  id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  token: session,
  expires_at: "2026-08-22T11:00:00.123456Z",
  return_url: "https://example.com/account",
  customer_portal_url: `https://polar.sh/acme/portal?customer_session_token=${session}`,
  customer_id: id,
  customer: { id, email: "buyer@acme.com", type: "individual", metadata: {} }
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Effect.sync(
    () => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } })
  )

/** A Polar that always answers this, and the requests that it received. */
const answering = (
  answer: Effect.Effect<Response, HttpClientError.HttpClientError>,
  options: Partial<Options> = {}
) => {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) => {
    requests.push(request)
    return Effect.map(answer, (response) => HttpClientResponse.fromWeb(request, response))
  })
  const http = Layer.succeed(HttpClient.HttpClient, client)
  return { layer: layer({ token: Redacted.make(secret), ...options }).pipe(Layer.provide(http)), http, requests }
}

const create = (request: SessionRequest = { customer: { id } }) =>
  Effect.flatMap(CustomerSessions, (sessions) => sessions.create(request))

/** Runs an effect to its end on the test clock, however long it waits. */
const settled = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(effect).pipe(
    Effect.tap(() => TestClock.adjust("10 minutes")),
    Effect.flatMap(Fiber.join)
  )

const bodyOf = (request: HttpClientRequest.HttpClientRequest | undefined): unknown =>
  request?.body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(request.body.body)) : undefined

describe("the request", () => {
  it.effect("has the path that Polar does not redirect, the token and the version", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(201, documented))
      yield* Effect.provide(create(), layer)
      assert.strictEqual(requests[0]?.method, "POST")
      assert.strictEqual(requests[0]?.url, "https://api.polar.sh/v1/customer-sessions/")
      assert.deepInclude(requests[0]?.headers, {
        authorization: `Bearer ${secret}`,
        "polar-version": "2026-10",
        "content-type": "application/json",
        accept: "application/json"
      })
      assert.notProperty(requests[0]?.headers, "polar-organization")
    })
  )

  it.effect.each<[string, SessionRequest, object]>([
    ["a customer", { customer: { id } }, { customer_id: id }],
    ["a customer by our own id", { customer: { externalId: "usr_1" } }, { external_customer_id: "usr_1" }],
    ["a member", { customer: { id }, member: { id: memberId } }, { customer_id: id, member_id: memberId }],
    [
      "a member by our own id, with a return URL",
      { customer: { externalId: "usr_1" }, member: { externalId: "usr_2" }, returnUrl: "https://example.com/account" },
      { external_customer_id: "usr_1", external_member_id: "usr_2", return_url: "https://example.com/account" }
    ]
  ])("for %s", ([_, request, body]) =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(201, documented))
      yield* Effect.provide(create(request), layer)
      assert.deepStrictEqual(bodyOf(requests[0]), body)
    })
  )

  it.effect("names the organization if the option is given", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(json(201, documented), { organization: "acme", environment: "sandbox" })
      yield* Effect.provide(create(), layer)
      assert.isTrue(requests[0]?.url.startsWith("https://sandbox-api.polar.sh/"))
      assert.strictEqual(requests[0]?.headers["polar-organization"], "acme")
    })
  )

  it("does not compile with two customers, or with none", () => {
    const refused: ReadonlyArray<SessionRequest> = [
      // @ts-expect-error
      { customer: { id, externalId: "usr_1" } },
      // @ts-expect-error
      { customer: {} },
      // @ts-expect-error
      { customer: { id }, member: { id: memberId, externalId: "usr_2" } },
      // @ts-expect-error
      { customer: { id: memberId } }
    ]
    assert.strictEqual(refused.length, 4)
  })
})

describe("the session", () => {
  it.effect("decodes from the documented answer, and shows no secret", () =>
    Effect.gen(function* () {
      const made = yield* Effect.provide(create(), answering(json(201, documented)).layer)
      assert.instanceOf(made, CustomerSession)
      assert.strictEqual(made.customerId, id)
      assert.strictEqual(made.id, documented.id)
      assert.strictEqual(Redacted.value(made.token), session)
      assert.strictEqual(Redacted.value(made.customerPortalUrl), documented.customer_portal_url)
      assert.strictEqual(DateTime.formatIso(made.createdAt), "2026-08-22T10:00:00.123Z")
      assert.strictEqual(DateTime.formatIso(made.expiresAt), "2026-08-22T11:00:00.123Z")
      for (const shown of [inspect(made, { depth: 9 }), JSON.stringify(made), String(made)]) {
        assert.notInclude(shown, session)
      }
    })
  )

  it.prop("round-trips through its JSON", [Schema.Struct({ ...CustomerSession.fields, token: Plain() })], ([some]) => {
    const made = new CustomerSession({ ...some, token: Redacted.make(some.token) })
    const written = JSON.stringify(Schema.encodeSync(CustomerSessionJson)(made))
    const read = Schema.decodeUnknownSync(CustomerSessionJson)(JSON.parse(written))
    assert.strictEqual(Redacted.value(read.token), some.token)
    assert.strictEqual(JSON.stringify(Schema.encodeSync(CustomerSessionJson)(read)), written)
  })

  it.each(["created_at", "id", "token", "expires_at", "customer_portal_url", "customer_id"])(
    "does not decode without %s",
    (key) => {
      const { [key as "id"]: _, ...rest } = documented
      assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(CustomerSessionJson)(rest)))
    }
  )
})

// Generates only tokens that can be sent, instead of filtering random text
function Plain() {
  return Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/))
}

describe("each answer has its own error", () => {
  const issue = { type: "value_error", loc: ["body", "customer_id"], msg: "Customer does not exist." }
  const unavailable = (reason: object) => ({ operation: "CustomerSessions.create", reason })
  const unexpected = (status: number) => unavailable({ _tag: "UnexpectedResponse", status })
  const cut = (cause: unknown) =>
    Effect.suspend(() =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request: HttpClientRequest.post("https://api.polar.sh"), cause })
        })
      )
    )

  it.effect.each<[string, Effect.Effect<Response, HttpClientError.HttpClientError>, string, object]>([
    [
      "a session instead of an organization token",
      json(401, { error: "Unauthorized", detail: "Unauthorized" }),
      "Unauthorized",
      { reason: "WrongToken", wants: "OrganizationToken" }
    ],
    [
      "a bad token",
      json(401, { error: "invalid_token", error_description: "" }),
      "Unauthorized",
      { reason: "InvalidToken", wants: "OrganizationToken" }
    ],
    [
      "a missing scope",
      json(403, { error: "insufficient_scope", error_description: "" }),
      "Forbidden",
      { reason: "Scope" }
    ],
    [
      "an unknown customer",
      json(422, { error: "PolarRequestValidationError", detail: [{ ...issue, input: "…" }] }),
      "InvalidRequest",
      { issues: [{ type: issue.type, path: issue.loc, message: issue.msg }] }
    ],
    [
      "an external id of customers of several organizations",
      json(409, { error: "AmbiguousExternalCustomerID", detail: "Several customers share it." }),
      "AmbiguousCustomer",
      { externalId: "usr_1" }
    ],
    [
      "an organization that the token does not reach",
      json(403, { error: "RequestedOrganizationNotAccessible", detail: "" }),
      "Forbidden",
      { reason: "Organization" }
    ],
    [
      "a malformed organization",
      json(400, { error: "InvalidRequestedOrganization", detail: "It must be an id." }),
      "InvalidRequest",
      { issues: [{ type: "InvalidRequestedOrganization", path: [], message: "It must be an id." }] }
    ],
    [
      "an organization without seats, from a server that people run themselves",
      json(403, { error: "FeatureNotEnabled", detail: "" }),
      "Forbidden",
      { reason: "SeatsNotEnabled" }
    ],
    ["too many requests", Effect.sync(() => new Response(null, { status: 429 })), "RateLimited", { retryAfter: null }],
    [
      "Polar's own failure",
      Effect.sync(() => new Response("Internal Server Error", { status: 500 })),
      "Unavailable",
      unavailable({ _tag: "ServerFailed", status: 500 })
    ],
    ["a redirect", Effect.sync(() => new Response(null, { status: 307 })), "Unavailable", unexpected(307)],
    ["an undocumented success status", json(200, documented), "Unavailable", unexpected(200)],
    ["HTML", Effect.sync(() => new Response("<html>", { status: 201 })), "Unavailable", unexpected(201)],
    ["a token that cannot be one", json(201, { ...documented, token: `${session}\n` }), "Unavailable", unexpected(201)],
    ["a refused connection", cut({ code: "ECONNREFUSED" }), "Unavailable", unavailable({ _tag: "NotSent" })],
    ["a broken connection", cut({ code: "ECONNRESET" }), "Unavailable", unavailable({ _tag: "OutcomeUnknown" })]
  ])("%s", ([_, answer, tag, fields]) =>
    Effect.gen(function* () {
      const { layer } = answering(answer)
      const request = { customer: { externalId: "usr_1" } }
      const error = yield* settled(Effect.flip(create(request)).pipe(Effect.provide(layer)))
      assert.strictEqual(error._tag, tag)
      assert.containSubset(JSON.parse(JSON.stringify(error)), fields)
      if (error._tag === "Unavailable") assert.isFalse(error.mayHaveHappened, "one more session does no harm")
      for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error), error.message]) {
        assert.notInclude(shown, secret)
        assert.notInclude(shown, session)
      }
    })
  )

  it.effect("a 409 to a request with Polar's own id is none that Polar documents", () =>
    Effect.gen(function* () {
      const { layer } = answering(json(409, { error: "AmbiguousExternalCustomerID", detail: "" }))
      const error = yield* settled(Effect.flip(create()).pipe(Effect.provide(layer)))
      assert.containSubset(JSON.parse(JSON.stringify(error)), { _tag: "Unavailable", ...unexpected(409) })
    })
  )

  it.effect("no answer within the time limit", () =>
    Effect.gen(function* () {
      const { layer } = answering(Effect.never, { totalTimeout: "5 seconds" })
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.flip(create()), layer))
      yield* TestClock.adjust("5 seconds")
      assert.containSubset(yield* Fiber.join(fiber), { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
    })
  )
})

describe("the options", () => {
  it.effect("reject a token that cannot be sent", () =>
    Effect.gen(function* () {
      const { layer } = answering(json(201, documented), { token: Redacted.make(`${secret}\n`) })
      const error = yield* Effect.flip(Effect.provide(create(), layer))
      assert.strictEqual(error._tag, "InvalidOption")
      assert.notInclude(inspect(error, { depth: 9 }), secret)
    })
  )

  it.effect("can come from the configuration", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(json(201, documented))
      const configured = (env: Record<string, string>) =>
        layerConfig({ token: PolarConnection.configToken("POLAR_ACCESS_TOKEN") }).pipe(
          Layer.provide([http, ConfigProvider.layer(ConfigProvider.fromUnknown(env))])
        )
      yield* Effect.provide(create(), configured({ POLAR_ACCESS_TOKEN: secret }))
      assert.strictEqual(requests[0]?.headers["authorization"], `Bearer ${secret}`)
      const error = yield* Effect.flip(Effect.provide(create(), configured({})))
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, "POLAR_ACCESS_TOKEN")
    })
  )
})
