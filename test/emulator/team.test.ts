import { assert, describe, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { DateTime, Effect, Layer, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { expectTypeOf } from "vitest"

const team = World.team({
  seats: 5,
  pending: ["ann@acme.com"],
  expired: ["eve@acme.com"],
  claimed: ["ben@acme.com"]
})

const states = Effect.gen(function* () {
  const { list, now } = yield* Seats
  const { availableSeats, seats } = yield* list(team.source)
  const at = (yield* now).now
  return [
    availableSeats,
    ...seats.map((seat) => `${seat.holderEmail} ${seat.status} ${seat.invitation(at)._tag}`).toSorted()
  ]
})
const asWanted = [2, "ann@acme.com pending Live", "ben@acme.com claimed None", "eve@acme.com pending Expired"]

const overHttp = (token: Redacted.Redacted<string> = team.token) =>
  Layer.mergeAll(PortalSeats.layer({ token }), SeatClaims.layer({})).pipe(Layer.provideMerge(Emulator.layer(team)))
const asOrganization = OrganizationSeats.layer({ token: team.organizationToken }).pipe(
  Layer.provideMerge(Emulator.layer(team))
)

describe.each([
  { name: "in memory", polar: SeatsMemory.layer(team) },
  { name: "in memory, as the organization", polar: SeatsMemory.layer(team, team.organizationToken) },
  { name: "on the emulator", polar: overHttp() },
  { name: "on the emulator, as the organization", polar: asOrganization }
])("a team $name", ({ polar }) => {
  it.effect("is relative to the clock of the test, which starts in 1970", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* states, asWanted)
      yield* TestClock.adjust("19 hours")
      assert.include(yield* states, "ann@acme.com pending Expired")
    }).pipe(Effect.provide(polar))
  )

  it.effect("is relative to the time at which the layer is built, not the value", () =>
    Effect.andThen(
      TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2031-05-01T00:00:00Z"))),
      Effect.provide(
        Effect.map(states, (found) => assert.deepEqual(found, asWanted)),
        polar
      )
    )
  )

  it.live("is relative to the machine's clock without a test clock", () =>
    Effect.provide(
      Effect.map(states, (found) => assert.deepEqual(found, asWanted)),
      polar
    )
  )

  it.effect("tells the ids of its seats, and mails the tokens that it tells", () =>
    Effect.gen(function* () {
      const { assign, resend } = yield* Seats
      assert.strictEqual((yield* resend(team.seatOf("ann@acme.com"))).memberId, team.memberOf("ann@acme.com"))
      assert.strictEqual((yield* resend(team.seatOf("eve@acme.com"))).holderEmail, "eve@acme.com")
      assert.strictEqual((yield* Effect.flip(resend(team.seatOf("ben@acme.com"))))._tag, "AlreadyClaimed")
      const mails = yield* Outbox.use(({ mails }) => mails)
      assert.deepEqual(
        mails.map(({ to, token }) => [to, Redacted.value(token)]),
        [
          ["ann@acme.com", Redacted.value(team.invitationTokenOf("ann@acme.com"))],
          ["eve@acme.com", Redacted.value(team.invitationTokenOf("eve@acme.com"))]
        ]
      )
      const recipient = Recipient.Email({ email: "zoe@acme.com" })
      assert.strictEqual((yield* assign({ source: team.source, recipient })).subscriptionId, team.subscription)
    }).pipe(Effect.provide(polar))
  )
})

