import { assert, it } from "@effect/vitest"
import { Emulator, SeatsMemory, World } from "@polar-seats/emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Effect, Layer, Stream } from "effect"

const team = World.team({ seats: 5, pending: ["ann@acme.com"], expired: ["eve@acme.com"], claimed: ["ben@acme.com"] })
const memory = SeatsMemory.layer(team)
const emulator = PortalSeats.layer({ token: team.token }).pipe(Layer.provide(Emulator.layer(team)))

it.effect.each([{ seats: memory }, { seats: emulator }])("mails everybody who has not accepted", ({ seats }) =>
  Effect.gen(function* () {
    const { remind } = yield* Invitations
    const outcomes = yield* Stream.runCollect(remind(team.source, { onExpired: "reissue" }))
    const mailed = outcomes.map(({ _tag, address }) => `${_tag} ${address}`)
    assert.deepEqual(mailed, ["Resent ann@acme.com", "Reissued eve@acme.com", "Skipped ben@acme.com"])
  }).pipe(Effect.provide(Invitations.layer.pipe(Layer.provide([seats, Journal.layerMemory]))))
)
