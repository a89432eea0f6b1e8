import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, MemberId, SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import { type CustomerOptions, layerForCustomer, layerForCustomerConfig } from "@polar-seats/http/PortalSeats"
import {
  Config,
  ConfigProvider,
  Context,
  DateTime,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Redacted,
  Result,
  Stream
} from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { buyer, subscription, tokens } from "../laws/world.ts"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import { documentedSeat } from "./polarFixtures.ts"
import { inWorld } from "../emulator/emulatorHttp.ts"

const secret = "polar_oat_keep_me_to_yourself"
const customer = { id: CustomerId.make("992fae2a-2a17-4b7a-8d9e-e287cf90131b") }
const member = { id: MemberId.make("0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10") }
const seatId = SeatId.make(documentedSeat.id)
const subscriptionId = SubscriptionId.make(documentedSeat.subscription_id)
const source = SeatSource.Subscription({ id: subscriptionId })

type Request = HttpClientRequest.HttpClientRequest

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })
const invalidToken = () => json(401, { error: "invalid_token", error_description: "" })

const subscriptionJson = (page: number) => ({
  id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  created_at: "2023-11-07T05:31:56Z",
  status: "active",
  customer_id: customer.id,
  product_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  product: { name: `page ${page}` },
  current_period_start: "2023-11-07T05:31:56Z",
  current_period_end: null,
  cancel_at_period_end: false,
  seats: 5
})

/**
 * A Polar with only sessions: it creates `session_1`, `session_2`, … for one hour each, and accepts them all. `mint` and `use`
 * run before its answers. They may wait, and may give another answer.
 */
const polar = (options: Partial<CustomerOptions> = {}) => {
  const state = {
    mints: 0,
    /** The session of each request to the portal. */
    uses: [] as Array<string>,
    requests: [] as Array<Request>,
    interrupted: 0,
    mint: (): Effect.Effect<Response | undefined> => Effect.undefined,
    use: (_session: string, _nth: number): Effect.Effect<Response | undefined> => Effect.undefined
  }
  const mint = Effect.gen(function* () {
    const name = `session_${++state.mints}`
    const answer = yield* state.mint()
    const now = yield* DateTime.now
    return (
      answer ??
      json(201, {
        created_at: DateTime.formatIso(now),
        modified_at: null,
        id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
        token: name,
        expires_at: DateTime.formatIso(DateTime.addDuration(now, "1 hour")),
        return_url: null,
        customer_portal_url: `https://polar.sh/acme/portal?customer_session_token=${name}`,
        customer_id: customer.id,
        customer: {}
      })
    )
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => state.interrupted++)))
  const use = Effect.fnUntraced(function* (request: Request) {
    const session = (request.headers["authorization"] ?? "").replace("Bearer ", "")
    const nth = state.uses.push(session)
    const answer = yield* state.use(session, nth)
    if (answer !== undefined) return answer
    if (request.url.endsWith("/subscriptions")) {
      const page = Number(Object.fromEntries(request.urlParams.params)["page"])
      return json(200, { items: [subscriptionJson(page)], pagination: { total_count: 3, max_page: 3 } })
    }
    return request.method === "GET"
      ? json(200, { seats: [documentedSeat], available_seats: 4, total_seats: 5 })
      : json(200, documentedSeat)
  })
  const client = HttpClient.make((request) => {
    state.requests.push(request)
    return Effect.map(request.url.endsWith("/v1/customer-sessions/") ? mint : use(request), (response) =>
      HttpClientResponse.fromWeb(request, response)
    )
  })
  const http = Layer.succeed(HttpClient.HttpClient, client)
  const layer = layerForCustomer({ token: Redacted.make(secret), customer, ...options }).pipe(
    Layer.provide(http),
    Layer.orDie
  )
  return { state, http, seats: Effect.map(Layer.build(layer), (context) => Context.get(context, Seats)) }
}

const refusing =
  (...bad: ReadonlyArray<string>) =>
  (session: string) =>
    Effect.succeed(bad.includes(session) ? invalidToken() : undefined)

/** Runs an effect to its end on the test clock, however long it waits. */
const settled = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(effect).pipe(
    Effect.tap(() => TestClock.adjust("10 minutes")),
    Effect.flatMap(Fiber.join)
  )

const bodyOf = (request: Request | undefined): unknown =>
  request?.body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(request.body.body)) : undefined

