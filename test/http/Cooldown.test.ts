import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { Seat } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"
import { type ResendError, Seats } from "@polar-seats/domain/Seats"
import * as Cooldown from "@polar-seats/http/Cooldown"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Config, ConfigProvider, Context, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { assignLaws } from "../laws/assign.ts"
import { claimedSubscriptionsLaws } from "../laws/claimedSubscriptions.ts"
import { assign, list, ofSubscription, recipients, resend, revoke } from "../laws/law.ts"
import { obeys } from "../laws/laws.ts"
import { listLaws } from "../laws/list.ts"
import { resendLaws } from "../laws/resend.ts"
import { revokeLaws } from "../laws/revoke.ts"
import { seats as ids, single, start, tokens, world } from "../laws/world.ts"

const at = DateTime.makeUnsafe(start)
const atStart = TestClock.setTime(DateTime.toEpochMillis(at))
const after = (seconds: number) => DateTime.add(at, { seconds })

const memory = Layer.orDie(SeatsMemory.layer(world, tokens.customer))
const limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))
const around = <A>(seats: Layer.Layer<A | Seats>, options?: Cooldown.Options) =>
  Layer.orDie(Cooldown.layer(options)).pipe(Layer.provide(limiter), Layer.provideMerge(seats))

const run = <A, E, R>(effect: Effect.Effect<A, E, R | Seats | Outbox>, options?: Cooldown.Options) =>
  Effect.andThen(atStart, Effect.provide(effect, around(memory, options)))

const refusedUntil = Effect.fnUntraced(function* <A, E extends object>(
  attempt: Effect.Effect<A, E, Seats>,
  again: DateTime.Utc,
  seatId: string = ids.live
) {
  const error: object = yield* Effect.flip(attempt)
  assert.deepEqual({ ...error }, { _tag: "ResentRecently", seatId, again })
})

const seat = resend(ids.live)
const zoe = {
  source: AssignmentSource.Subscription({ id: single }),
  recipient: Recipient.Email({ email: "zoe@acme.com" })
}

const { NotSent, OutcomeUnknown, ServerFailed, UnexpectedResponse } = SeatError.UnavailableReason.cases
const unavailable = (reason: SeatError.UnavailableReason) =>
  new SeatError.Unavailable({ operation: "Seats.resend", reason })

/** `Seats` that counts its resends and answers each with the given result. */
const scripted = (script: (nth: number) => Effect.Effect<Seat, ResendError>) => {
  const state = { resends: 0 }
  return {
    state,
    layer: Layer.mock(Seats, { resend: () => Effect.suspend(() => script(++state.resends)) })
  }
}

