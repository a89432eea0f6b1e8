import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import { obeys } from "./laws.ts"
import { start, world } from "./world.ts"

const at = DateTime.makeUnsafe(start)
const fromStart = <A, E, R>(layer: Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.as(TestClock.setTime(DateTime.toEpochMillis(at)), layer))

const surfaces = [
  { surface: "portal", name: "PortalSeats", layer: PortalSeats.layer },
  { surface: "organization", name: "OrganizationSeats", layer: OrganizationSeats.layer }
] as const

describe.each(surfaces)("SeatsMemory.layer for the $surface", ({ surface }) => {
  obeys({ surface, layer: (token) => fromStart(SeatsMemory.layer(world, token)).pipe(Layer.orDie) }, it.effect)
})

describe.each(surfaces)("$name over the emulator in memory", ({ layer, surface }) => {
  obeys(
    {
      surface,
      host: /^api\.polar\.sh$/,
      layer: (token) =>
        fromStart(
          layer({ token: Redacted.make(token), times: 0 }).pipe(Layer.provideMerge(Emulator.layer(world)))
        ).pipe(Layer.orDie)
    },
    it.effect
  )
})

const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", UndiciTransport.layer],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer]
] as const

describe.each(surfaces)("$name over the emulator on a socket", ({ layer, surface }) => {
  describe.each(clients)("by %s", (_, client) => {
    obeys(
      {
        surface,
        host: /^127\.0\.0\.1:\d+$/,
        layer: (token) =>
          Layer.unwrap(
            Effect.gen(function* () {
              yield* (yield* Emulator.Emulator).setTime(at)
              const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
              // No law is about retries, which would wait
              return layer({ token: Redacted.make(token), baseUrl, times: 0 })
            })
          ).pipe(
            Layer.provideMerge(Emulator.layerServer(world)),
            Layer.provide(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })),
            Layer.provide(client),
            Layer.orDie
          )
      },
      it.live
    )
  })
})
