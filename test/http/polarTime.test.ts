import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Clock, Context, DateTime, Duration, Effect, Fiber, Layer, Redacted, Result } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import { buyer, seats as ids, subscription, tokens, world } from "../laws/world.ts"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const start = Date.parse("2026-11-29T12:00:00Z")

const seatId = SeatId.make(documentedSeat.id)
const source = SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) })
const emptyList = { seats: [], available_seats: 0, total_seats: 0 }
const token = Redacted.make("polar_cst_x")

const imf = (millis: number) => new Date(millis).toUTCString()

/** One step of a scripted Polar: how it answers a request. */
interface Script {
  /** How far Polar's clock is ahead of the machine's, in milliseconds. */
  ahead: number
  /** The headers of the answer, given those that Polar would send. */
  headers: (date: string) => Record<string, string>
  /** How long the request and the answer travel. */
  travel: Duration.Input
  answer: ((url: string) => Response) | undefined
  asked: number
}

/** A Polar whose `Date` has whole seconds, as HTTP has. */
const polar = () => {
  const script: Script = { ahead: 0, headers: (date) => ({ date }), travel: 0, answer: undefined, asked: 0 }
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      script.asked++
      const { headers, travel } = script
      yield* Effect.sleep(travel)
      const date = imf((yield* Clock.currentTimeMillis) + script.ahead)
      yield* Effect.sleep(travel)
      const json = request.method === "GET" ? emptyList : documentedSeat
      const response = script.answer?.(request.url) ?? Response.json(json)
      for (const [name, value] of Object.entries(headers(date))) response.headers.set(name, value)
      return HttpClientResponse.fromWeb(request, response)
    })
  )
  return { script, client }
}

const withSeats = <A, E>(
  test: (seats: Seats["Service"], script: Script, client: HttpClient.HttpClient) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const { client, script } = polar()
    const seats = yield* Effect.provideService(PortalSeats.make({ token, times: 0 }), HttpClient.HttpClient, client)
    return yield* test(seats, script, client)
  })

const machineMillis = Clock.currentTimeMillis
/** How far the time of a `Seats` is ahead of the machine's clock, and the clock that it comes from. */
const aheadOf = (seats: Seats["Service"]) =>
  Effect.map(Effect.all([seats.now, machineMillis]), ([{ clock, now }, machine]) => ({
    clock,
    ahead: now.epochMilliseconds - machine
  }))

const knows = (seats: Seats["Service"], expected: number, within = second) =>
  Effect.map(aheadOf(seats), ({ ahead, clock }) => {
    assert.strictEqual(clock, "Polar")
    assert.approximately(ahead, expected, within)
  })
const knowsNothing = (seats: Seats["Service"]) =>
  Effect.map(aheadOf(seats), (time) => assert.deepEqual(time, { clock: "Machine", ahead: 0 }))