describe("a cooldown", () => {
  it.effect("fails a second resend until the window ends, and names that time", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        yield* refusedUntil(resend(ids.live), after(60))
        yield* TestClock.adjust("59999 millis")
        yield* refusedUntil(resend(ids.live), after(60))
        assert.deepEqual(yield* recipients, ["ann@acme.com"])
        yield* TestClock.adjust("1 milli")
        yield* resend(ids.live)
        assert.deepEqual(yield* recipients, ["ann@acme.com", "ann@acme.com"])
        yield* refusedUntil(resend(ids.live), after(120))
      })
    )
  )

  it.effect("does not affect other seats", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        yield* resend(ids.unlimited)
        assert.deepEqual(yield* recipients, ["ann@acme.com", "uli@acme.com"])
      })
    )
  )

  it.effect("lasts as long as the option `window` says", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        yield* refusedUntil(resend(ids.live), after(86_400))
        yield* TestClock.adjust("1 day")
        yield* resend(ids.live)
      }),
      { window: "1 day" }
    )
  )

  it.effect("is not prolonged by the resends that it refuses", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        yield* TestClock.adjust("30 seconds")
        yield* refusedUntil(resend(ids.live), after(60))
        yield* refusedUntil(resend(ids.live), after(60))
        yield* TestClock.adjust("30 seconds")
        yield* resend(ids.live)
      })
    )
  )

  it.effect("names the end of the window in the error message", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        const { message } = yield* Effect.flip(resend(ids.live))
        assert.strictEqual(
          message,
          `Seat ${ids.live} was mailed an invitation a short while ago, so nothing was mailed now. Resend it from 2026-11-23T12:01:00.000Z on.`
        )
      })
    )
  )

  it.effect("fails with an error that is not safe to retry", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        assert.isFalse(SeatError.isSafeToRetry(yield* Effect.flip(resend(ids.live))))
      })
    )
  )

  it.effect("does not affect reads and revocations", () =>
    run(
      Effect.gen(function* () {
        yield* resend(ids.live)
        assert.strictEqual((yield* list(ofSubscription)).seats.length > 0, true)
        assert.strictEqual((yield* revoke(ids.live)).status, "revoked")
      })
    )
  )

  it.effect("lets one of many simultaneous resends through", () =>
    run(
      Effect.gen(function* () {
        const exits = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.exit(resend(ids.live)), {
          concurrency: "unbounded"
        })
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        assert.deepEqual(yield* recipients, ["ann@acme.com"])
      })
    )
  )

  it.effect("is shared by the processes on one store, and only by those", () =>
    Effect.gen(function* () {
      yield* atStart
      const seats = yield* Layer.build(memory)
      const store = yield* Layer.build(RateLimiter.layerStoreMemory)
      const start = (store: Context.Context<RateLimiter.RateLimiterStore>) =>
        Effect.map(
          Layer.build(
            Cooldown.layer().pipe(
              Layer.provide(Layer.fresh(RateLimiter.layer)),
              Layer.provide(Layer.succeedContext(store)),
              Layer.provide(Layer.succeedContext(seats))
            )
          ),
          Context.get(Seats)
        )
      const [one, two] = [yield* start(store), yield* start(store)]
      const attempts = [one, two, one, two].map((seats) => Effect.exit(seats.resend(ids.live)))
      const exits = yield* Effect.all(attempts, { concurrency: "unbounded" })
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
      assert.strictEqual((yield* Context.get(seats, Outbox).mails).length, 1)
      yield* TestClock.adjust("1 minute")
      yield* two.resend(ids.live)
      assert.strictEqual((yield* Effect.flip(one.resend(ids.live)))._tag, "ResentRecently")

      const apart = yield* start(yield* Layer.build(Layer.fresh(RateLimiter.layerStoreMemory)))
      yield* apart.resend(ids.live)
      assert.strictEqual((yield* Context.get(seats, Outbox).mails).length, 3)
    }).pipe(Effect.scoped)
  )
})