describe("a session", () => {
  it.effect("is created by the first call, for the customer of the options, and shared by every call", () =>
    Effect.gen(function* () {
      const { seats: building, state } = polar({ member, organization: "acme" })
      const seats = yield* building
      assert.strictEqual(state.requests.length, 0)
      yield* seats.list(source)
      const [mint, use] = state.requests
      assert.strictEqual(mint?.url, "https://api.polar.sh/v1/customer-sessions/")
      assert.deepInclude(mint?.headers, { authorization: `Bearer ${secret}`, "polar-organization": "acme" })
      assert.deepStrictEqual(bodyOf(mint), { customer_id: customer.id, member_id: member.id })
      assert.strictEqual(use?.url, "https://api.polar.sh/v1/customer-portal/seats")
      assert.notProperty(use?.headers, "polar-organization")
      yield* seats.resend(seatId)
      yield* seats.revoke(seatId)
      assert.strictEqual(state.mints, 1)
      assert.deepStrictEqual(state.uses, ["session_1", "session_1", "session_1"])
    })
  )

  it.effect("is replaced one minute before it expires, and not sooner", () =>
    Effect.gen(function* () {
      const { seats: building, state } = polar()
      const { list } = yield* building
      yield* list(source)
      yield* TestClock.adjust(Duration.subtract(Duration.minutes(59), Duration.millis(1)))
      yield* list(source)
      assert.strictEqual(state.mints, 1)
      yield* TestClock.adjust("1 millis")
      yield* list(source)
      assert.deepStrictEqual(state.uses, ["session_1", "session_1", "session_2"])
      yield* TestClock.adjust("3 days")
      yield* list(source)
      assert.strictEqual(state.mints, 3)
    })
  )

  it.effect("is replaced earlier if the option says so", () =>
    Effect.gen(function* () {
      const { seats: building, state } = polar({ renewBefore: "10 minutes" })
      const { list } = yield* building
      yield* list(source)
      yield* TestClock.adjust("50 minutes")
      yield* list(source)
      assert.strictEqual(state.mints, 2)
    })
  )

  it.effect("is awaited by each call for the `totalTimeout` of that call", () =>
    Effect.gen(function* () {
      const { seats: building, state } = polar()
      state.mint = () => Effect.as(Effect.sleep("300 millis"), undefined)
      const { list } = yield* building
      const hurried = RetryPolicy.provide({ totalTimeout: "50 millis", times: 0 })
      const first = yield* Effect.forkChild(Effect.flip(hurried(list(source))))
      yield* TestClock.adjust("10 millis")
      const second = yield* Effect.forkChild(list(source))
      yield* TestClock.adjust("40 millis")
      const error = yield* Fiber.join(first)
      assert.containSubset(error, { _tag: "Unavailable", operation: "CustomerSessions.create" })
      assert.include(String(error), "no answer came within 50ms")
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(second)
      assert.strictEqual(state.mints, 1)
    })
  )

  it.effect("serves one call if `renewBefore` is longer than its life", () =>
    Effect.gen(function* () {
      const { seats: building, state } = polar({ renewBefore: "2 hours" })
      const { list } = yield* building
      yield* list(source)
      yield* list(source)
      assert.deepStrictEqual(state.uses, ["session_1", "session_2"])
    })
  )
})

