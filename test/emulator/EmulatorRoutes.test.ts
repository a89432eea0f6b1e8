import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect } from "effect"
import {
  ben,
  buyer,
  holder,
  manager,
  ofGlobex,
  ofOldOrganization,
  seats,
  single,
  subscription,
  tokens,
  unknown
} from "../laws/world.ts"
import { ask, control, inWorld } from "./emulatorHttp.ts"

const portal = "/v1/customer-portal/seats"
const merchant = "/v1/customer-seats"

const issues = (...detail: ReadonlyArray<object>) => JSON.stringify({ error: "RequestValidationError", detail })
const valueError = (loc: ReadonlyArray<string>, message: string, input: unknown) => ({
  type: "value_error",
  loc,
  msg: `Value error, ${message}`,
  input,
  ctx: { error: {} }
})
const unauthorized = '{"error":"Unauthorized","detail":"Unauthorized"}'

const field = (body: string) => JSON.parse(body) as Record<string, unknown>

describe("the body of an assignment is refused with", () => {
  const good = { subscription_id: subscription, email: "zoe@acme.com" }
  const refuses = (name: string, body: object, message: string, path: ReadonlyArray<string> = ["body"], at = portal) =>
    [name, at, body, issues(valueError(path, message, path.length === 1 ? body : Object.values(body).at(-1)))] as const

  const portalRule = "Exactly one of subscription_id, order_id, or checkout_id must be provided"
  const anyone =
    "At least one of email, external_customer_id, customer_id, external_member_id, or member_id must be provided"
  it.effect.each([
    refuses("two sources", { ...good, order_id: unknown }, portalRule),
    refuses("no source", { email: "zoe@acme.com" }, portalRule),
    refuses(
      "no source for an organization",
      { email: "zoe@acme.com" },
      "Exactly one of subscription_id or order_id must be provided",
      ["body"],
      merchant
    ),
    refuses("no recipient", { subscription_id: subscription }, anyone),
    refuses(
      "a customer and a member",
      { subscription_id: subscription, customer_id: buyer, member_id: ben },
      "Cannot combine external_customer_id/customer_id with external_member_id/member_id"
    ),
    refuses(
      "two member ids",
      { subscription_id: subscription, external_member_id: "x", member_id: ben },
      "Cannot provide both external_member_id and member_id"
    ),
    refuses(
      "an address and a customer",
      { ...good, customer_id: holder },
      "Exactly one of email, external_customer_id, or customer_id must be provided"
    ),
    refuses("an address and a member", { ...good, member_id: manager }, "Cannot combine member_id with email"),
    refuses(
      "11 keys of metadata",
      { ...good, metadata: Object.fromEntries(Array.from({ length: 11 }, (_, key) => [key, key])) },
      "Metadata cannot have more than 10 keys",
      ["body", "metadata"]
    ),
    refuses(
      "1025 characters of metadata, counted in escapes",
      { ...good, metadata: { k: `${"ü".repeat(169)}abcd` } },
      "Metadata size cannot exceed 1KB",
      ["body", "metadata"]
    )
  ])("%s", ([_, path, body, expected]) =>
    inWorld(
      Effect.gen(function* () {
        const token = path === portal ? tokens.customer : tokens.organization
        const answer = yield* ask("POST", path, { token, body })
        assert.deepEqual([answer.status, answer.body], [422, expected])
        assert.deepEqual((yield* control("GET", "outbox")).body, [])
      })
    )
  )

  it.effect.each([
    ["an id that is not a UUID", { ...good, member_id: "x" }, "uuid_parsing", ["body", "member_id"]],
    ["an id of another type", { subscription_id: 7, email: "a@b.cd" }, "uuid_type", ["body", "subscription_id"]],
    ["an address without an @", { ...good, email: "zoe" }, "value_error", ["body", "email"]],
    ["an address with a NUL in it", { ...good, email: "zoe\0@acme.com" }, "value_error", ["body", "email"]],
    ["a NUL in metadata", { ...good, metadata: { a: ["\0"] } }, "value_error", ["body", "metadata"]],
    ["metadata that is a list", { ...good, metadata: [] }, "dict_type", ["body", "metadata"]],
    ["metadata that is a large number", { ...good, metadata: 1e308 }, "dict_type", ["body", "metadata"]],
    [
      "a flag that is not a boolean",
      { ...good, immediate_claim: "perhaps" },
      "bool_parsing",
      ["body", "immediate_claim"]
    ],
    [
      "an external id that is a number",
      { subscription_id: subscription, external_member_id: 3 },
      "string_type",
      ["body", "external_member_id"]
    ]
  ] as const)("%s", ([_, body, type, loc]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("POST", portal, { token: tokens.customer, body })
        assert.strictEqual(answer.status, 422)
        const [issue] = field(answer.body)["detail"] as ReadonlyArray<{ type: string; loc: unknown }>
        assert.deepEqual([issue?.type, issue?.loc], [type, [...loc]])
      })
    )
  )

  it.effect("no issue for an id of version 7, unknown keys or a flag in words", () =>
    inWorld(
      Effect.gen(function* () {
        const v7 = { subscription_id: "0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88", email: "zoe@acme.com" }
        assert.strictEqual((yield* ask("POST", portal, { token: tokens.customer, body: v7 })).status, 404)
        const body = { ...good, order_id: null, desk: 7, immediate_claim: "yes" }
        const answer = yield* ask("POST", portal, { token: tokens.customer, body })
        assert.strictEqual(field(answer.body)["status"], "claimed")
      })
    )
  )
})

