import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Clock, Effect, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { documentedSeat } from "./polarFixtures.ts"

const seatId = SeatId.make(documentedSeat.id)
const id = SubscriptionId.make(documentedSeat.subscription_id)
const invitation = Redacted.make("invitation")

type Fault =
  | "refused"
  | "reset"
  | "hang"
  | number
  | { readonly status: number; readonly retryAfter: string | undefined }

/** A Polar that applies one fault to each request, and the last one to all further requests. It records the times in seconds. */
const polar = (faults: ReadonlyArray<Fault>, options: RetryPolicy.RetryPolicy = {}) => {
  const times: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const fault = faults[Math.min(times.push(now / 1000) - 1, faults.length - 1)] ?? 200
      if (fault === "hang") return Effect.never
      if (fault === "refused" || fault === "reset") {
        const cause = Object.assign(new Error(fault), {
          code: fault === "refused" ? "ECONNREFUSED" : "ECONNRESET",
          syscall: fault === "refused" ? "connect" : "read"
        })
        const reason = new HttpClientError.TransportError({ request, cause })
        return Effect.fail(new HttpClientError.HttpClientError({ reason }))
      }
      const { retryAfter, status } = typeof fault === "number" ? { status: fault, retryAfter: undefined } : fault
      const headers: HeadersInit = retryAfter === undefined ? {} : { "retry-after": retryAfter }
      const body = request.url.includes("/subscriptions")
        ? { items: [], pagination: { max_page: 1 } }
        : request.url.endsWith("/seats")
          ? { ...documentedSeat, seats: [], available_seats: 0, total_seats: 0 }
          : request.url.endsWith("/claim")
            ? { seat: documentedSeat, customer_session_token: "polar_mst_new" }
            : documentedSeat
      const answer = status === 200 ? JSON.stringify(body) : ""
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(answer, { status, headers })))
    })
  )
  const layer = Layer.merge(
    PortalSeats.layer({ token: Redacted.make("polar_cst_x"), ...options }),
    SeatClaims.layer(options)
  ).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client)), Layer.orDie)
  return { layer, times }
}

const noJitter = { schedule: Schedule.exponential("200 millis") }

// Runs the call to its end on the test clock
const finish = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(effect))
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })

type Name = "resend" | "assign" | "claim" | "revoke" | "list" | "claimedSubscriptions"
const operations: Record<Name, Effect.Effect<void, { readonly _tag: string }, Seats | SeatClaims.SeatClaims>> = {
  resend: Effect.flatMap(Seats, (seats) => Effect.asVoid(seats.resend(seatId))),
  assign: Effect.flatMap(Seats, (seats) =>
    Effect.asVoid(
      seats.assign({
        source: AssignmentSource.Subscription({ id }),
        recipient: Recipient.Email({ email: documentedSeat.email })
      })
    )
  ),
  claim: Effect.flatMap(SeatClaims.SeatClaims, (claims) => Effect.asVoid(claims.claim(invitation))),
  revoke: Effect.flatMap(Seats, (seats) => Effect.asVoid(seats.revoke(seatId))),
  list: Effect.flatMap(Seats, (seats) => Effect.asVoid(seats.list(SeatSource.Subscription({ id })))),
  claimedSubscriptions: Effect.flatMap(Seats, (seats) => Stream.runDrain(seats.claimedSubscriptions))
}
const mutating: ReadonlyArray<Name> = ["resend", "assign", "claim"]
const repeatable: ReadonlyArray<Name> = ["revoke", "list", "claimedSubscriptions"]

const requestsOf = (name: Name, faults: ReadonlyArray<Fault>, options: RetryPolicy.RetryPolicy = noJitter) =>
  Effect.gen(function* () {
    const { layer, times } = polar(faults, options)
    const result = yield* finish(Effect.provide(operations[name], layer))
    return { times, result }
  })

describe("a failure with an unknown outcome", () => {
  const doubts: ReadonlyArray<Fault> = ["reset", "hang", 500, 502, 503, 504]
  it.effect.each(mutating.flatMap((name) => doubts.map((fault) => [name, fault] as const)))(
    "is never retried for %s: %s",
    ([name, fault]) =>
      Effect.gen(function* () {
        const { result, times } = yield* requestsOf(name, [fault, 200])
        assert.strictEqual(result._tag, "Failure")
        assert.strictEqual(times.length, 1)
      })
  )

  it.effect.each(repeatable.flatMap((name) => doubts.map((fault) => [name, fault] as const)))(
    "is retried for %s: %s",
    ([name, fault]) =>
      Effect.gen(function* () {
        const { result, times } = yield* requestsOf(name, [fault, 200])
        assert.strictEqual(result._tag, "Success")
        assert.strictEqual(times.length, 2)
      })
  )

  it.effect.each(
    [...mutating, ...repeatable].flatMap((name) => [408, 425, 418].map((status) => [name, status] as const))
  )("is not retried for %s after the undocumented status %s", ([name, status]) =>
    Effect.map(requestsOf(name, [status, 200]), ({ times }) => assert.strictEqual(times.length, 1))
  )
})

