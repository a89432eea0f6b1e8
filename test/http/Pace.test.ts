import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
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
  Result,
  Schema
} from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { createServer, type Server } from "node:http"
import { ofSubscription } from "../laws/law.ts"
import { seats as ids, tokens, world } from "../laws/world.ts"
import { documentedSeat } from "./polarFixtures.ts"
import { ask, control } from "../emulator/emulatorHttp.ts"

const seat = { ...documentedSeat, id: ids.live }
const limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

/** A Polar that answers at once, and records the time of each request. */
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

/** Starts this many requests at once, and waits as long as they may take at the lowest promised rate. */
const send = Effect.fnUntraced(function* (count: number, limit: number, window: Duration.Duration) {
  const run = yield* Effect.forkChild(Effect.forEach(times(count), get, together))
  yield* TestClock.adjust(Duration.times(window, count / limit / 0.9))
  return run.pollUnsafe()
})

/** Asserts that no window holds more requests than the limit, wherever it begins. */
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
  it.effect.each(limits)("keeps the limit of %s, at 90 % of the rate or more", ([, options, limit, window]) => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      const count = Math.max(10, limit * 5)
      const exit = yield* send(count, limit, window)
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit), "all are sent within the time")
      assert.strictEqual(times().length, count)
      isWithin(times(), limit, window)
    }).pipe(Effect.provide(paced(options, layer)))
  })

  const Pause = Schema.Struct({ millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 70_000 })) })
  const Arrivals = Schema.Array(
    Schema.Struct({ ...Pause.fields, requests: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })) })
  ).check(Schema.isMaxLength(12))
  it.effect.prop("keeps the limit for any arrival times", [Arbitrary.schema(Arrivals)], ([arrivals]) => {
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

  it.effect("sends a few requests at once after a rest", () => {
    const { layer, times } = polar()
    return Effect.gen(function* () {
      yield* Effect.forEach([1, 2, 3, 4, 5], get)
      assert.deepEqual(times(), [0, 0, 0, 0, 0])
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach([1, 2, 3, 4, 5], get)
      assert.deepEqual(times().slice(5), [60_000, 60_000, 60_000, 60_000, 60_000])
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("sends in the order of the calls", () => {
    const { layer, sent } = polar()
    return Effect.gen(function* () {
      yield* send(300, 100, Duration.minutes(1))
      assert.deepEqual(
        sent.map(({ url }) => url),
        times(300).map((nth) => `http://polar.test/${nth}`)
      )
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("gives the turn of an interrupted call to the next call", () => {
    const { layer, sent } = polar()
    return Effect.gen(function* () {
      yield* Effect.forEach(times(5), get)
      const first = yield* Effect.forkChild(get("a"))
      yield* Effect.forkChild(get("b"))
      const third = yield* Effect.forkChild(get("c"))
      yield* Effect.forkChild(get("d"))
      yield* TestClock.adjust("600 millis")
      // The first call in the queue, which watches the clock for all, and one in the middle
      yield* Fiber.interrupt(first)
      yield* Fiber.interrupt(third)
      yield* TestClock.adjust("10 seconds")
      assert.deepEqual(sent.slice(5), [
        { at: 644, url: "http://polar.test/b" },
        { at: 1288, url: "http://polar.test/d" }
      ])
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("is not slowed down by interrupted calls", () => {
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

  it.effect.each([429, 503, 408])("never sends a request again after a %i", (status) => {
    const { layer, times } = polar(status)
    return Effect.gen(function* () {
      const answer = yield* Effect.forkChild(get("x"))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(answer)).status, status)
      assert.strictEqual(times().length, 1)
    }).pipe(Effect.provide(paced({}, layer)))
  })
})

describe("a 429 to one request", () => {
  /** A Polar that answers 429 to these requests, and records the time of each request. */
  const refusing = (headers: Readonly<Record<string, string>>, refused: ReadonlyArray<number>, takes = 0) => {
    const times: Array<number> = []
    const client = HttpClient.make((request) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const nth = times.push(at) - 1
        const response = refused.includes(nth) ? new Response(null, { status: 429, headers }) : new Response()
        const answer = HttpClientResponse.fromWeb(request, response)
        return takes === 0 ? Effect.succeed(answer) : Effect.as(Effect.sleep(takes), answer)
      })
    )
    return { times, layer: Layer.succeed(HttpClient.HttpClient, client) }
  }
  // With a window of one minute
  const pauses: ReadonlyArray<readonly [what: string, headers: Readonly<Record<string, string>>, seconds: number]> = [
    ["for its Retry-After in seconds", { "retry-after": "30" }, 30],
    ["until its Retry-After date", { "retry-after": "Thu, 01 Jan 1970 00:00:20 GMT" }, 20],
    ["for a window if Retry-After is absent or hidden", {}, 60],
    ["for a window if Retry-After is invalid", { "retry-after": "soon" }, 60],
    ["for no more than a window", { "retry-after": "900" }, 60]
  ]
  it.effect.each(pauses)("makes all other requests wait %s", ([_, headers, seconds]) => {
    const { layer, times: sent } = refusing(headers, [2])
    return Effect.gen(function* () {
      yield* Effect.forEach(times(3), get)
      assert.deepEqual(sent, [0, 0, 0])
      yield* Effect.forkChild(Effect.forEach(times(5), get, together))
      yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
      assert.strictEqual(sent.length, 3)
      yield* TestClock.adjust("1 milli")
      assert.strictEqual(sent.length, 8)
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("pauses for a 429 that is an error of the given client", () => {
    const { layer, times: sent } = refusing({ "retry-after": "30" }, [2])
    const failing = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk)
    ).pipe(Layer.provide(layer))
    return Effect.gen(function* () {
      yield* Effect.forEach(times(3), (nth) => Effect.exit(get(nth)))
      yield* Effect.forkChild(get(3))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(sent.length, 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(sent.length, 4)
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, failing)))
  })

  it.effect("pauses once for several 429s at a time, and again for a later one", () => {
    const { layer, times: sent } = refusing({ "retry-after": "10" }, [1, 2, 3, 8], 1000)
    return Effect.gen(function* () {
      yield* Effect.forkChild(Effect.forEach(times(20), get, together))
      yield* TestClock.adjust("1 minute")
      // Answers arrive after one second: three refusals at 1000, and another at 12000
      const burst = times(5)
      assert.deepEqual(sent.slice(0, 13), [...burst.map(() => 0), 644, ...burst.map(() => 11_000), 11_644, 22_000])
      assert.strictEqual(sent.length, 20)
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("pauses even if it arrives after the limiter forgot the pause before", () => {
    const { layer, times: sent } = refusing({ "retry-after": "60" }, [0, 2], 300)
    return Effect.gen(function* () {
      yield* Effect.forkChild(get(0))
      yield* TestClock.adjust("60 seconds")
      yield* Effect.forkChild(get(1))
      // The limiter forgets a pause one window and one minute after the first turn that followed it
      yield* TestClock.adjust("120200 millis")
      yield* Effect.forkChild(get(2))
      yield* TestClock.adjust("400 millis")
      yield* Effect.forkChild(get(3))
      yield* TestClock.adjust("2 minutes")
      assert.deepEqual(sent.slice(0, 3), [0, 60_300, 180_200])
      assert.isAtLeast(sent[3] ?? 0, 240_000)
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })

  it.effect("with a Retry-After of zero makes no request wait", () => {
    const { layer, times: sent } = refusing({ "retry-after": "0" }, [0])
    return Effect.gen(function* () {
      yield* Effect.forEach(times(5), get)
      assert.deepEqual(sent, [0, 0, 0, 0, 0])
    }).pipe(Effect.provide(paced({ environment: "sandbox" }, layer)))
  })
})

describe("a call that waits for its turn", () => {
  const seats = (client: Layer.Layer<HttpClient.HttpClient>, options: Partial<PortalSeats.Options>) =>
    Layer.orDie(PortalSeats.layer({ token: Redacted.make(tokens.customer), ...options })).pipe(Layer.provide(client))
  const resend = Effect.flatMap(Seats, (service) => service.resend(ids.live))
  /** A Polar that takes one second for each answer. */
  const slow = (mails: Array<number>) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.map(Effect.andThen(Effect.sleep("1 second"), Clock.currentTimeMillis), (at) => {
          mails.push(at)
          return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(seat)))
        })
      )
    )

  it.effect("has its whole `attemptTimeout` left when its turn comes", () => {
    const mails: Array<number> = []
    return Effect.gen(function* () {
      const calls = yield* Effect.forkChild(Effect.forEach(times(500), () => resend, together))
      yield* TestClock.adjust("334 seconds")
      assert.deepEqual(calls.pollUnsafe(), Exit.void)
      assert.strictEqual(mails.length, 500)
    }).pipe(
      Effect.provide(
        seats(paced({ environment: "sandbox" }, slow(mails)), {
          attemptTimeout: "2 seconds",
          totalTimeout: "6 minutes"
        })
      )
    )
  })

  it.effect("is NotSent if its turn does not come within `totalTimeout`, and mails nobody", () => {
    const mails: Array<number> = []
    return Effect.gen(function* () {
      const calls = yield* Effect.forkChild(
        Effect.forEach(times(20), () => Effect.result(resend), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(calls)
      // Five leave at once and two more within two seconds. The last has no time left for its answer
      assert.strictEqual(results.filter(Result.isSuccess).length, 6)
      const failures = results.filter(Result.isFailure).map(({ failure }) => failure)
      for (const [nth, failure] of failures.entries()) {
        assert.containSubset(failure, {
          _tag: "Unavailable",
          reason: { _tag: nth < 2 ? "OutcomeUnknown" : "NotSent" }
        })
      }
      assert.include(String(failures.at(-1)), "it was still waiting for the rate limit when `totalTimeout` ended")
      assert.strictEqual(mails.length, 6)
    }).pipe(Effect.provide(seats(paced({ environment: "sandbox" }, slow(mails)), { totalTimeout: "2 seconds" })))
  })

  it.live("is NotSent over a socket too", () =>
    Effect.gen(function* () {
      let asked = 0
      const url = yield* Effect.acquireRelease(
        Effect.callback<readonly [url: string, server: Server]>((resume) => {
          const server = createServer((_, response) => {
            asked++
            response.end(JSON.stringify(seat))
          })
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            const port = address !== null && typeof address === "object" ? address.port : 0
            resume(Effect.succeed([`http://127.0.0.1:${port}`, server]))
          })
        }),
        ([_, server]) => Effect.sync(() => server.close())
      )
      const start = yield* Clock.currentTimeMillis
      const client = paced({ limit: 100, window: "600 millis" }, NodeHttpClient.layerUndici)
      const results = yield* Effect.forEach(times(500), () => Effect.result(resend), { concurrency: "unbounded" }).pipe(
        Effect.provide(seats(client, { baseUrl: url[0], attemptTimeout: "2 seconds", times: 0 }))
      )
      assert.deepEqual(results.filter(Result.isFailure), [])
      assert.strictEqual(asked, 500)
      assert.isAbove((yield* Clock.currentTimeMillis) - start, 2500)
    }).pipe(Effect.scoped)
  )
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

  it.effect("on one store share the pace and use all of it", () =>
    Effect.gen(function* () {
      const sent = yield* machines({ environment: "sandbox" }, { environment: "sandbox" })
      assert.strictEqual(sent.length, 500)
      isWithin(sent, 100, Duration.minutes(1))
    })
  )

  it.effect("with different keys have different paces", () =>
    Effect.gen(function* () {
      const sent = yield* machines({ environment: "sandbox", key: "one" }, { environment: "sandbox", key: "two" })
      assert.strictEqual(sent.filter((at) => at <= 60_000).length, 2 * (5 + 93))
    })
  )
})

describe("if the store", () => {
  const error = new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "down" }) })
  const broken: ReadonlyArray<readonly [string, number, Effect.Effect<never, RateLimiter.RateLimiterError>]> = [
    ["fails, requests are sent at once", 0, Effect.fail(error)],
    ["never answers, requests are sent after one second", 1000, Effect.never]
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
    ["limit", { limit: 0 }, "The option limit must be a positive integer. Nothing was sent: correct the option."],
    ["limit", { limit: 1.5 }, "The option limit must be a positive integer. Nothing was sent: correct the option."],
    [
      "window",
      { window: 0 },
      "The option window must be a finite duration greater than zero. Nothing was sent: correct the option."
    ],
    [
      "window",
      { window: Duration.infinity },
      "The option window must be a finite duration greater than zero. Nothing was sent: correct the option."
    ]
  ]
  it.effect.each(refused)("reject an invalid %s with InvalidOption", ([option, options, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Layer.build(Pace.layer(options).pipe(Layer.provide(limiter), Layer.provide(polar().layer)))
      )
      assert.instanceOf(error, PolarConnection.InvalidOption)
      assert.strictEqual(error.option, option)
      assert.strictEqual(error.message, message)
    }).pipe(Effect.scoped)
  )

  it.effect("can come from the configuration", () => {
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

describe("with an emulator that has the limits of Polar's sandbox", () => {
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
      assert.isDefined(calls.pollUnsafe(), "all calls have ended")
      const requests = yield* (yield* Emulator.Emulator).requests
      const statuses = requests.filter(({ path }) => path.startsWith("/v1/")).map(({ status }) => status)
      assert.strictEqual(statuses.length, 500)
      return statuses.filter((status) => status !== 200)
    }).pipe(Effect.provide(Emulator.layer(world)))

  it.effect("500 calls meet no 429 under a pace", () =>
    Effect.gen(function* () {
      const pace = Layer.orDie(Pace.layer({ environment: "sandbox" })).pipe(Layer.provide(limiter))
      assert.deepEqual(yield* run(pace), [])
    })
  )

  it.effect("500 calls meet a 429 without a pace", () =>
    Effect.gen(function* () {
      const refused = yield* run(Layer.effect(HttpClient.HttpClient, HttpClient.HttpClient))
      assert.isAbove(refused.length, 300)
      assert.isTrue(refused.every((status) => status === 429))
    })
  )

  const resends = (others: Effect.Effect<unknown, unknown, HttpClient.HttpClient>) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* control("POST", "settings", { rate_limits: "sandbox" })).status, 200)
      const pace = Layer.orDie(Pace.layer({ environment: "sandbox" })).pipe(Layer.provide(limiter))
      const patient = { maxRetryAfter: "1 minute", totalTimeout: "10 minutes" } as const
      const seats = Layer.orDie(PortalSeats.layer({ token: Redacted.make(tokens.customer), ...patient })).pipe(
        Layer.provide(pace)
      )
      const calls = yield* Effect.forkChild(
        Effect.gen(function* () {
          const { resend } = yield* Seats
          const results = yield* Effect.forEach(times(500), () => Effect.result(resend(ids.live)), {
            concurrency: "unbounded"
          })
          return { results, end: yield* Clock.currentTimeMillis }
        }).pipe(Effect.provide(seats))
      )
      const start = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("45 seconds")
      yield* others
      yield* TestClock.adjust("15 minutes")
      const { end, results } = yield* Fiber.join(calls)
      assert.deepEqual(results.filter(Result.isFailure), [])
      const requests = yield* (yield* Emulator.Emulator).requests
      const resent = requests.filter(({ path }) => path.endsWith("/resend"))
      const refused = resent.filter(({ status }) => status === 429).length
      assert.strictEqual(resent.filter(({ status }) => status === 200).length, 500)
      return { seconds: (end - start) / 1000, refused }
    }).pipe(Effect.provide(Emulator.layer(world)))

  it.effect("500 resends at once succeed, at 90 % of the rate", () =>
    Effect.gen(function* () {
      const { refused, seconds } = yield* resends(Effect.void)
      assert.strictEqual(refused, 0)
      assert.isAtMost(seconds, ((500 / 100) * 60) / 0.9)
    })
  )

  it.effect("if another program uses up the limit, one resend gets a 429 and the others wait", () =>
    Effect.gen(function* () {
      const path = `/v1/customer-portal/seats?subscription_id=${ofSubscription.id}`
      const another = Effect.forEach(times(40), () => ask("GET", path, { token: tokens.customer }))
      const { refused, seconds } = yield* resends(another)
      assert.strictEqual(refused, 1)
      assert.isAtMost(seconds, ((500 / 100) * 60) / 0.9 + 60)
    })
  )
})
