import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { DateTime, Effect } from "effect"
import { TestClock } from "effect/testing"
import { ask, control, inWorld } from "./emulatorHttp.ts"
import { ben, buyer, seats, start, strangersSubscription, subscription, tokens, unknown } from "../laws/world.ts"

const resend = (id: string) => `/v1/customer-portal/seats/${id}/resend`
const refused = (error: string, detail: string) => JSON.stringify({ error, detail })
const invalidToken =
  '{"error": "invalid_token", "error_description": "The access token provided is expired, revoked, malformed, or invalid for other reasons."}'

describe("resend, in the order of Polar's checks, refuses", () => {
  const bad = "not-a-uuid"
  const rows: ReadonlyArray<[string, string | undefined, string, number, string]> = [
    ["a bad token, even on an unknown route", tokens.unknown, "/v1/nothing", 401, invalidToken],
    ["an expired token", tokens.expired, resend(seats.live), 401, invalidToken],
    ["an unknown route", tokens.customer, "/v1/nothing", 404, '{"detail":"Not Found"}'],
    ["a missing token", undefined, resend(bad), 401, refused("Unauthorized", "Unauthorized")],
    ["another scheme", "Basic abc", resend(seats.live), 401, refused("Unauthorized", "Unauthorized")],
    ["an empty token", "Bearer ", resend(seats.live), 401, refused("Unauthorized", "Unauthorized")],
    ["an organization token", tokens.organization, resend(bad), 401, refused("Unauthorized", "Unauthorized")],
    ["a registration token", tokens.registration, resend(bad), 401, refused("Unauthorized", "Unauthorized")],
    [
      "a plain member, before it checks the id",
      tokens.member,
      resend(bad),
      403,
      refused("NotPermitted", "Only owners and billing managers can access billing features.")
    ],
    [
      "an id that is not a UUID",
      tokens.customer,
      resend(bad),
      422,
      JSON.stringify({
        error: "RequestValidationError",
        detail: [
          {
            type: "uuid_parsing",
            loc: ["path", "seat_id"],
            msg: "Input should be a valid UUID, invalid character: found `n` at 1",
            input: bad,
            ctx: { error: "invalid character: found `n` at 1" }
          }
        ]
      })
    ],
    ...[
      "0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88",
      "00000000-0000-0000-0000-000000000000",
      "9f1c2b3a-4d5e-4f60-ca7b-0c1d2e3f4a5b"
    ].map((id): [string, string, string, number, string] => [
      `an id that is not of version 4: ${id}`,
      tokens.customer,
      resend(id),
      422,
      JSON.stringify({
        error: "RequestValidationError",
        detail: [
          {
            type: "uuid_version",
            loc: ["path", "seat_id"],
            msg: "UUID version 4 expected",
            input: id,
            ctx: { expected_version: 4 }
          }
        ]
      })
    ]),
    ["an unknown seat", tokens.customer, resend(unknown), 404, refused("ResourceNotFound", "Seat not found")],
    [
      "another customer's seat",
      tokens.customer,
      resend(seats.strangers),
      404,
      refused("ResourceNotFound", "Seat not found")
    ],
    ["an order without a product", tokens.customer, resend(seats.withoutProduct), 500, "Internal Server Error"],
    [
      "a claimed seat",
      tokens.customer,
      resend(seats.claimed),
      400,
      refused("SeatNotPending", "Seat is not in pending status")
    ],
    [
      "a revoked seat",
      tokens.customer,
      resend(seats.revoked),
      400,
      refused("SeatNotPending", "Seat is not in pending status")
    ],
    ...[seats.withoutToken, seats.withoutRecipient].map((id): [string, string, string, number, string] => [
      `a seat without a token or a recipient: ${id}`,
      tokens.customer,
      resend(id),
      400,
      refused("InvalidInvitationToken", "Invalid or expired invitation token")
    ])
  ]

  it.effect.each(rows)("%s", ([_, token, path, status, body]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("POST", path, { token })
        assert.deepEqual([answer.status, answer.body], [status, body])
        assert.deepEqual((yield* control("GET", "outbox")).body, [])
      })
    )
  )

  it.effect("returns the unchanged seat, and the mail is in the outbox at once", () =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("POST", resend(seats.live), { token: tokens.customer })
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.headers["content-type"], "application/json")
        assert.strictEqual(
          answer.body,
          `{"created_at":"2026-11-22T06:00:00Z","modified_at":null,"id":"${seats.live}","subscription_id":"${subscription}","order_id":null,` +
            `"status":"pending","customer_id":"992fae2a-2a17-4b7a-8d9e-e287cf90131b","member_id":null,"member":null,"email":"ann@acme.com",` +
            `"customer_email":"ann@acme.com","invitation_token_expires_at":"2026-11-24T06:00:00.123456Z","claimed_at":null,"revoked_at":null,"seat_metadata":{}}`
        )
        assert.deepEqual((yield* control("GET", "outbox")).body, [
          {
            to: "ann@acme.com",
            subject: "You've been invited to access Acme Pro",
            seat_id: seats.live,
            token: "live",
            claim_url: "https://polar.sh/acme/portal/claim?token=live",
            sent_at: start
          }
        ])
      })
    )
  )

  it.effect.each([
    seats.live.toUpperCase(),
    seats.live.replaceAll("-", ""),
    `%7B${seats.live}%7D`,
    `urn:uuid:${seats.live}`
  ])("finds the seat by the spelling %s", (id) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("POST", resend(id), { token: tokens.customer })
        assert.strictEqual(answer.status, 200)
        assert.include(answer.body, `"id":"${seats.live}"`)
      })
    )
  )

  it.effect("describes a refused session in the headers", () =>
    inWorld(
      Effect.gen(function* () {
        const wrong = yield* ask("POST", resend(seats.live))
        assert.strictEqual(wrong.headers["www-authenticate"], 'Bearer realm="polar"')
        const bad = yield* ask("POST", resend(seats.live), { token: tokens.unknown })
        assert.strictEqual(
          bad.headers["www-authenticate"],
          'Bearer realm="polar", error="invalid_token", error_description="The access token provided is expired, revoked, malformed, or invalid for other reasons."'
        )
        assert.strictEqual(bad.headers["cache-control"], "no-store")
        assert.strictEqual(bad.headers["pragma"], "no-cache")
        assert.strictEqual(bad.headers["content-type"], "application/json")
      })
    )
  )
})