describe("a team", () => {
  it.effect("has invitations that can be claimed, and one that cannot", () =>
    Effect.gen(function* () {
      const { claim } = yield* SeatClaims.SeatClaims
      const { seat } = yield* claim(team.invitationTokenOf("ann@acme.com"))
      assert.strictEqual(seat.id, team.seatOf("ann@acme.com"))
      for (const email of ["eve@acme.com", "ben@acme.com"] as const) {
        assert.strictEqual((yield* Effect.flip(claim(team.invitationTokenOf(email))))._tag, "InvalidInvitation")
      }
    }).pipe(Effect.provide(overHttp()))
  )

  it.effect("has a session for each person, who may not mail invitations", () =>
    Effect.gen(function* () {
      const { resend } = yield* Seats
      const error = yield* Effect.flip(resend(team.seatOf("ann@acme.com")))
      assert.deepInclude(error, { _tag: "Forbidden", reason: "Role" })
    }).pipe(Effect.provide(overHttp(team.sessionOf("ben@acme.com"))))
  )

  it.effect("is seeded anew, relative to the clock of then, by the emulator's seed", () =>
    Effect.gen(function* () {
      const { seed } = yield* Emulator.Emulator
      yield* TestClock.adjust("300 days")
      yield* seed(team)
      assert.deepEqual(yield* states, asWanted)
      yield* seed({ ...team, seats: [] })
      assert.deepEqual(yield* states, [5])
    }).pipe(Effect.provide(overHttp()))
  )

  it.effect("is JSON that the control API reads", () =>
    Effect.gen(function* () {
      const { seedJson } = yield* Emulator.Emulator
      yield* TestClock.adjust("300 days")
      yield* seedJson(JSON.stringify(team))
      assert.deepEqual(yield* states, asWanted)
      assert.include(JSON.stringify(team), `"invitation_token_expires_at":"+18 hours"`)
    }).pipe(Effect.provide(overHttp()))
  )

  it("is a world, with the same ids and tokens each time", () => {
    const again = World.team({ seats: 9, pending: ["zoe@acme.com"] })
    assert.deepEqual(Result.getOrThrow(World.load(again)).subscriptions?.[0]?.seats, 9)
    assert.deepEqual(
      [again.seatOf("zoe@acme.com"), again.subscription, again.buyer, Redacted.value(again.token)],
      [team.seatOf("ann@acme.com"), team.subscription, team.buyer, "polar_cst_team"]
    )
    assert.strictEqual(Redacted.value(team.organizationToken), "polar_oat_team")
  })

  it("knows a person by every spelling of the address, and takes the compiler's help against others", () => {
    const spelled: string = "Ann@ACME.com"
    const some = World.team({ seats: 1, pending: ["ann@acme.com", spelled].slice(0, 1) })
    assert.strictEqual(some.seatOf(spelled), some.seatOf("ann@acme.com"))
    const ids = some.seats.map(({ id }) => id)
    assert.notInclude(ids, some.seatOf("nobody@acme.com"))
    expectTypeOf(team.seatOf).parameter(0).toEqualTypeOf<"ann@acme.com" | "eve@acme.com" | "ben@acme.com">()
    // @ts-expect-error: a misspelled key
    const wrong = World.team({ seats: 1, pendng: ["ann@acme.com"] })
    // @ts-expect-error: a world that is no team needs a token
    const tokenless = SeatsMemory.layer({ ...team })
    assert.isDefined([wrong, tokenless])
  })

  it.effect("may give the buyer a seat", () => {
    const withBuyer = World.team({ seats: 1, claimed: ["Billing@acme.com"] })
    return Effect.gen(function* () {
      const { seats } = yield* Seats.use(({ list }) => list(withBuyer.source))
      const [seat] = seats
      assert.deepEqual([seat?.member?.role, seat?.memberId], ["owner", withBuyer.memberOf("Billing@acme.com")])
    }).pipe(Effect.provide(SeatsMemory.layer(withBuyer, withBuyer.sessionOf("Billing@acme.com"))))
  })
})

describe("a team that contradicts itself", () => {
  const issuesOf = (input: unknown) =>
    Result.match(World.load(input), {
      onFailure: ({ issues }) => issues.map(({ message, path }) => `${path.join(".")} ${message}`),
      onSuccess: () => []
    })

  it("is refused with every problem, by the paths of its own input", () => {
    assert.deepEqual(
      issuesOf(
        World.team({
          seats: 3,
          pending: ["ann@acme.com", "ann@", "zoe@münchen.example"],
          expired: ["ANN@acme.com"],
          claimed: ["ann@acme.com", "zoe@xn--mnchen-3ya.example"]
        })
      ),
      [
        "seats is 3, but 6 people have a seat",
        "pending.1 is not an address that Polar accepts: There must be something after the @-sign.",
        "expired.0 is the same person as pending.0, and a person has one seat",
        "claimed.0 is the same person as pending.0, and a person has one seat",
        "claimed.1 is the same person as pending.2, and a person has one seat"
      ]
    )
  })

  it.each([
    [{ seats: -1 }, ["seats Expected a value greater than or equal to 0"]],
    [{ seats: 1.5 }, ["seats Expected an integer"]],
    [{}, ["seats Missing key"]],
    [{ seats: 1, pending: [1] }, ["pending.0 Expected string"]],
    [{ seats: 1, pending: "ann@acme.com" }, ["pending Expected array | undefined"]],
    [{ seats: 1, pendng: [] }, ["pendng Expected no excess property"]],
    [null, [" Expected object"]]
  ])("is refused without a crash if it is %j", (input, issues) => {
    // As a caller without a compiler
    const refused = Reflect.apply(World.team, undefined, [input])
    assert.deepEqual(issuesOf(refused), issues)
  })

  it("is refused as a copy and as JSON too, if somebody is in it twice", () => {
    for (const copy of [{ ...twice }, JSON.parse(JSON.stringify(twice))]) {
      assert.include(issuesOf(copy), "seats.1.id is also the id of another of the seats")
    }
  })

  const twice = World.team({ seats: 2, pending: ["ann@acme.com"], claimed: ["Ann@acme.com"] })
  it.effect.each([
    { name: "SeatsMemory.layer", build: Effect.asVoid(Layer.build(SeatsMemory.layer(twice))) },
    { name: "Emulator.layer", build: Effect.asVoid(Layer.build(Emulator.layer(twice))) }
  ])("fails as InvalidWorld in $name", ({ build }) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(build))
      assert.deepEqual(
        [error._tag, error.message],
        [
          "InvalidWorld",
          "The world is invalid, and was not loaded: claimed.0 is the same person as pending.0, and a person has one seat."
        ]
      )
    })
  )
})
