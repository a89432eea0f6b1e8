import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer } from "effect"
import { team } from "./team.ts"

const resendLive = Effect.gen(function* () {
  const seats = yield* Seats
  const list = yield* seats.list(team.source)
  const { now } = yield* seats.now
  const live = list.seats.filter((seat) => seat.invitation(now)._tag === "Live")
  return yield* Effect.forEach(live, (seat) => Effect.as(seats.resend(seat.id), seat.holderEmail))
})

const memory = SeatsMemory.layer(team)
const polar = PortalSeats.layer({ token: team.token }).pipe(Layer.provide(Emulator.layer(team)))

it.effect.each([{ seats: memory }, { seats: polar }])("resends the live invitations", ({ seats }) =>
  Effect.map(Effect.provide(resendLive, seats), (resent) => assert.deepEqual(resent, ["ann@acme.com"]))
)