describe("a session that Polar refuses", () => {
  const assignment = {
    source: AssignmentSource.Subscription({ id: subscriptionId }),
    recipient: Recipient.Email({ email: documentedSeat.email })
  }
  const calls: ReadonlyArray<[string, (seats: Seats["Service"]) => Effect.Effect<unknown, { readonly _tag: string }>]> =
    [
      ["resend", (seats) => seats.resend(seatId)],
      ["list", (seats) => seats.list(source)],
      ["assign", (seats) => seats.assign(assignment)],
      ["revoke", (seats) => seats.revoke(seatId)],
      ["the first page of claimedSubscriptions", (seats) => Stream.runHead(seats.claimedSubscriptions)]
    ]

  it.effect.each(calls)("is replaced, and the call is sent again: %s", ([_, call]) =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.use = refusing("session_1")
      yield* call(yield* seats)
      assert.strictEqual(state.mints, 2)
      assert.deepStrictEqual(state.uses, ["session_1", "session_2"])
    })
  )

  it.effect.each(calls)("is replaced once, and a second refusal fails the call: %s", ([_, call]) =>
    Effect.gen(function* () {
      const { seats: building, state } = polar()
      state.use = () => Effect.sync(invalidToken)
      const seats = yield* building
      const error = yield* Effect.flip(call(seats))
      assert.containSubset(error, { _tag: "Unauthorized", reason: "InvalidToken", wants: "CustomerSession" })
      assert.strictEqual(state.mints, 2)
      assert.deepStrictEqual(state.uses, ["session_1", "session_2"])
      yield* Effect.flip(call(seats))
      assert.strictEqual(state.mints, 3, "the next call starts with the current session, and replaces it once")
    })
  )

  it.effect.each<[string, () => Response, string]>([
    ["the wrong kind of token", () => json(401, { error: "Unauthorized", detail: "" }), "Unauthorized"],
    ["a role without permission", () => json(403, { error: "NotPermitted", detail: "" }), "Forbidden"],
    ["an unknown seat", () => json(404, { error: "ResourceNotFound", detail: "" }), "NotFound"],
    ["a failure", () => new Response("", { status: 500 }), "Unavailable"]
  ])("is the only reason to send a call again, unlike %s", ([_, answer, tag]) =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.use = () => Effect.sync(answer)
      assert.strictEqual((yield* Effect.flip((yield* seats).resend(seatId)))._tag, tag)
      assert.strictEqual(state.mints, 1)
      assert.strictEqual(state.uses.length, 1, "a resend that may have mailed is not retried")
    })
  )
})

describe("calls at the same time", () => {
  const ten = Array.from({ length: 10 }, (_, at) => at)
  const all = <A, E>(call: Effect.Effect<A, E>) => Effect.forEach(ten, () => call, { concurrency: "unbounded" })

  it.effect("wait for one session together", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.as(Effect.sleep("1 second"), undefined)
      const { list } = yield* seats
      const fiber = yield* Effect.forkChild(all(list(source)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(state.mints, 1)
      assert.strictEqual(state.uses.length, 10)
    })
  )

  it.effect("share one replacement if all were refused", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.as(Effect.sleep("1 second"), undefined)
      state.use = (session) => Effect.delay(refusing("session_1")(session), "1 second")
      const { resend } = yield* seats
      const fiber = yield* Effect.forkChild(all(resend(seatId)))
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(state.mints, 2)
      assert.deepStrictEqual(state.uses, [...ten.map(() => "session_1"), ...ten.map(() => "session_2")])
    })
  )

  it.effect("share it even if they learn of the refusal one after the other", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.as(Effect.sleep("1500 millis"), undefined)
      state.use = (session, nth) => Effect.delay(refusing("session_1")(session), Duration.seconds(nth))
      const { resend } = yield* seats
      const fiber = yield* Effect.forkChild(all(resend(seatId)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(state.mints, 2)
      assert.strictEqual(state.uses.length, 20)
    })
  )

  it.effect("share a failure to create the first session or a replacement, and the next call tries again", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      const fails = () => Effect.as(Effect.sleep("1 second"), json(403, { error: "insufficient_scope" }))
      state.mint = fails
      state.use = (session) => Effect.delay(refusing("session_2")(session), "1 second")
      const { list } = yield* seats
      const attempt = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(all(Effect.flip(list(source))))
        yield* TestClock.adjust("3 seconds")
        for (const error of yield* Fiber.join(fiber)) assert.deepInclude(error, { _tag: "Forbidden", reason: "Scope" })
      })
      yield* attempt
      assert.strictEqual(state.mints, 1)
      assert.strictEqual(state.uses.length, 0)
      state.mint = () => (state.mints === 2 ? Effect.undefined : fails())
      yield* attempt
      assert.strictEqual(state.mints, 3)
      assert.strictEqual(state.uses.length, 10)
      state.mint = () => Effect.undefined
      const fiber = yield* Effect.forkChild(list(source))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(state.mints, 4)
    })
  )

  it.effect("keep the session if one of them is interrupted", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.as(Effect.sleep("10 seconds"), undefined)
      const { list } = yield* seats
      const [first, ...others] = yield* Effect.forEach(ten, () => Effect.forkChild(list(source)))
      yield* TestClock.adjust("5 seconds")
      if (first !== undefined) yield* Fiber.interrupt(first)
      assert.strictEqual(state.interrupted, 0)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.joinAll(others)
      assert.strictEqual(state.mints, 1)
      assert.strictEqual(state.uses.length, 9)
    })
  )

  it.effect("leave nothing behind if all are interrupted", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.never
      const { list } = yield* seats
      const fibers = yield* Effect.forEach(ten, () => Effect.forkChild(list(source)))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(state.interrupted, 1)
      state.mint = () => Effect.undefined
      yield* list(source)
      assert.deepStrictEqual(state.uses, ["session_2"])
    })
  )
})

