import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Pace from "@polar-seats/http/Pace"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Clock, Duration, Effect, Layer, Metric, Redacted, Schedule } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { documentedSeat } from "./polarFixtures.ts"

/** The system's clock, and a way to set it as an administrator or NTP would. Sleeps and monotonic time are not affected. */
const settable = Effect.map(Clock.clockWith(Effect.succeed), (system) => {
  let offset = 0
  const currentTimeMillisUnsafe = () => system.currentTimeMillisUnsafe() + offset
  const currentTimeNanosUnsafe = () => BigInt(currentTimeMillisUnsafe()) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => system.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: system.monotonicTimeNanos,
    sleep: (duration) => system.sleep(duration)
  }
  const set = (by: Duration.Input) =>
    Effect.sync(() => {
      offset += Duration.toMillis(by)
    })
  return { clock, set }
})

const list = Effect.flatMap(Seats, (seats) =>
  seats.list(SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) }))
)
const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))
const steps = ["-6 hours", "6 hours"] as const

/** A Polar that answers this at the nth request, and lets something happen first. */
const polar = (answer: (nth: number) => Response, meanwhile: (nth: number) => Effect.Effect<void>) => {
  const asked = { times: 0 }
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const nth = ++asked.times
      yield* meanwhile(nth)
      return HttpClientResponse.fromWeb(request, answer(nth))
    })
  )
  return { asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}
const portal = (client: Layer.Layer<HttpClient.HttpClient>, options: Partial<PortalSeats.Options>) =>
  Layer.orDie(PortalSeats.layer({ token: Redacted.make("polar_cst_x"), ...options })).pipe(Layer.provide(client))

describe.each(steps)("a system clock that is set by %s", (step) => {
  it.live("does not stop or hasten a pace", () =>
    Effect.gen(function* () {
      const { clock, set } = yield* settable
      const { asked, layer } = polar(
        () => new Response(),
        (nth) => (nth === 5 ? set(step) : Effect.void)
      )
      const paced = Layer.orDie(Pace.layer({ limit: 100, window: "2 seconds" })).pipe(
        Layer.provide(RateLimiter.layer),
        Layer.provide(RateLimiter.layerStoreMemory),
        Layer.provide(layer)
      )
      const get = Effect.flatMap(HttpClient.HttpClient, (client) => client.get("http://polar.test"))
      // Five leave at once, and then one each 21 ms
      const [took] = yield* Effect.timed(Effect.forEach(Array.from({ length: 30 }), () => get)).pipe(
        Effect.provide(paced),
        Effect.provideService(Clock.Clock, clock),
        Effect.timeout("5 seconds")
      )
      assert.strictEqual(asked.times, 30)
      assert.isAbove(Duration.toMillis(took), 400)
    })
  )

  it.live("does not change when a call gives up", () =>
    Effect.gen(function* () {
      const { clock, set } = yield* settable
      const { asked, layer } = polar(
        () => new Response(null, { status: 503 }),
        (nth) => (nth === 2 ? set(step) : Effect.void)
      )
      const options = { totalTimeout: "300 millis", times: 100, schedule: Schedule.spaced("40 millis") } as const
      const error = yield* Effect.flip(list).pipe(
        Effect.provide(portal(layer, options)),
        Effect.provideService(Clock.Clock, clock),
        Effect.timeout("3 seconds")
      )
      assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "ServerFailed" } })
      assert.isAtLeast(asked.times, 3, "the call went on after the step")
      assert.isAtMost(asked.times, 8)
    })
  )

  it.live("does not show in the duration of a call", () =>
    Effect.gen(function* () {
      const { clock, set } = yield* settable
      const { layer } = polar(
        () => Response.json(documentedSeat),
        () => set(step)
      )
      const before = yield* durations
      yield* resend.pipe(Effect.provide(portal(layer, {})), Effect.provideService(Clock.Clock, clock))
      const sum = (yield* durations) - before
      assert.isAtLeast(sum, 0)
      assert.isBelow(sum, 60_000)
    })
  )
})

/** The sum of the durations of all successful resends of this process, in milliseconds. */
const durations = Effect.map(Metric.snapshot, (all) => {
  const found = all.find(
    ({ attributes, id }) =>
      id === "polar_seats_operations_duration" &&
      attributes?.["operation"] === "Seats.resend" &&
      attributes["outcome"] === "Success"
  )
  return found?.type === "Histogram" ? found.state.sum : 0
})

describe("a call", () => {
  it.effect.each([String(20 * 365 * 86_400), "9".repeat(30), "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "fails at once after a Retry-After of years: %s",
    (retryAfter) => {
      const { asked, layer } = polar(
        () => new Response(null, { status: 429, headers: { "retry-after": retryAfter } }),
        () => Effect.void
      )
      return Effect.gen(function* () {
        // Nothing moves the test clock, so a call that waits would never end
        const error = yield* Effect.flip(resend)
        assert.strictEqual(error._tag, "RateLimited")
        assert.include(error.message, "before the next one")
        assert.strictEqual(asked.times, 1)
      }).pipe(Effect.provide(portal(layer, {})))
    }
  )
})