describe("a body that cannot be read", () => {
  const invalidJson = (position: number, error: string) =>
    issues({ type: "json_invalid", loc: ["body", position], msg: "JSON decode error", input: {}, ctx: { error } })

  const outOfRange = "Out of range float values are not JSON compliant"
  const tooDeep = "maximum recursion depth exceeded while decoding a JSON document"
  const nested = (levels: number) => `{"metadata": {"a": ${"[".repeat(levels)}${"]".repeat(levels)}}}`

  it.effect.each([
    ["{bad", 1, "Expecting property name enclosed in double quotes"],
    ['{"a" 1}', 5, "Expecting ':' delimiter"],
    ['{"a": 1 "b": 2}', 8, "Expecting ',' delimiter"],
    ['{"a": }', 6, "Expecting value"],
    ['{"a": 1,}', 8, "Expecting property name enclosed in double quotes"],
    ['{"a": "b', 6, "Unterminated string starting at"],
    ["{} x", 3, "Extra data"],
    ['{"metadata": {"a": Infinity}}', 19, "Expecting value"],
    ['{"metadata": {"a": -1e999}}', 19, outOfRange],
    ['{"a": [1e999]}', 7, outOfRange],
    ["", 0, ""]
  ] as const)("%j is answered with 422 before the check of the token", ([text, position, error]) =>
    inWorld(
      Effect.gen(function* () {
        for (const token of [tokens.customer, tokens.member, tokens.organization, undefined]) {
          const answer = yield* ask("POST", portal, { token, text })
          if (text === "") {
            // A missing body is an issue of the fields, which Polar checks after the token
            assert.strictEqual(answer.status, token === tokens.customer ? 422 : token === tokens.member ? 403 : 401)
          } else assert.deepEqual([answer.status, answer.body], [422, invalidJson(position, error)])
        }
      })
    )
  )

  it.effect("a body that nests deeper than Python reads is answered with 422", () =>
    inWorld(
      Effect.forEach(
        [
          ["[".repeat(200_000), 1000],
          [nested(200_000), 1017],
          [nested(20_000), 1017]
        ] as const,
        ([text, position]) =>
          Effect.map(ask("POST", portal, { token: tokens.customer, text }), ({ body, status }) =>
            assert.deepEqual([status, body], [422, invalidJson(position, tooDeep)])
          )
      )
    )
  )

  it.effect("a body of another type is not an object, and an empty body is missing", () =>
    inWorld(
      Effect.gen(function* () {
        const text = JSON.stringify({ subscription_id: subscription, email: "zoe@acme.com" })
        const answer = yield* ask("POST", portal, { token: tokens.customer, text, contentType: "text/plain" })
        assert.strictEqual(
          answer.body,
          issues({
            type: "model_attributes_type",
            loc: ["body"],
            msg: "Input should be a valid dictionary or object to extract fields from",
            input: text
          })
        )
        const none = yield* ask("POST", portal, { token: tokens.customer })
        assert.strictEqual(none.body, issues({ type: "missing", loc: ["body"], msg: "Field required", input: null }))
        assert.strictEqual((yield* ask("POST", portal, { text, contentType: "text/plain" })).body, unauthorized)
      })
    )
  )

  it.effect("resend ignores its body", () =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("POST", `${portal}/${seats.live}/resend`, { token: tokens.customer, text: "{bad" })
        assert.strictEqual(answer.status, 200)
      })
    )
  )
})