describe("Seats.now over HTTP", () => {
  it.effect("is the machine's time before the first answer, and says so", () => withSeats(knowsNothing))

  it.effect.each([
    ["a day ahead", day],
    ["an hour ahead", hour],
    ["an hour behind", -hour],
    ["a few seconds ahead", 4 * second]
  ] as const)("is Polar's after one list if Polar is %s", ([, ahead]) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = ahead
        yield* seats.list(source)
        yield* knows(seats, ahead)
        yield* TestClock.adjust("3 hours")
        yield* knows(seats, ahead)
      })
    )
  )

  it.effect("is exactly the machine's time if that is within the bounds of the answers", () =>
    withSeats((seats) =>
      Effect.gen(function* () {
        yield* TestClock.adjust(321)
        yield* seats.list(source)
        assert.deepEqual(yield* aheadOf(seats), { clock: "Polar", ahead: 0 })
      })
    )
  )

  it.effect("is as exact as the round trip and a second, and every quicker answer makes it more exact", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = hour
        const listed = (travel: Duration.Input, pause: number) =>
          Effect.gen(function* () {
            yield* TestClock.adjust(pause)
            script.travel = travel
            const fiber = yield* Effect.forkChild(seats.list(source), { startImmediately: true })
            for (let times = 0; times < 4; times++) yield* TestClock.adjust(travel)
            yield* Fiber.await(fiber)
          })
        yield* listed("4 seconds", 300)
        yield* knows(seats, hour, 4 * second + second)
        yield* listed("10 millis", 990)
        yield* knows(seats, hour, 520)
        yield* listed("10 millis", 400)
        yield* listed("10 millis", 730)
        yield* listed("10 millis", 170)
        const exact = yield* aheadOf(seats)
        assert.approximately(exact.ahead, hour, 350)
        // A slow answer takes nothing away
        yield* listed("9 seconds", 100)
        yield* knows(seats, exact.ahead, 2)
      })
    )
  )

  it.effect.each([
    ["no Date", () => ({})],
    ["a text that is no date", () => ({ date: "soon" })],
    ["a number", () => ({ date: "1" })],
    ["an empty Date", () => ({ date: "" })],
    ["a date of another format", () => ({ date: "2026-11-30T12:00:00Z" })],
    ["a day that no month has", () => ({ date: "Mon, 31 Nov 2026 12:00:00 GMT" })],
    ["the wrong day of the week", () => ({ date: "Tue, 30 Nov 2026 12:00:00 GMT" })],
    ["two Dates", (date: string) => ({ date: `${date}, ${date}` })],
    ["a Date from a cache", (date: string) => ({ date, age: "0" })],
    ["a Date that is a year ahead", () => ({ date: imf(start + 365 * day) })],
    ["a Date that is a year behind", () => ({ date: imf(start - 365 * day) })]
  ] as const)("stays the machine's after answers with %s", ([, headers]) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = hour
        script.headers = headers
        yield* seats.list(source)
        yield* seats.resend(seatId)
        yield* seats.list(source)
        assert.strictEqual(script.asked, 3)
        yield* knowsNothing(seats)
        // And what is known stays known
        script.headers = (date) => ({ date })
        yield* seats.list(source)
        script.headers = headers
        yield* seats.list(source)
        yield* seats.resend(seatId)
        yield* knows(seats, hour)
      })
    )
  )

  it.effect.each([
    ["a failure of the server", () => new Response(null, { status: 502 })],
    ["a 429", () => new Response(null, { status: 429 })],
    ["a page of a proxy", () => new Response("<html></html>", { status: 200 })],
    ["a refusal that Polar does not know", () => Response.json({ error: "Denied" }, { status: 403 })],
    ["a redirect", () => new Response(null, { status: 302 })]
  ] as const)("learns nothing from %s", ([, answer]) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = hour
        script.answer = answer
        assert.isTrue(Result.isFailure(yield* Effect.result(seats.list(source))))
        yield* knowsNothing(seats)
      })
    )
  )

  it.effect("learns from a refusal of Polar", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = hour
        script.answer = () => Response.json({ error: "SeatNotPending", detail: "" }, { status: 400 })
        assert.strictEqual((yield* Effect.flip(seats.resend(seatId)))._tag, "AlreadyClaimed")
        yield* knows(seats, hour)
      })
    )
  )

  it.effect.each([
    ["the first list", 0],
    ["a later list", 1]
  ] as const)("is not led astray by one odd Date in %s, which is read again at once", ([, before]) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = before * hour
        for (let times = 0; times < before; times++) yield* seats.list(source)
        const asked = script.asked
        script.headers = (date) => ({ date: script.asked === asked + 1 ? imf(start + 40 * day) : date })
        yield* seats.list(source)
        assert.strictEqual(script.asked, asked + 2)
        yield* knows(seats, before * hour)
        yield* seats.list(source)
        assert.strictEqual(script.asked, asked + 3, "nothing is in doubt any more")
      })
    )
  )

  it.effect("is not led astray by an odd Date of a mail, which is never sent again", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = hour
        yield* seats.list(source)
        const asked = script.asked
        script.headers = () => ({ date: imf(start + 40 * day) })
        yield* seats.resend(seatId)
        assert.strictEqual(script.asked, asked + 1)
        yield* knows(seats, hour)
        script.headers = (date) => ({ date })
        yield* seats.resend(seatId)
        script.headers = () => ({ date: imf(start - 40 * day) })
        yield* seats.resend(seatId)
        yield* knows(seats, hour)
      })
    )
  )

  it.effect("drops an odd Date of the first mail as soon as the next answer agrees with the machine", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.headers = () => ({ date: imf(start + 40 * day) })
        yield* seats.resend(seatId)
        script.headers = (date) => ({ date })
        yield* seats.resend(seatId)
        yield* knows(seats, 0)
      })
    )
  )

  it.effect("follows Polar's clock at once if a list shows that it was moved, and after two answers of mails", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        yield* seats.list(source)
        script.ahead = day
        yield* seats.list(source)
        yield* knows(seats, day)
        script.ahead = -hour
        yield* seats.resend(seatId)
        yield* seats.resend(seatId)
        yield* knows(seats, -hour)
      })
    )
  )

  it.effect("keeps the answer of a doubtful list if the second one fails", () =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        yield* seats.list(source)
        script.ahead = day
        script.answer = () => (script.asked === 3 ? new Response(null, { status: 502 }) : Response.json(emptyList))
        assert.strictEqual((yield* seats.list(source)).totalSeats, 0)
        assert.strictEqual(script.asked, 3)
        yield* knows(seats, 0)
      })
    )
  )

  it.effect.each([
    ["fails", () => new Response(null, { status: 502 }), imf(start + day)],
    ["has no Date", () => Response.json(emptyList), undefined],
    ["has another odd Date", () => Response.json(emptyList), imf(start + 2 * day)]
  ] as const)("believes no odd Date of the first list if the second one %s, and says so", ([, answer, date]) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        const isSecond = () => script.asked === 2
        script.headers = () => (isSecond() ? (date === undefined ? {} : { date }) : { date: imf(start + day) })
        script.answer = () => (isSecond() ? answer() : Response.json(emptyList))
        assert.strictEqual((yield* seats.list(source)).totalSeats, 0)
        assert.strictEqual(script.asked, 2)
        yield* knowsNothing(seats)
      })
    )
  )

  it.effect("belongs to one `Seats`, even if several share a client and its options", () =>
    withSeats((seats, script, client) =>
      Effect.gen(function* () {
        const other = yield* Effect.provideService(
          PortalSeats.make({ token: Redacted.make("polar_cst_other"), times: 0 }),
          HttpClient.HttpClient,
          client
        )
        script.ahead = hour
        yield* seats.list(source)
        yield* knows(seats, hour)
        yield* knowsNothing(other)
      })
    )
  )
})