describe("a call fails with the error of creating the session", () => {
  const operation = "CustomerSessions.create"
  const rows: ReadonlyArray<[string, () => Response, object]> = [
    [
      "for an invalid organization token",
      invalidToken,
      { _tag: "Unauthorized", reason: "InvalidToken", wants: "OrganizationToken" }
    ],
    [
      "for a token of another kind",
      () => json(401, { error: "Unauthorized", detail: "" }),
      { _tag: "Unauthorized", reason: "WrongToken", wants: "OrganizationToken" }
    ],
    ["for a missing scope", () => json(403, { error: "insufficient_scope" }), { _tag: "Forbidden", reason: "Scope" }],
    [
      "for an unknown customer",
      () =>
        json(422, {
          error: "PolarRequestValidationError",
          detail: [{ type: "value_error", loc: ["body", "customer_id"], msg: "Customer does not exist." }]
        }),
      { _tag: "InvalidRequest" }
    ],
    ["for a 429", () => new Response(null, { status: 429 }), { _tag: "RateLimited" }],
    [
      "Polar fails",
      () => new Response("", { status: 500 }),
      { _tag: "Unavailable", operation, reason: { _tag: "ServerFailed", status: 500 } }
    ],
    [
      "for an undocumented answer",
      () => new Response("<html>", { status: 201 }),
      { _tag: "Unavailable", operation, reason: { _tag: "UnexpectedResponse", status: 201 } }
    ]
  ]

  it.effect.each(rows)("%s", ([_, answer, fields]) =>
    Effect.gen(function* () {
      const { seats: building, state } = polar()
      state.mint = () => Effect.sync(answer)
      const seats = yield* building
      for (const call of [seats.resend(seatId), Stream.runDrain(seats.claimedSubscriptions)]) {
        const error = yield* settled(Effect.flip<unknown, { readonly message: string }, never>(call))
        assert.containSubset(error, fields)
        assert.notInclude(inspect(error, { depth: 9 }), secret)
        assert.notInclude(error.message, "mail")
      }
      assert.strictEqual(state.uses.length, 0)
    })
  )

  it.effect("if the session was a replacement, and does not send the call again", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.mint = () => Effect.sync(() => (state.mints === 1 ? undefined : invalidToken()))
      state.use = refusing("session_1")
      const error = yield* Effect.flip((yield* seats).resend(seatId))
      assert.deepInclude(error, { _tag: "Unauthorized", wants: "OrganizationToken" })
      assert.strictEqual(state.mints, 2)
      assert.strictEqual(state.uses.length, 1)
    })
  )

  it.effect("if no answer comes within the time limit", () =>
    Effect.gen(function* () {
      const { seats, state } = polar({ totalTimeout: "5 seconds" })
      state.mint = () => Effect.never
      const fiber = yield* Effect.forkChild(Effect.flip((yield* seats).resend(seatId)))
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(fiber)
      assert.containSubset(error, { _tag: "Unavailable", operation, reason: { _tag: "OutcomeUnknown" } })
      assert.include(error.message, "It is safe to retry.")
    })
  )
})