describe("a resend that mailed nobody starts no cooldown:", () => {
  const nothingHappened: ReadonlyArray<readonly [string, ResendError]> = [
    ["NotFound", new SeatError.NotFound({ resource: "seat", id: ids.live })],
    ["AlreadyClaimed", new SeatError.AlreadyClaimed({ seatId: ids.live })],
    ["Unauthorized", new SeatError.Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" })],
    ["Forbidden", new SeatError.Forbidden({ reason: "Role" })],
    ["InvitationUnavailable", new SeatError.InvitationUnavailable({ seatId: ids.live })],
    ["InvalidRequest", new SeatError.InvalidRequest({ issues: [] })],
    ["RateLimited", new SeatError.RateLimited({ retryAfter: Duration.seconds(5) })],
    ["NotSent", unavailable(NotSent.make({ description: "" }))],
    ["an undocumented refusal", unavailable(UnexpectedResponse.make({ status: 418, description: "" }))],
    [
      "a session that could not be created",
      new SeatError.Unavailable({ operation: "CustomerSessions.create", reason: ServerFailed.make({ status: 500 }) })
    ]
  ]
  it.effect.each(nothingHappened)("%s", ([, error]) =>
    Effect.gen(function* () {
      yield* atStart
      const mailed = yield* Effect.provide(seat, memory)
      const { layer, state } = scripted((nth) => (nth === 1 ? Effect.fail(error) : Effect.succeed(mailed)))
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* Effect.flip(resend(ids.live)), error)
        yield* resend(ids.live)
        yield* refusedUntil(resend(ids.live), after(60))
        assert.strictEqual(state.resends, 2)
      }).pipe(Effect.provide(around(layer)))
    })
  )

  it.effect("but it holds one while it runs", () =>
    Effect.gen(function* () {
      yield* atStart
      const refusal = new SeatError.AlreadyClaimed({ seatId: ids.live })
      const { layer, state } = scripted(() => Effect.delay(Effect.fail(refusal), "5 seconds"))
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(Effect.flip(resend(ids.live)))
        yield* TestClock.adjust("4 seconds")
        yield* refusedUntil(resend(ids.live), after(60))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(first), refusal)
        const second = yield* Effect.forkChild(Effect.flip(resend(ids.live)))
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(yield* Fiber.join(second), refusal)
        assert.strictEqual(state.resends, 2)
      }).pipe(Effect.provide(around(layer)))
    })
  )

  it.effect("but a late refusal does not end the cooldown of the next resend", () =>
    Effect.gen(function* () {
      yield* atStart
      const mailed = yield* Effect.provide(seat, memory)
      const refusal = new SeatError.AlreadyClaimed({ seatId: ids.live })
      const { layer, state } = scripted((nth) =>
        nth === 1 ? Effect.delay(Effect.fail(refusal), "70 seconds") : Effect.succeed(mailed)
      )
      yield* Effect.gen(function* () {
        const late = yield* Effect.forkChild(Effect.flip(resend(ids.live)))
        yield* TestClock.adjust("60 seconds")
        yield* resend(ids.live)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* Fiber.join(late), refusal)
        yield* refusedUntil(resend(ids.live), after(120))
        assert.strictEqual(state.resends, 2)
      }).pipe(Effect.provide(around(layer)))
    })
  )
})

describe("a resend that may have mailed starts the cooldown:", () => {
  const doubts: ReadonlyArray<readonly [string, SeatError.UnavailableReason]> = [
    ["OutcomeUnknown", OutcomeUnknown.make({ description: "" })],
    ["ServerFailed", ServerFailed.make({ status: 502 })],
    ["an unreadable 200", UnexpectedResponse.make({ status: 200, description: "" })],
    ["a 408", UnexpectedResponse.make({ status: 408, description: "" })]
  ]
  it.effect.each(doubts)("%s", ([, reason]) =>
    Effect.gen(function* () {
      yield* atStart
      const { layer, state } = scripted(() => Effect.fail(unavailable(reason)))
      yield* Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(resend(ids.live)))._tag, "Unavailable")
        yield* refusedUntil(resend(ids.live), after(60))
        assert.strictEqual(state.resends, 1)
      }).pipe(Effect.provide(around(layer)))
    })
  )

  it.effect("an interruption", () =>
    Effect.gen(function* () {
      yield* atStart
      const { layer, state } = scripted(() => Effect.never)
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(resend(ids.live))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(first)
        yield* refusedUntil(resend(ids.live), after(60))
        assert.strictEqual(state.resends, 1)
      }).pipe(Effect.provide(around(layer)))
    })
  )

  it.effect("a defect", () =>
    Effect.gen(function* () {
      yield* atStart
      const { layer } = scripted(() => Effect.die("a bug"))
      yield* Effect.gen(function* () {
        assert.isTrue(Exit.hasDies(yield* Effect.exit(resend(ids.live))))
        yield* refusedUntil(resend(ids.live), after(60))
      }).pipe(Effect.provide(around(layer)))
    })
  )
})