describe("list of a customer", () => {
  const path = (query: string) => `/v1/customer-portal/seats${query}`
  it.effect.each([
    ["without a source is refused", "", 400, "BadRequest"],
    ["with an empty id is refused", "?subscription_id=", 422, "RequestValidationError"],
    ["with an id that is not a UUID is refused", "?order_id=x", 422, "RequestValidationError"],
    ["with an unknown subscription is refused", `?subscription_id=${unknown}`, 404, "Subscription not found"],
    ["with an unknown order is refused", `?order_id=${unknown}`, 404, "Order not found"],
    [
      "with another customer's subscription is refused",
      `?subscription_id=${strangersSubscription}`,
      404,
      "Subscription not found"
    ],
    [
      "with both sources takes the subscription",
      `?order_id=${unknown}&subscription_id=${subscription}`,
      200,
      '"available_seats":2,"total_seats":10}'
    ]
  ] as const)("%s", ([_, query, status, part]) =>
    inWorld(
      Effect.gen(function* () {
        const answer = yield* ask("GET", path(query), { token: tokens.customer })
        assert.strictEqual(answer.status, status)
        assert.include(answer.body, part)
      })
    )
  )
})

describe("the control API", () => {
  it.effect("answers the health check", () =>
    inWorld(Effect.map(control("GET", "health"), ({ status }) => assert.strictEqual(status, 200)))
  )

  it.effect("records every request except its own, and as whom it was made", () =>
    inWorld(
      Effect.gen(function* () {
        yield* ask("POST", resend(seats.live), { token: tokens.customer })
        yield* ask("GET", "/v1/customer-portal/seats?order_id=x", { token: tokens.member })
        yield* ask("DELETE", `/v1/customer-seats/${unknown}`, { token: tokens.organization })
        yield* ask("POST", resend(seats.live), { token: tokens.expired })
        assert.deepEqual((yield* control("GET", "requests")).body, [
          { method: "POST", path: resend(seats.live), status: 200, at: start, subject: `customer:${buyer}` },
          {
            method: "GET",
            path: "/v1/customer-portal/seats?order_id=x",
            status: 422,
            at: start,
            subject: `member:${ben}`
          },
          {
            method: "DELETE",
            path: `/v1/customer-seats/${unknown}`,
            status: 404,
            at: start,
            subject: "organization:acme"
          },
          { method: "POST", path: resend(seats.live), status: 401, at: start, subject: null }
        ])
        yield* control("DELETE", "requests")
        assert.deepEqual((yield* control("GET", "requests")).body, [])
        yield* control("DELETE", "outbox")
        assert.deepEqual((yield* control("GET", "outbox")).body, [])
      })
    )
  )

  it.effect("moves the clock, which keeps ticking from there", () =>
    inWorld(
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        const now = Effect.map(emulator.now, DateTime.formatIso)
        yield* control("POST", "clock", { advance_seconds: 90_000 })
        assert.strictEqual(yield* now, "2026-11-24T13:00:00.000Z")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* now, "2026-11-24T13:01:00.000Z")
        yield* control("POST", "clock", { now: "2026-01-01T00:00:00Z" })
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* now, "2026-01-01T00:00:01.000Z")
        assert.strictEqual((yield* control("POST", "clock", { now: "yesterday" })).status, 422)
        assert.strictEqual((yield* control("POST", "clock", {})).status, 422)
        assert.strictEqual(yield* now, "2026-01-01T00:00:01.000Z")
      })
    )
  )

  it.effect("expires sessions by its clock", () =>
    inWorld(
      Effect.gen(function* () {
        yield* control("POST", "clock", { advance_seconds: -3600 })
        assert.strictEqual((yield* ask("POST", resend(seats.live), { token: tokens.expired })).status, 200)
      })
    )
  )

  it.effect("replaces everything with a seed", () =>
    inWorld(
      Effect.gen(function* () {
        yield* ask("POST", resend(seats.live), { token: tokens.customer })
        yield* control("POST", "clock", { advance_seconds: 90_000 })
        const seed = {
          organizations: [{ slug: "new" }],
          customers: [{ id: unknown, organization: "new", email: "new@example.com" }],
          orders: [{ id: unknown, customer: unknown, seats: 3 }],
          tokens: [{ token: "polar_cst_new", customer: unknown }]
        }
        assert.strictEqual((yield* control("POST", "seed", seed)).status, 200)
        assert.deepEqual((yield* control("GET", "outbox")).body, [])
        assert.deepEqual((yield* control("GET", "requests")).body, [])
        assert.strictEqual(DateTime.formatIso(yield* (yield* Emulator.Emulator).now), "2026-11-23T12:00:00.000Z")
        assert.strictEqual((yield* ask("POST", resend(seats.live), { token: tokens.customer })).status, 401)
        const list = yield* ask("GET", `/v1/customer-portal/seats?order_id=${unknown}`, { token: "polar_cst_new" })
        assert.strictEqual(list.body, '{"seats":[],"available_seats":3,"total_seats":3}')
      })
    )
  )

  it.effect("keeps its state if a seed is invalid, and reports every issue in snake_case", () =>
    inWorld(
      Effect.gen(function* () {
        yield* ask("POST", resend(seats.live), { token: tokens.customer })
        const bad = { seats: [{ status: "lost", subscription_id: unknown, claimed_at: "x" }], tokens: [{ token: 3 }] }
        const { body, status } = yield* control("POST", "seed", bad)
        assert.strictEqual(status, 422)
        const paths = (body as { issues: Array<{ path: Array<string | number> }> }).issues.map(({ path }) => path)
        assert.deepEqual(paths, [
          ["seats", 0, "status"],
          ["seats", 0, "claimed_at"],
          ["tokens", 0, "token"],
          ["seats", 0, "subscription_id"]
        ])
        assert.strictEqual(((yield* control("GET", "outbox")).body as Array<unknown>).length, 1)
        assert.strictEqual((yield* ask("POST", resend(seats.live), { token: tokens.customer })).status, 200)
      })
    )
  )
})
