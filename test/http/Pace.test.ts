import { assert, describe, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/http/Emulator"
import * as Pace from "@polar-seats/http/Pace"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import {
  Arbitrary,
  Clock,
  Config,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Redacted,
  Schema
} from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { ofSubscription } from "../laws/law.ts"
import { seats as ids, tokens, world } from "../laws/world.ts"
import { control } from "./emulatorHttp.ts"

const limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

/** A Polar that answers everything at once, and knows when it was asked for what. */
const polar = (status = 200) => {
  const sent: Array<{ readonly at: number; readonly url: string }> = []
  const client = HttpClient.make((request) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      sent.push({ at, url: request.url })
      return HttpClientResponse.fromWeb(request, new Response(null, { status, headers: { "retry-after": "60" } }))
    })
  )
  return { sent, times: () => sent.map(({ at }) => at), layer: Layer.succeed(HttpClient.HttpClient, client) }
}

const get = (url: string | number) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`http://polar.test/${url}`))

const paced = (options: Pace.Options, client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.orDie(Pace.layer(options)).pipe(Layer.provide(limiter), Layer.provide(client))

const times = (count: number) => Array.from({ length: count }, (_, nth) => nth)
const together = { concurrency: "unbounded", discard: true } as const

/** Starts so many requests at once, and waits for as long as it may take at the least rate that is promised. */
const send = Effect.fnUntraced(function* (count: number, limit: number, window: Duration.Duration) {
  const run = yield* Effect.forkChild(Effect.forEach(times(count), get, together))
  yield* TestClock.adjust(Duration.times(window, count / limit / 0.9))
  return run.pollUnsafe()
})

/** That no window, wherever it begins, holds more than the limit. */
const isWithin = (at: ReadonlyArray<number>, limit: number, window: Duration.Duration) => {
  const spans = at.slice(limit).map((time, nth) => time - (at[nth] ?? Number.NaN))
  assert.isAbove(Math.min(...spans, Infinity), Duration.toMillis(window))
}

const limits: ReadonlyArray<readonly [name: string, options: Pace.Options, limit: number, window: Duration.Duration]> =
  [
    ["production", {}, 500, Duration.minutes(1)],
    ["the sandbox", { environment: "sandbox" }, 100, Duration.minutes(1)],
    ["a restricted organization", { limit: 60 }, 60, Duration.minutes(1)],
    ["a restricted organization in the sandbox", { environment: "sandbox", limit: 10 }, 10, Duration.minutes(1)],
    ["an elevated organization", { limit: 100, window: "1 second" }, 100, Duration.seconds(1)],
    ["one at a time", { limit: 1 }, 1, Duration.minutes(1)]
  ]

describe("a pace", () => {
  it.effect.each(limits)("for %s keeps the limit, at nine tenths of the rate or more", ([, options, limit, window]) => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      const count = Math.max(10, limit * 5)
      const exit = yield* send(count, limit, window)
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit), "all are sent in time")
      assert.strictEqual(times().length, count)
      isWithin(times(), limit, window)
    }).pipe(Effect.provide(paced(options, layer)))
  })

  const Pause = Schema.Struct({ millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 70_000 })) })
  const Arrivals = Schema.Array(
    Schema.Struct({ ...Pause.fields, requests: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })) })
  ).check(Schema.isMaxLength(12))
  it.effect.prop("keeps it however the requests come", [Arbitrary.schema(Arrivals)], ([arrivals]) => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      for (const { millis, requests } of arrivals) {
        yield* TestClock.adjust(millis)
        yield* Effect.forkChild(Effect.forEach(Array.from({ length: requests }), () => get("x"), together))
      }
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(
        times().length,
        arrivals.reduce((sum, { requests }) => sum + requests, 0)
      )
      isWithin(times(), 20, Duration.minutes(1))
    }).pipe(Effect.provide(paced({ limit: 20 }, layer)))
  })

  it.effect("lets a few go at once after a rest", () => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      yield* Effect.forEach([1, 2, 3, 4, 5], get)
      assert.deepEqual(times(), [0, 0, 0, 0, 0])
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach([1, 2, 3, 4, 5], get)
      assert.deepEqual(times().slice(5), [60_000, 60_000, 60_000, 60_000, 60_000])
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("sends in the order in which the calls came", () => {
    const { layer, sent } = polar()
    return Effect.gen(function* () {
      yield* send(300, 100, Duration.minutes(1))
      assert.deepEqual(
        sent.map(({ url }) => url),
        times(300).map((nth) => `http://polar.test/${nth}`)
      )
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("gives the turn of who stops waiting to the next", () => {
    const { layer, sent } = polar()
    return Effect.gen(function* () {
      yield* Effect.forEach(times(5), get)
      const first = yield* Effect.forkChild(get("a"))
      yield* Effect.forkChild(get("b"))
      const third = yield* Effect.forkChild(get("c"))
      yield* Effect.forkChild(get("d"))
      yield* TestClock.adjust("600 millis")
      // The first in the queue, who watches the clock for all, and one in its middle
      yield* Fiber.interrupt(first)
      yield* Fiber.interrupt(third)
      yield* TestClock.adjust("10 seconds")
      assert.deepEqual(sent.slice(5), [
        { at: 644, url: "http://polar.test/b" },
        { at: 1288, url: "http://polar.test/d" }
      ])
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("is not slowed down by any number of calls that gave up", () => {
    const { layer, sent } = polar()
    return Effect.gen(function* () {
      const crowd = yield* Effect.forkChild(Effect.forEach(times(1000), get, together))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(crowd)
      const before = sent.length
      const next = yield* Effect.forkChild(get("next"))
      yield* TestClock.adjust("644 millis")
      yield* Fiber.join(next)
      assert.strictEqual(sent.length, before + 1)
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect.each([429, 503, 408])("never sends twice what was answered with %i", (status) => {
    const { layer, times } = polar(status)
    return Effect.gen(function* () {
      const answer = yield* Effect.forkChild(get("x"))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(answer)).status, status)
      assert.strictEqual(times().length, 1)
    }).pipe(Effect.provide(paced({}, layer)))
  })
})

describe("machines", () => {
  const machines = (one: Pace.Options, two: Pace.Options) =>
    Effect.gen(function* () {
      const { layer, times } = polar()
      const store = yield* Layer.build(RateLimiter.layerStoreMemory)
      const machine = (options: Pace.Options) =>
        Layer.build(
          Pace.layer(options).pipe(
            Layer.provide(Layer.fresh(RateLimiter.layer)),
            Layer.provide(Layer.succeedContext(store)),
            Layer.provide(layer)
          )
        )
      const both = [yield* machine(one), yield* machine(two)]
      const run = yield* Effect.forkChild(
        Effect.forEach(both, (context) => Effect.provide(send(250, 50, Duration.minutes(1)), context), together)
      )
      yield* TestClock.adjust("333 seconds")
      yield* Fiber.interrupt(run)
      return times()
    }).pipe(Effect.scoped)

  it.effect("that share a store share the pace, and use it up", () =>
    Effect.gen(function* () {
      const sent = yield* machines({ environment: "sandbox" }, { environment: "sandbox" })
      assert.strictEqual(sent.length, 500)
      isWithin(sent, 100, Duration.minutes(1))
    })
  )

  it.effect("with keys of their own have paces of their own", () =>
    Effect.gen(function* () {
      const sent = yield* machines({ environment: "sandbox", key: "one" }, { environment: "sandbox", key: "two" })
      assert.strictEqual(sent.filter((at) => at <= 60_000).length, 2 * (5 + 93))
    })
  )
})

describe("where the store", () => {
  const error = new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "down" }) })
  const broken: ReadonlyArray<readonly [string, number, Effect.Effect<never, RateLimiter.RateLimiterError>]> = [
    ["fails, requests are sent at once", 0, Effect.fail(error)],
    ["never answers, requests are sent after a second", 1000, Effect.never]
  ]
  it.effect.each(broken)("%s", ([, at, answer]) => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      yield* Effect.forkChild(get("x"))
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(times(), [at])
    }).pipe(
      Effect.provide(
        Layer.orDie(Pace.layer()).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provide(Layer.mock(RateLimiter.RateLimiterStore, { adaptiveConsume: () => answer })),
          Layer.provide(layer)
        )
      )
    )
  })
})

describe("the options", () => {
  const refused: ReadonlyArray<readonly [string, Pace.Options, string]> = [
    ["limit", { limit: 0 }, "The option limit is not a whole number from 1 on."],
    ["limit", { limit: 1.5 }, "The option limit is not a whole number from 1 on."],
    ["window", { window: 0 }, "The option window is no time, or one without an end."],
    ["window", { window: Duration.infinity }, "The option window is no time, or one without an end."]
  ]
  it.effect.each(refused)("a wrong %s is InvalidOption", ([option, options, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Layer.build(Pace.layer(options).pipe(Layer.provide(limiter), Layer.provide(polar().layer)))
      )
      assert.instanceOf(error, PolarConnection.InvalidOption)
      assert.strictEqual(error.option, option)
      assert.strictEqual(error.message, message)
    }).pipe(Effect.scoped)
  )

  it.effect("may come from the configuration", () => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      yield* Effect.forkChild(Effect.forEach([1, 2], get))
      yield* TestClock.adjust("1 hour")
      assert.deepEqual(times(), [0, 61_800])
    }).pipe(
      Effect.provide(
        Pace.layerConfig({ limit: Config.Int("POLAR_LIMIT") }).pipe(
          Layer.provide(limiter),
          Layer.provide(layer),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ POLAR_LIMIT: "1" })))
        )
      )
    )
  })
})