describe("an assignment", () => {
  it.effect.each([0, 10])(
    "keeps its cooldown if it mails the row of a resend that began %i seconds earlier and is then refused",
    (seconds) => {
      const refused = scripted(() =>
        Effect.andThen(
          Effect.sleep("11 seconds"),
          Effect.fail(new SeatError.NotFound({ resource: "seat", id: ids.live }))
        )
      )
      const layer = Layer.effect(
        Seats,
        Effect.gen(function* () {
          const { resend } = yield* Seats
          const { seats } = yield* Effect.provide(list(ofSubscription), memory)
          const given = yield* Effect.fromNullishOr(seats.find(({ id }) => id === ids.live))
          return Seats.of({ ...(yield* Seats), resend, assign: () => Effect.succeed(given) })
        })
      ).pipe(Layer.provide(refused.layer), Layer.orDie)
      return Effect.gen(function* () {
        yield* atStart
        const first = yield* Effect.forkChild(Effect.flip(seat))
        yield* TestClock.adjust(`${seconds} seconds`)
        yield* assign(zoe)
        yield* TestClock.adjust(`${11 - seconds} seconds`)
        assert.strictEqual((yield* Fiber.join(first))._tag, "NotFound")
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(seat))._tag, "ResentRecently")
        assert.strictEqual(refused.state.resends, 1)
      }).pipe(Effect.provide(around(layer)))
    }
  )

  it.effect("starts the cooldown of its seat", () =>
    run(
      Effect.gen(function* () {
        const { id } = yield* assign(zoe)
        yield* refusedUntil(resend(id), after(60), id)
        yield* TestClock.adjust("1 minute")
        yield* resend(id)
        assert.deepEqual(yield* recipients, ["zoe@acme.com", "zoe@acme.com"])
      })
    )
  )

  it.effect("is never refused, and restarts the cooldown if Polar uses the row again", () =>
    run(
      Effect.gen(function* () {
        const { id } = yield* assign(zoe)
        yield* TestClock.adjust("25 seconds")
        yield* revoke(id)
        assert.strictEqual((yield* assign(zoe)).id, id, "Polar uses the row again")
        yield* refusedUntil(resend(id), after(85), id)
        yield* TestClock.adjust("59999 millis")
        yield* refusedUntil(resend(id), after(85), id)
        yield* TestClock.adjust("1 milli")
        yield* resend(id)
        yield* refusedUntil(resend(id), after(145), id)
      })
    )
  )

  it.effect("with an immediate claim mails nobody and starts no cooldown", () =>
    run(
      Effect.gen(function* () {
        const { id } = yield* assign({ ...zoe, immediateClaim: true })
        assert.strictEqual((yield* Effect.flip(resend(id)))._tag, "AlreadyClaimed")
      })
    )
  )

  it.effect("starts no cooldown if it fails", () =>
    run(
      Effect.gen(function* () {
        const { id } = yield* assign(zoe)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Effect.flip(assign(zoe)))._tag, "NoSeatAvailable")
        yield* resend(id)
      })
    )
  )
})

describe("if the store", () => {
  const error = new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "down" }) })
  const broken: ReadonlyArray<readonly [string, Effect.Effect<never, RateLimiter.RateLimiterError>]> = [
    ["fails", Effect.fail(error)],
    ["never answers", Effect.never]
  ]
  const onStore = (fixedWindow: RateLimiter.RateLimiterStore["Service"]["fixedWindow"]) =>
    Layer.orDie(Cooldown.layer()).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provide(Layer.mock(RateLimiter.RateLimiterStore, { fixedWindow })),
      Layer.provideMerge(memory)
    )

  describe.each(broken)("%s", (_, answer) => {
    it.effect("a resend is not sent, and the error says so", () =>
      Effect.gen(function* () {
        yield* atStart
        yield* Effect.gen(function* () {
          const attempt = yield* Effect.forkChild(Effect.flip(resend(ids.live)))
          yield* TestClock.adjust("5 seconds")
          const error = yield* Fiber.join(attempt)
          assert.isTrue(error._tag === "Unavailable" && error.reason._tag === "NotSent" && !error.mayHaveHappened)
          assert.strictEqual(
            error.message,
            "The request was not sent: the store of the cooldown could not say whether the seat was mailed already. It is safe to retry."
          )
          assert.deepEqual(yield* recipients, [])
        }).pipe(Effect.provide(onStore(() => answer)))
      })
    )

    it.effect("an assignment is sent all the same", () =>
      Effect.gen(function* () {
        yield* atStart
        yield* Effect.gen(function* () {
          const attempt = yield* Effect.forkChild(assign(zoe))
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* Fiber.join(attempt)).email, "zoe@acme.com")
        }).pipe(Effect.provide(onStore(() => answer)))
      })
    )

    it.effect("the cooldown runs on, because the store cannot release it", () =>
      Effect.gen(function* () {
        yield* atStart
        const store = Context.get(yield* Layer.build(RateLimiter.layerStoreMemory), RateLimiter.RateLimiterStore)
        yield* Effect.gen(function* () {
          const attempt = yield* Effect.forkChild(Effect.flip(resend(ids.claimed)))
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* Fiber.join(attempt))._tag, "AlreadyClaimed")
          yield* refusedUntil(resend(ids.claimed), after(60), ids.claimed)
        }).pipe(Effect.provide(onStore((options) => (options.tokens < 0 ? answer : store.fixedWindow(options)))))
      }).pipe(Effect.scoped)
    )
  })
})

