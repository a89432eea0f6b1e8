import { assert, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer, Redacted } from "effect"

const team = World.team({ seats: 2, pending: ["ann@acme.com"] })
const ann = team.seatOf("ann@acme.com")

it.effect("the callers of one world see the same seats, each with their own token", () =>
  Effect.gen(function* () {
    const { outbox, seats } = yield* SeatsMemory.make(team)
    yield* seats(team.token).resend(ann)
    assert.deepEqual(
      (yield* outbox.mails).map(({ to }) => to),
      ["ann@acme.com"]
    )
    assert.deepInclude(yield* Effect.flip(seats(team.sessionOf("ann@acme.com")).resend(ann)), { _tag: "Forbidden" })
    for (const token of ["", "polar_cst_stale", Redacted.make("polar_cst_stale")]) {
      assert.deepInclude(yield* Effect.flip(seats(token).resend(ann)), { _tag: "Unauthorized" })
    }
    const revoked = yield* seats("polar_oat_team").revoke(ann)
    assert.strictEqual(revoked.status, "revoked")
    assert.deepInclude(yield* Effect.flip(seats(team.token).resend(ann)), { _tag: "AlreadyClaimed" })
    assert.lengthOf(yield* outbox.mails, 1)
  })
)

it.effect("two worlds share nothing", () =>
  Effect.gen(function* () {
    const one = yield* SeatsMemory.make(team)
    const other = yield* SeatsMemory.make(team)
    yield* one.seats(team.token).resend(ann)
    assert.lengthOf(yield* other.outbox.mails, 0)
  })
)

it.effect("an invalid world is an error of its own", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(SeatsMemory.make(World.team({ seats: 0, pending: ["ann@acme.com"] })))
    assert.strictEqual(error._tag, "InvalidWorld")
  })
)

it.effect(
  "metadata with a number beyond 2^53 is as inexact in memory as over HTTP, and no number of it is lost",
  () => {
    const [seat = assert.fail()] = team.seats
    const world = { ...team, seats: [{ ...seat, seatMetadata: { desk: 7, ref: [2 ** 60] } }] }
    const seatsOf = Effect.flatMap(Seats, ({ list }) => list(team.source))
    const overHttp = Layer.provide(PortalSeats.layer({ token: team.token }), Emulator.layer(world))
    return Effect.gen(function* () {
      const inMemory = yield* Effect.provide(seatsOf, SeatsMemory.layer(world, team.token))
      assert.strictEqual(inMemory.seats[0]?.exactMetadata, '{"desk":7,"ref":[1152921504606847000]}')
      assert.deepEqual(inMemory, yield* Effect.provide(seatsOf, overHttp))
    })
  }
)
