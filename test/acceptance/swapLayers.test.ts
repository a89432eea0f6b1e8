import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer, Redacted } from "effect"
import { token, world } from "./team.ts"

const resendLive = Effect.gen(function* () {
  const seats = yield* Seats
  const team = SeatSource.Subscription({ id: SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e") })
  const list = yield* seats.list(team)
  const { now } = yield* seats.now
  const live = list.seats.filter((seat) => seat.invitation(now)._tag === "Live")
  return yield* Effect.forEach(live, (seat) => Effect.as(seats.resend(seat.id), seat.holderEmail))
})

const memory = SeatsMemory.layer(world, token)
const polar = PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provide(Emulator.layer(world)))

it.effect.each([{ seats: memory }, { seats: polar }])("resends the live invitations", ({ seats }) =>
  Effect.map(Effect.provide(resendLive, seats), (resent) => assert.deepEqual(resent, ["ann@acme.com"]))
)