describe("the options", () => {
  it.effect.each([Duration.infinity, "-1 seconds"] as ReadonlyArray<Duration.Input>)(
    "reject a window of %s with InvalidOption",
    (window) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Layer.build(Cooldown.layer({ window }).pipe(Layer.provide(limiter), Layer.provide(memory)))
        )
        assert.deepEqual(error, new PolarConnection.InvalidOption({ option: "window", problem: error.problem }))
        assert.strictEqual(error.message, "The option window must be zero or a finite duration.")
      }).pipe(Effect.scoped)
  )

  it.effect("can come from the configuration", () =>
    Effect.gen(function* () {
      yield* atStart
      yield* Effect.gen(function* () {
        yield* resend(ids.live)
        yield* refusedUntil(resend(ids.live), after(90))
      }).pipe(
        Effect.provide(
          Cooldown.layerConfig({ window: Config.Duration("COOLDOWN") }).pipe(
            Layer.provide(limiter),
            Layer.provideMerge(memory),
            Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ COOLDOWN: "90 seconds" })))
          )
        )
      )
    })
  )
})

const surfaces = [
  { surface: "portal", name: "PortalSeats", polar: PortalSeats.layer, token: tokens.customer },
  { surface: "organization", name: "OrganizationSeats", polar: OrganizationSeats.layer, token: tokens.organization }
] as const

describe.each(surfaces)("around $name", ({ polar, surface, token }) => {
  const overEmulator = (token: string) =>
    Layer.orDie(polar({ token: Redacted.make(token), times: 0 }).pipe(Layer.provideMerge(Emulator.layer(world))))

  it.effect("one request is sent", () =>
    Effect.gen(function* () {
      yield* atStart
      yield* Effect.gen(function* () {
        yield* resend(ids.live)
        yield* refusedUntil(resend(ids.live), after(60))
        assert.deepEqual(yield* recipients, ["ann@acme.com"])
        assert.strictEqual((yield* (yield* Emulator.Emulator).requests).length, 1)
      }).pipe(Effect.provide(around(overEmulator(token))))
    })
  )

  describe("a cooldown of zero obeys the laws", () => {
    obeys(
      { surface, layer: (token) => Layer.unwrap(Effect.as(atStart, around(overEmulator(token), { window: 0 }))) },
      it.effect
    )
  })
})

describe("around SeatsMemory, a cooldown obeys every law except the one that resends twice", () => {
  const laws = [...resendLaws, ...listLaws, ...assignLaws, ...revokeLaws, ...claimedSubscriptionsLaws]
  const bound = laws.filter(
    ({ name, surface = "portal" }) => surface === "portal" && !name.startsWith("each resend mails again")
  )
  it.effect.each(bound)("$name", ({ holds, token = tokens.customer }) =>
    Effect.andThen(atStart, Effect.provide(holds, around(Layer.orDie(SeatsMemory.layer(world, token)))))
  )
})

describe("around SeatsMemory, a cooldown of zero obeys the laws", () => {
  obeys(
    {
      surface: "portal",
      layer: (token) =>
        Layer.unwrap(Effect.as(atStart, around(Layer.orDie(SeatsMemory.layer(world, token)), { window: 0 })))
    },
    it.effect
  )
})
