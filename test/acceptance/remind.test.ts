import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, it } from "@effect/vitest"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Effect, Layer, Stream } from "effect"
import { team } from "./team.ts"

const remindTeam = Effect.gen(function* () {
  const { remind } = yield* Invitations
  return yield* remind(team.source, { onExpired: "reissue" }).pipe(
    Stream.map(({ _tag, address }) => `${_tag} ${address}`),
    Stream.runCollect
  )
})

const invitations = Invitations.layer.pipe(
  Layer.provide(Journal.layerMemory),
  Layer.provide(SeatsMemory.layer(team)) // or PortalSeats.layer, OrganizationSeats.layer
)

it.effect("reminds each pending seat of a team", () =>
  Effect.map(Effect.provide(remindTeam, invitations), (outcomes) =>
    assert.deepEqual(outcomes, ["Resent ann@acme.com", "Reissued eve@acme.com", "Skipped ben@acme.com"])
  )
)
