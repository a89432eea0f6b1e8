import { describe, it } from "@effect/vitest"
import { Invitations } from "@polar-seats/domain/Invitations"
import { Journal } from "@polar-seats/domain/Journal"
import type { Outbox } from "@polar-seats/domain/Outbox"
import type { Surface } from "@polar-seats/domain/SeatModel"
import * as Seats from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/http/Emulator"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { start, tokens, world } from "../laws/world.ts"
import { laws } from "./laws.ts"

const at = DateTime.makeUnsafe(start)

const obeys = (surface: Surface, seats: (token: string) => Layer.Layer<Seats.Seats | Outbox>) => {
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
  obeys(surface, (token) => Layer.orDie(Seats.layerMemory(world, token)))
})

describe.each(surfaces)("Invitations above $name over the emulator", ({ layer, surface }) => {
  obeys(surface, (token) =>
    layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world)), Layer.orDie)
  )
})