describe("a clock of the machine that is set between two calls", () => {
  it.effect.each([-6 * hour, 6 * hour, 400 * day])("does not move Polar's time: %s ms", (step) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        let offset = 0
        const steady = yield* Clock.clockWith(Effect.succeed)
        const machine: Clock.Clock = {
          ...steady,
          currentTimeMillisUnsafe: () => steady.currentTimeMillisUnsafe() + offset,
          currentTimeMillis: Effect.sync(() => steady.currentTimeMillisUnsafe() + offset)
        }
        const millis = Effect.map(seats.now, ({ now }) => now.epochMilliseconds)
        yield* Effect.gen(function* () {
          yield* seats.list(source)
          offset = step
          // The scripted Polar reads the same clock
          script.ahead = -step
          assert.approximately(yield* millis, start, second)
          yield* TestClock.adjust("1 minute")
          assert.approximately(yield* millis, start + minute, second)
          yield* seats.list(source)
          yield* seats.resend(seatId)
          assert.approximately(yield* millis, start + minute, second)
          assert.strictEqual(script.asked, 3)
        }).pipe(Effect.provideService(Clock.Clock, machine))
      })
    )
  )
})

describe("a Retry-After that is a date", () => {
  it.effect.each([-hour, 0, hour])("counts from the Date of its answer, with Polar %s ms ahead", (ahead) =>
    withSeats((seats, script) =>
      Effect.gen(function* () {
        script.ahead = ahead
        script.answer = () => new Response(null, { status: 429 })
        script.headers = (date) => ({ date, "retry-after": imf(Date.parse(date) + 20 * second) })
        const error = yield* Effect.flip(seats.list(source))
        assert.deepInclude(error, { _tag: "RateLimited", retryAfter: Duration.seconds(20) })
      })
    )
  )
})

const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["Node's http", NodeHttpClient.layerNodeHttp],
  ["our undici", UndiciTransport.layer],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer]
] as const

describe.each(clients)("by %s", (_, client) => {
  const surfaces = [
    ["PortalSeats", PortalSeats.layer, tokens.customer],
    ["OrganizationSeats", OrganizationSeats.layer, tokens.organization]
  ] as const

  it.live.each(surfaces)("%s knows the time of an emulator, also after its clock was moved", ([, layer, token]) =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
      const seats = Context.get(yield* Layer.build(layer({ token: Redacted.make(token), baseUrl })), Seats)
      const agrees = Effect.gen(function* () {
        const { clock, now } = yield* seats.now
        assert.strictEqual(clock, "Polar")
        assert.approximately(now.epochMilliseconds, (yield* emulator.now).epochMilliseconds, 1500)
      })
      for (const hours of [0, 24, -25, 1]) {
        yield* emulator.advance(Duration.hours(hours))
        yield* seats.list(SeatSource.Subscription({ id: subscription }))
        yield* agrees
      }
      yield* emulator.advance("1 day")
      yield* Effect.ignore(seats.resend(ids.live))
      yield* Effect.ignore(seats.resend(ids.claimed))
      yield* agrees
    }).pipe(
      Effect.provide(
        Emulator.layerServer(world).pipe(
          Layer.provideMerge(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })),
          Layer.provideMerge(client)
        )
      ),
      Effect.scoped
    )
  )

  it.live("two Date headers tell nothing", () =>
    Effect.gen(function* () {
      const ahead = Date.now() + hour
      const { url } = yield* serving((_, response) => {
        response.setHeader("date", [imf(ahead), imf(ahead)])
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify(emptyList))
      })
      const seats = yield* PortalSeats.make({ token, baseUrl: url })
      yield* seats.list(source)
      assert.strictEqual((yield* seats.now).clock, "Machine")
    }).pipe(Effect.provide(client), Effect.scoped)
  )
})

describe("layerForCustomer", () => {
  it.live("keeps Polar's time when it replaces its session", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.advance("1 day")
      const seats = yield* Seats
      yield* seats.list(SeatSource.Subscription({ id: subscription }))
      const first = yield* seats.now
      yield* emulator.advance("2 hours")
      yield* seats.list(SeatSource.Subscription({ id: subscription }))
      const second = yield* seats.now
      assert.strictEqual(first.clock, "Polar")
      assert.strictEqual(second.clock, "Polar")
      assert.approximately(second.now.epochMilliseconds, DateTime.toEpochMillis(yield* emulator.now), 1500)
    }).pipe(
      Effect.provide(
        PortalSeats.layerForCustomer({
          token: Redacted.make(tokens.sessions),
          customer: { id: buyer }
        }).pipe(Layer.provideMerge(Emulator.layer(world)))
      )
    )
  )
})