describe("a claim", () => {
  const claim = (invitation_token: unknown) => ask("POST", `${merchant}/claim`, { body: { invitation_token } })
  const info = (token: string) => ask("GET", `${merchant}/claim/${token}`)
  const invalid = '{"error":"InvalidInvitationToken","detail":"Invalid or expired invitation token"}'
  const notFound = '{"error":"ResourceNotFound","detail":"Invalid or expired invitation token"}'

  it.effect("shows its product and organization, and can be claimed once", () =>
    inWorld(
      Effect.gen(function* () {
        assert.deepEqual(field((yield* info("live")).body), {
          product_name: "Acme Pro",
          product_id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
          organization_name: "Acme",
          organization_slug: "acme",
          customer_email: "ann@acme.com",
          can_claim: true
        })
        const answer = yield* claim("live")
        const { customer_session_token, seat } = JSON.parse(answer.body) as {
          seat: Record<string, unknown>
          customer_session_token: string
        }
        assert.deepInclude(seat, {
          status: "claimed",
          claimed_at: "2026-11-23T12:00:00Z",
          invitation_token_expires_at: "2026-11-24T06:00:00.123456Z"
        })
        // The seat has only an address and no member
        assert.match(customer_session_token, /^polar_cst_[0-9A-Za-z]{43}$/)
        const list = yield* ask("GET", `${portal}?subscription_id=${subscription}`, { token: customer_session_token })
        assert.strictEqual(list.status, 200)
        for (const again of [yield* claim("live"), yield* claim("nothing")]) {
          assert.deepEqual([again.status, again.body], [400, invalid])
        }
        assert.deepEqual((yield* info("live")).body, notFound)
      })
    )
  )

  it.effect("returns a member session if the seat has a member", () =>
    inWorld(
      Effect.gen(function* () {
        assert.match(String(field((yield* claim("member")).body)["customer_session_token"]), /^polar_mst_/)
      })
    )
  )

  it.effect.each([
    ["expired", "expired"],
    ["withoutProduct", "product"]
  ] as const)("is refused for the seat %s", ([_, token]) =>
    inWorld(
      Effect.gen(function* () {
        assert.deepEqual([(yield* info(token)).status, (yield* claim(token)).status], [404, 400])
      })
    )
  )

  it.effect("works until the invitation expires, and not after", () =>
    inWorld(
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* emulator.advance("18 hours")
        assert.strictEqual((yield* info("live")).status, 200)
        yield* emulator.advance("1 second")
        assert.deepEqual([(yield* info("live")).status, (yield* claim("live")).status], [404, 400])
      })
    )
  )

  it.effect("is refused after the seat is revoked", () =>
    inWorld(
      Effect.gen(function* () {
        yield* ask("DELETE", `${portal}/${seats.live}`, { token: tokens.customer })
        assert.deepEqual([(yield* info("live")).status, (yield* claim("live")).status], [404, 400])
      })
    )
  )

  it.effect("is refused after the member is deleted, because that revokes the seat", () =>
    inWorld(
      Effect.gen(function* () {
        // The world's seat of Ben has no address of its own, and an assigned one has the member's
        const assigned = yield* ask("POST", portal, {
          token: tokens.customer,
          body: { subscription_id: single, email: "zoe@acme.com" }
        })
        const { member_id } = field(assigned.body)
        const { body } = yield* control("GET", "outbox")
        const [{ token }] = body as [{ token: string }]
        assert.strictEqual((yield* info(token)).status, 200)
        for (const id of [member_id, ben]) {
          assert.strictEqual((yield* control("POST", "delete-member", { member_id: id })).status, 200)
        }
        for (const link of [token, "member"]) {
          assert.strictEqual((yield* info(link)).status, 404)
          const answer = yield* claim(link)
          const refusal = { error: "InvalidInvitationToken", detail: "Invalid or expired invitation token" }
          assert.deepEqual([answer.status, field(answer.body)], [400, refusal])
        }
      })
    )
  )

  it.effect("gives a customer session without the member model, even where member_id is set", () =>
    inWorld(
      Effect.gen(function* () {
        const assigned = yield* ask("POST", portal, {
          token: tokens.oldCustomer,
          body: { subscription_id: ofOldOrganization, email: "new@old.com" }
        })
        const { customer_id, member_id } = field(assigned.body)
        assert.isString(member_id)
        const { body } = yield* control("GET", "outbox")
        const [{ token }] = body as [{ token: string }]
        const claimed = field((yield* claim(token)).body)
        assert.match(String(claimed["customer_session_token"]), /^polar_cst_/)
        assert.deepInclude(claimed["seat"], { status: "claimed", customer_id, member_id })
      })
    )
  )

  it.effect("requires an invitation token that is a string", () =>
    inWorld(
      Effect.gen(function* () {
        const none = yield* ask("POST", `${merchant}/claim`, { body: { token: "live" } })
        assert.strictEqual(
          none.body,
          issues({
            type: "missing",
            loc: ["body", "invitation_token"],
            msg: "Field required",
            input: { token: "live" }
          })
        )
        assert.strictEqual((yield* claim(7)).status, 422)
      })
    )
  )

  it.effect("needs no bearer token, but refuses a bad one", () =>
    inWorld(
      Effect.gen(function* () {
        assert.strictEqual((yield* ask("GET", `${merchant}/claim/live`, { token: tokens.unknown })).status, 401)
        assert.strictEqual((yield* ask("GET", `${merchant}/claim/live`, { token: tokens.customer })).status, 200)
      })
    )
  )
})