describe("before the emulator with the limits of Polar's sandbox", () => {
  const run = (client: Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient>) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* control("POST", "settings", { rate_limits: "sandbox" })).status, 200)
      const seats = Layer.orDie(PortalSeats.layer({ token: Redacted.make(tokens.customer) })).pipe(
        Layer.provide(client)
      )
      const calls = yield* Effect.forkChild(
        Effect.gen(function* () {
          const seats = yield* Seats
          const both = Effect.all([Effect.exit(seats.list(ofSubscription)), Effect.exit(seats.resend(ids.live))])
          yield* Effect.forEach(times(250), () => both, { concurrency: 20, discard: true })
        }).pipe(Effect.provide(seats))
      )
      // 500 at 90 a minute
      yield* TestClock.adjust("334 seconds")
      assert.isDefined(calls.pollUnsafe(), "all is done")
      const requests = yield* (yield* Emulator.Emulator).requests
      const statuses = requests.filter(({ path }) => path.startsWith("/v1/")).map(({ status }) => status)
      assert.strictEqual(statuses.length, 500)
      return statuses.filter((status) => status !== 200)
    }).pipe(Effect.provide(Emulator.layer(world)))

  it.effect("a run of 500 calls is never told to slow down", () =>
    Effect.gen(function* () {
      const pace = Layer.orDie(Pace.layer({ environment: "sandbox" })).pipe(Layer.provide(limiter))
      assert.deepEqual(yield* run(pace), [])
    })
  )

  it.effect("which it is without", () =>
    Effect.gen(function* () {
      const refused = yield* run(Layer.effect(HttpClient.HttpClient, HttpClient.HttpClient))
      assert.isAbove(refused.length, 300)
      assert.isTrue(refused.every((status) => status === 429))
    })
  )
})
