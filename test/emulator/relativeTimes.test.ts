import { assert, describe, it } from "@effect/vitest"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { DateTime, Effect, Layer, Redacted, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { start } from "../laws/world.ts"

const uuid = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const token = "polar_cst_acme"

const worldWith = (seat: object, expiresAt: string | null = null): World.WorldInput => ({
  organizations: [{ slug: "acme" }],
  products: [{ id: uuid, organization: "acme" }],
  customers: [{ id: uuid, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: uuid, product: uuid, customer: uuid, seats: 1 }],
  seats: [{ subscriptionId: uuid, status: "pending", email: "ann@acme.com", ...seat }],
  tokens: [{ token, customer: uuid, expiresAt }]
})

const timesOf = (texts: Record<string, string>) =>
  Effect.gen(function* () {
    const { list } = yield* Seats
    const { seats } = yield* list(SeatSource.Subscription({ id: SubscriptionId.make(uuid) }))
    return seats.map((seat) =>
      [seat.createdAt, seat.invitationTokenExpiresAt, seat.claimedAt, seat.revokedAt].map((time) =>
        time === null ? null : DateTime.formatIso(time)
      )
    )
  }).pipe(Effect.provide(SeatsMemory.layer(worldWith(texts), token)))

const atStart = TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(start)))
const overHttp = PortalSeats.layer({ token: Redacted.make(token) })

describe("a relative time in a world", () => {
  it.effect("counts from the clock at the seed, in every field of a seat", () =>
    Effect.gen(function* () {
      yield* atStart
      assert.deepEqual(
        yield* timesOf({
          createdAt: "-1.5 days",
          invitationTokenExpiresAt: "+18 hours",
          claimedAt: "-90 minutes",
          revokedAt: "+0 seconds"
        }),
        [
          [
            "2026-11-22T00:00:00.000Z",
            "2026-11-24T06:00:00.000Z",
            "2026-11-23T10:30:00.000Z",
            "2026-11-23T12:00:00.000Z"
          ]
        ]
      )
      assert.deepEqual(yield* timesOf({ createdAt: "-1 week", claimedAt: "-1 milli", revokedAt: start }), [
        ["2026-11-16T12:00:00.000Z", null, "2026-11-23T11:59:59.999Z", "2026-11-23T12:00:00.000Z"]
      ])
    })
  )

  it.effect("ends a session", () =>
    Effect.gen(function* () {
      const { list } = yield* Seats
      const source = SeatSource.Subscription({ id: SubscriptionId.make(uuid) })
      yield* list(source)
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual((yield* Effect.flip(list(source)))._tag, "Unauthorized")
    }).pipe(Effect.provide(SeatsMemory.layer(worldWith({}, "+1 hour"), token)))
  )

  it.effect(
    "counts from the reset clock in the JSON of the control API, wherever the emulator's clock was moved to",
    () =>
      Effect.gen(function* () {
        yield* atStart
        const { advance, seedJson } = yield* Emulator.Emulator
        yield* advance("300 days")
        const { seats: _seats, ...rest } = worldWith({})
        const seat = {
          subscription_id: uuid,
          status: "pending",
          email: "ann@acme.com",
          invitation_token_expires_at: "-6 hours"
        }
        yield* seedJson(JSON.stringify({ ...rest, seats: [seat] }))
        const { seats } = yield* Seats.use(({ list }) =>
          list(SeatSource.Subscription({ id: SubscriptionId.make(uuid) }))
        )
        assert.deepEqual(
          seats.map(({ invitationTokenExpiresAt }) => String(invitationTokenExpiresAt)),
          ["DateTime.Utc(2026-11-23T06:00:00.000Z)"]
        )
      }).pipe(Effect.provide(overHttp.pipe(Layer.provideMerge(Emulator.layer({})))))
  )

  it.effect.each([
    "6 hours",
    "+6",
    "- 6 hours",
    "+6 fortnights",
    "-6hours",
    "soon",
    "+-6 hours",
    "+1e3 hours",
    "",
    "+6 hours ",
    "2026-02-30T00:00:00Z"
  ])("that is none is refused with its path: %j", (text) =>
    Effect.gen(function* () {
      const issues = Result.match(World.load(worldWith({ claimedAt: text }, text)), {
        onFailure: ({ issues }) => issues,
        onSuccess: () => []
      })
      const message =
        "is neither a date and time such as 2026-11-23T12:00:00Z nor a time relative to the seed such as -6 hours or +18 hours"
      assert.deepEqual(issues, [
        { path: ["seats", 0, "claimedAt"], message },
        { path: ["tokens", 0, "expiresAt"], message }
      ])
      const { seedJson } = yield* Emulator.Emulator
      const refused = yield* Effect.flip(
        seedJson({ seats: [{ status: "pending", invitation_token_expires_at: text }] })
      )
      assert.deepEqual(refused.issues, [{ path: ["seats", 0, "invitation_token_expires_at"], message }])
    }).pipe(Effect.provide(Emulator.layer({})))
  )

  it("is refused beyond a thousand years, where no clock could show it", () => {
    const load = (text: string) => Result.isSuccess(World.load(worldWith({ createdAt: text })))
    assert.deepEqual(["+365000 days", "-365000 days", "+365001 days", `-${"9".repeat(400)} weeks`].map(load), [
      true,
      true,
      false,
      false
    ])
  })

  const decode = Schema.decodeUnknownSync(World.World)
  const encode = Schema.encodeSync(World.World)
  it.prop(
    "is written as it was read",
    [Schema.Int.check(Schema.isBetween({ minimum: -1e12, maximum: 1e12 }))],
    ([millis]) => {
      const world = decode(worldWith({ createdAt: `${millis < 0 ? "" : "+"}${millis} millis` }))
      assert.deepEqual(decode(encode(world)), world)
    }
  )

  it("is written in the longest unit that divides it", () => {
    const written = (text: string) => encode(decode(worldWith({ createdAt: text }))).seats?.[0]?.createdAt
    assert.deepEqual(["-360 minutes", "+18 hours", "+48 hours", "-0 hours", "+1 milli", start].map(written), [
      "-6 hours",
      "+18 hours",
      "+2 days",
      "+0 weeks",
      "+1 millis",
      start
    ])
  })

  it("is filled in by a team alone: the long form keeps null where it says nothing", () => {
    const world = Result.getOrThrow(World.load(worldWith({})))
    assert.deepEqual(
      world.seats?.map(({ createdAt, invitationToken, invitationTokenExpiresAt }) => [
        createdAt,
        invitationToken,
        invitationTokenExpiresAt
      ]),
      [[null, null, null]]
    )
  })
})