describe("sessions", () => {
  const create = (body: object, token: string = tokens.sessions) =>
    ask("POST", "/v1/customer-sessions/", { token, body })

  it.effect("belong to a member if the organization uses members, and last one hour", () =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* create({ customer_id: buyer })
        assert.strictEqual(answer.status, 201)
        const session = field(answer.body)
        assert.match(String(session["token"]), /^polar_mst_[0-9A-Za-z]{43}$/)
        assert.deepInclude(session, {
          created_at: "2026-11-23T12:00:00Z",
          expires_at: "2026-11-23T13:00:00Z",
          customer_id: buyer,
          return_url: null
        })
        const list = () => ask("GET", `${portal}?subscription_id=${subscription}`, { token: String(session["token"]) })
        assert.strictEqual((yield* list()).status, 200)
        yield* (yield* Emulator.Emulator).advance("1 hour")
        assert.strictEqual((yield* list()).status, 401)
      })
    )
  )

  it.effect("belong to the named member, with the role of that member", () =>
    inWorld(
      Effect.gen(function* () {
        const token = String(field((yield* create({ customer_id: buyer, external_member_id: "ben-1" })).body)["token"])
        assert.strictEqual((yield* ask("POST", `${portal}/${seats.live}/resend`, { token })).status, 403)
      })
    )
  )

  it.effect.each([
    {},
    { customer_id: 7 },
    { customer_id: "lena" },
    { customer_id: "0190b5e0-1234-7000-8000-000000000000" }
  ])("belong to the customer if there are no members, with %j in the body", (beside) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* create({ external_customer_id: "lena-1", ...beside }, tokens.oldSessions)
        assert.match(String(field(answer.body)["token"]), /^polar_cst_/)
      })
    )
  )

  it.effect.each([
    ["are refused for an unknown customer", { customer_id: unknown }, 422, "PolarRequestValidationError"],
    [
      "are refused for a customer of another organization",
      { external_customer_id: "lena-1" },
      422,
      "PolarRequestValidationError"
    ],
    [
      "are refused for an unknown member",
      { customer_id: buyer, member_id: unknown },
      422,
      "PolarRequestValidationError"
    ],
    ["are refused for nobody", {}, 422, "CustomerSessionCustomerExternalIDCreate"]
  ] as const)("%s", ([_, body, status, part]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* create(body)
        assert.strictEqual(answer.status, status)
        assert.include(answer.body, part)
      })
    )
  )

  it.effect("require a token with the scope", () =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* create({ customer_id: buyer }, tokens.organization)
        assert.strictEqual(
          answer.body,
          '{"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token."}'
        )
        assert.strictEqual(
          answer.headers["www-authenticate"],
          'Bearer realm="polar", scope="customer_sessions:write", error="insufficient_scope", error_description="The request requires higher privileges than provided by the access token."'
        )
        assert.strictEqual((yield* create({ customer_id: buyer }, tokens.customer)).body, unauthorized)
      })
    )
  )
})

describe("a repeated parameter", () => {
  it.effect.each([
    [`?subscription_id=x&subscription_id=${subscription}`, 200],
    [`?subscription_id=${subscription}&subscription_id=x`, 422],
    [`?order_id=x&subscription_id=${subscription}&order_id=${unknown}`, 200]
  ] as const)("counts with its last value in %s", ([query, status]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("GET", `${portal}${query}`, { token: tokens.customer })
        assert.strictEqual(answer.status, status)
        if (status === 422) assert.include(answer.body, '"type":"uuid_parsing","loc":["query","subscription_id"]')
        const [recorded] = (yield* control("GET", "requests")).body as ReadonlyArray<{ path: string }>
        assert.strictEqual(recorded?.path, `${portal}${query}`)
      })
    )
  )
})