describe("the pages of claimedSubscriptions", () => {
  const names = (seats: Seats["Service"]) =>
    Effect.map(Stream.runCollect(seats.claimedSubscriptions), (found) => found.map(({ productName }) => productName))
  const everyPage = ["page 1", "page 2", "page 3"]

  it.effect.each([1, 2, 3])("request a refused page %d again, and repeat no item", (page) =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.use = (_, nth) => Effect.sync(() => (nth === page ? invalidToken() : undefined))
      assert.deepStrictEqual(yield* names(yield* seats), everyPage)
      assert.strictEqual(state.mints, 2)
      assert.strictEqual(state.uses.length, 4)
    })
  )

  it.effect("replace a session that ends between two pages", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      const { claimedSubscriptions } = yield* seats
      yield* Stream.runForEach(claimedSubscriptions, () => TestClock.adjust("30 minutes"))
      assert.deepStrictEqual(state.uses, ["session_1", "session_1", "session_2"])
    })
  )

  it.effect("keep the items before a failure", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      state.use = (_, nth) => Effect.sync(() => (nth > 2 ? invalidToken() : undefined))
      const { claimedSubscriptions } = yield* seats
      const seen: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(claimedSubscriptions, ({ productName }) => Effect.sync(() => seen.push(productName)))
      )
      assert.strictEqual(error._tag, "Unauthorized")
      assert.deepStrictEqual(seen, ["page 1", "page 2"])
      assert.strictEqual(state.uses.length, 4)
    })
  )
})

describe("with the emulator", () => {
  const sent = Effect.flatMap(Emulator.Emulator, ({ requests }) =>
    Effect.map(requests, (all) => all.map(({ method, status }) => `${method} ${status}`))
  )
  const withSeats = <A, E>(effect: Effect.Effect<A, E, Seats | Emulator.Emulator>) =>
    inWorld(
      Effect.provide(
        effect,
        Layer.orDie(layerForCustomer({ token: Redacted.make(tokens.sessions), customer: { id: buyer } }))
      )
    )

  it.effect("a session lasts 59 minutes, and is replaced if Polar's clock ends it sooner", () =>
    withSeats(
      Effect.gen(function* () {
        const { list } = yield* Seats
        const emulator = yield* Emulator.Emulator
        const listSeats = list(SeatSource.Subscription({ id: subscription }))
        yield* listSeats
        yield* TestClock.adjust("58 minutes")
        yield* listSeats
        assert.deepStrictEqual(yield* sent, ["POST 201", "GET 200", "GET 200"])
        yield* TestClock.adjust("1 minute")
        yield* listSeats
        assert.deepStrictEqual((yield* sent).slice(3), ["POST 201", "GET 200"])
        yield* emulator.advance("2 hours")
        yield* listSeats
        assert.deepStrictEqual((yield* sent).slice(5), ["GET 401", "POST 201", "GET 200"])
      })
    )
  )
})

describe("the options", () => {
  it.effect("assign rejects metadata that is too large without creating a session", () =>
    Effect.gen(function* () {
      const { seats, state } = polar()
      const error = yield* Effect.flip(
        (yield* seats).assign({
          source: AssignmentSource.Subscription({ id: subscriptionId }),
          recipient: Recipient.Email({ email: "a@b.c" }),
          metadata: { note: "x".repeat(2000) }
        })
      )
      assert.strictEqual(error._tag, "InvalidRequest")
      assert.strictEqual(state.requests.length, 0)
    })
  )

  it.effect("reject a token that cannot be sent", () =>
    Effect.gen(function* () {
      const built = Layer.build(layerForCustomer({ token: Redacted.make(`${secret}\n`), customer }))
      const error = yield* Effect.flip(Effect.provide(built, polar().http))
      assert.strictEqual(error._tag, "InvalidOption")
      assert.notInclude(inspect(error, { depth: 9 }), secret)
    })
  )

  it.effect("can come from the configuration", () =>
    Effect.gen(function* () {
      const { http, state } = polar()
      const list = Effect.flatMap(Seats, (seats) => seats.list(source))
      const configured = (env: Record<string, string>) =>
        layerForCustomerConfig({
          token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
          customer: { externalId: Config.String("CUSTOMER") },
          renewBefore: Config.Duration("RENEW").pipe(Config.withDefault(Duration.minutes(1)))
        }).pipe(Layer.provide([http, ConfigProvider.layer(ConfigProvider.fromUnknown(env))]))
      yield* Effect.provide(list, configured({ POLAR_ACCESS_TOKEN: secret, CUSTOMER: "usr_1" }))
      assert.deepStrictEqual(bodyOf(state.requests[0]), { external_customer_id: "usr_1" })
      const result = yield* Effect.result(Effect.provide(list, configured({ POLAR_ACCESS_TOKEN: secret })))
      assert.isTrue(Result.isFailure(result) && result.failure._tag === "ConfigError")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.provide(list, configured({})))))
    })
  )
})