describe("a failure after which Polar certainly did nothing", () => {
  it.effect.each(
    [...mutating, ...repeatable].flatMap((name) => (["refused", 429] as const).map((fault) => [name, fault] as const))
  )("is retried for %s: %s", ([name, fault]) =>
    Effect.gen(function* () {
      const { result, times } = yield* requestsOf(name, [fault, fault, fault, 200])
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(times.length, 4)
    })
  )
})

describe("an earlier request with an unknown outcome", () => {
  it.effect.each(["reset", "hang", 503] as const)(
    "decides the outcome even if the last request was not sent: %s",
    (doubt) =>
      Effect.gen(function* () {
        const { result, times } = yield* requestsOf("revoke", [doubt, "refused"])
        assert.strictEqual(times.length, 4)
        assert.containSubset(result, {
          failure: { reason: { _tag: doubt === 503 ? "ServerFailed" : "OutcomeUnknown" } }
        })
      })
  )

  it.effect("does not exist if no request was sent, so the outcome is NotSent", () =>
    Effect.gen(function* () {
      const { result } = yield* requestsOf("revoke", ["refused"])
      assert.containSubset(result, { failure: { reason: { _tag: "NotSent" } } })
    })
  )
})

describe("the policy", () => {
  it.effect("has one number of retries for all kinds of failures", () =>
    Effect.gen(function* () {
      const faults: ReadonlyArray<Fault> = ["refused", 429, 500, "reset", 503, 429, 200]
      const { result, times } = yield* requestsOf("list", faults)
      assert.strictEqual(result._tag, "Failure")
      assert.strictEqual(times.length, 4)
    })
  )

  it.effect("pauses longer each time", () =>
    Effect.map(requestsOf("list", [500]), ({ times }) => assert.deepEqual(times, [0, 0.2, 0.6, 1.4]))
  )

  it.effect("takes another schedule, which may end before the retries do", () =>
    Effect.gen(function* () {
      const schedule = Schedule.upTo(Schedule.spaced("1 second"), { times: 1 })
      assert.deepEqual((yield* requestsOf("list", [500], { schedule })).times, [0, 1])
    })
  )

  it.effect.each([
    ["in seconds", "7", [0, 7]],
    ["as a date", "Thu, 01 Jan 1970 00:00:05 GMT", [0, 5]],
    ["shorter than the pause", "0", [0, 0.2]],
    ["in the past", "Wed, 31 Dec 1969 00:00:00 GMT", [0, 0.2]],
    ["negative", "-5", [0, 0.2]],
    ["unreadable", "soon", [0, 0.2]],
    ["absent, or hidden from a browser", undefined, [0, 0.2]],
    ["empty", "", [0, 0.2]],
    ["of a fraction", "1.5", [0, 0.2]],
    ["of ten years", String(10 * 365 * 24 * 3600), [0]],
    ["of millennia", "9".repeat(12), [0]],
    ["of too many digits", "9".repeat(400), [0]],
    ["as a date in thousands of years", "Fri, 31 Dec 9999 23:59:59 GMT", [0]],
    ["longer than the maximum", "11", [0]],
    ["absurd", "99999999", [0]]
  ] as const)("handles a Retry-After %s", ([_, retryAfter, expected]) =>
    Effect.gen(function* () {
      const { result, times } = yield* requestsOf("resend", [{ status: 429, retryAfter }, 200])
      assert.deepEqual(times, [...expected])
      assert.strictEqual(result._tag, expected.length === 1 ? "Failure" : "Success")
    })
  )

  it.effect("waits for a longer Retry-After if the option allows it", () =>
    Effect.gen(function* () {
      const patient = { ...noJitter, maxRetryAfter: "2 minutes", totalTimeout: "5 minutes" } as const
      assert.deepEqual((yield* requestsOf("resend", [{ status: 429, retryAfter: "60" }, 200], patient)).times, [0, 60])
    })
  )

  it.effect("starts no pause that would end after the total time", () =>
    Effect.gen(function* () {
      const hurried = { ...noJitter, totalTimeout: "500 millis" } as const
      assert.deepEqual((yield* requestsOf("list", [500], hurried)).times, [0, 0.2])
    })
  )

  it.effect("limits each request and the whole call", () =>
    Effect.gen(function* () {
      const options = { ...noJitter, attemptTimeout: "10 seconds", totalTimeout: "25 seconds" } as const
      const { layer, times } = polar(["hang"], options)
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(operations.list, layer)))
      yield* TestClock.adjust("24999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      const error = yield* Fiber.join(fiber)
      assert.deepEqual(times, [0, 10.2, 20.6])
      assert.include(String(error), "no answer came within 4s 400ms")
    })
  )

  it.effect("wins over that of the layer, option by option, if a call has one", () =>
    Effect.gen(function* () {
      const { layer, times } = polar([500], { ...noJitter, times: 1 })
      yield* finish(Effect.provide(operations.list, layer))
      assert.strictEqual(times.length, 2)
      yield* finish(Effect.provide(RetryPolicy.provide({ times: 0 })(operations.list), layer))
      assert.strictEqual(times.length, 3)
      yield* finish(Effect.provide(RetryPolicy.provide({ times: 2, totalTimeout: undefined })(operations.list), layer))
      assert.strictEqual(times.length, 6)
    })
  )
})