describe("a body at the depth limit", () => {
  it.effect("is answered, and repeated in the answer", () =>
    inWorld(
      Effect.gen(function* () {
        const deep = `{"email": ${"[".repeat(999)}${"]".repeat(999)}}`
        const answer = yield* ask("POST", portal, { token: tokens.customer, text: deep })
        assert.strictEqual(answer.status, 422)
        assert.include(answer.body, '"type":"string_type","loc":["body","email"]')
      })
    )
  )
})

describe("the pages of claimed subscriptions", () => {
  const page = (query: string) => ask("GET", `${portal}/subscriptions${query}`, { token: tokens.member })
  it.effect.each([
    ["?page=0", 422, "greater_than"],
    ["?limit=0", 422, "greater_than"],
    ["?page=x", 422, "int_parsing"],
    ["?page=1e2", 422, "int_parsing"],
    ["?page=0x1", 422, "int_parsing"],
    ["?page=1.5", 422, "int_parsing"],
    ["?page=1__0", 422, "int_parsing"],
    ["?page=", 422, "int_parsing"],
    ["?page=-99999999999999999999", 422, "greater_than"],
    ["?page=99999999999999999999", 200, '{"items":[],"pagination":{"total_count":1,"max_page":1}}'],
    [`?page=1${"0".repeat(400)}&limit=1${"0".repeat(400)}`, 200, '{"items":[],"pagination"'],
    ["?page=%2B0_1.00%20&limit=007", 200, '{"items":[{'],
    ["?page=1&page=2", 200, '{"items":[],"pagination"'],
    ["?page=x&page=1", 200, '{"items":[{'],
    ["?page=1&page=x", 422, '"input":"x"'],
    ["?limit=1000", 200, '"pagination":{"total_count":1,"max_page":1}'],
    ["?page=2&limit=1", 200, '{"items":[],"pagination":{"total_count":1,"max_page":1}}']
  ] as const)("%s", ([query, status, part]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* page(query)
        assert.strictEqual(answer.status, status)
        assert.include(answer.body, part)
      })
    )
  )

  it.effect("have at most 100 rows", () =>
    inWorld(
      Effect.gen(function* () {
        const subscriptions = Array.from(
          { length: 150 },
          (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`
        )
        yield* (yield* Emulator.Emulator).seed({
          organizations: [{ slug: "acme" }],
          products: [{ id: unknown, organization: "acme" }],
          customers: [{ id: buyer, organization: "acme", email: "billing@acme.com" }],
          subscriptions: subscriptions.map((id) => ({ id, product: unknown, customer: buyer })),
          seats: subscriptions.map((subscriptionId) => ({ subscriptionId, status: "claimed", customerId: buyer })),
          tokens: [{ token: tokens.customer, customer: buyer }]
        })
        const answer = yield* ask("GET", `${portal}/subscriptions?limit=1000`, { token: tokens.customer })
        const { items, pagination } = JSON.parse(answer.body) as { items: Array<unknown>; pagination: object }
        assert.strictEqual(items.length, 100)
        assert.deepEqual(pagination, { total_count: 150, max_page: 2 })
      })
    )
  )
})

describe("access", () => {
  it.effect.each([
    ["the portal", tokens.organization, `${portal}?subscription_id=${subscription}`, 401],
    ["the portal", tokens.user, `${portal}?subscription_id=${subscription}`, 401],
    ["the portal", tokens.registration, `${portal}?subscription_id=${subscription}`, 401],
    ["the organization", tokens.customer, `${merchant}?subscription_id=${subscription}`, 401],
    ["the organization", tokens.member, `${merchant}?subscription_id=${subscription}`, 401],
    ["the organization", undefined, `${merchant}?subscription_id=${subscription}`, 401],
    ["the organization", tokens.organizationWriter, `${merchant}?subscription_id=${subscription}`, 403],
    ["the organization", tokens.organization, `${merchant}?subscription_id=${ofGlobex}`, 404],
    ["the organization", tokens.organization, `${merchant}?subscription_id=${single}`, 200]
  ] as const)("to %s API with %s", ([_, token, path, status]) =>
    inWorld(Effect.map(ask("GET", path, { token }), (answer) => assert.strictEqual(answer.status, status)))
  )
})

describe("the contract", () => {
  it.effect("is served as an OpenAPI document", () =>
    inWorld(
      Effect.gen(function* () {
        const { body, status } = yield* ask("GET", "/openapi.json")
        assert.strictEqual(status, 200)
        const { openapi, paths } = JSON.parse(body) as { openapi: string; paths: Record<string, object> }
        assert.match(openapi, /^3\.1/)
        assert.containsAllKeys(paths, [
          portal,
          merchant,
          `${merchant}/claim/{invitation_token}`,
          "/v1/customer-sessions/"
        ])
      })
    )
  )
})
