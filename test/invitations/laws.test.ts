import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { describe, it } from "@effect/vitest"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import type { Outbox } from "@polar-seats/emulator/Outbox"
import type { ApiSurface } from "../laws/law.ts"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { start, tokens, world } from "../laws/world.ts"
import { laws } from "./laws.ts"

const at = DateTime.makeUnsafe(start)

const obeys = (surface: ApiSurface, seats: (token: string) => Layer.Layer<Seats | Outbox>) => {
  const own = surface === "portal" ? tokens.customer : tokens.organization
  const bound = laws.filter((law) => law.surface === undefined || law.surface === surface)
  it.effect.each(bound)("$name", ({ holds, token = own }) =>
    Effect.provide(
      holds,
      Layer.unwrap(
        Effect.as(
          TestClock.setTime(DateTime.toEpochMillis(at)),
          Invitations.layer.pipe(Layer.provideMerge(Layer.merge(seats(token), Journal.layerMemory)))
        )
      )
    )
  )
}

const surfaces = [
  { surface: "portal", name: "PortalSeats", layer: PortalSeats.layer },
  { surface: "organization", name: "OrganizationSeats", layer: OrganizationSeats.layer }
] as const

describe.each(surfaces)("Invitations above layerMemory for the $surface", ({ surface }) => {
  obeys(surface, (token) => Layer.orDie(SeatsMemory.layer(world, token)))
})

describe.each(surfaces)("Invitations above $name over the emulator", ({ layer, surface }) => {
  obeys(surface, (token) =>
    layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world)), Layer.orDie)
  )
})
