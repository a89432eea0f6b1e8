import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/http/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import { obeys } from "./laws.ts"
import { start, world } from "./world.ts"

const at = DateTime.makeUnsafe(start)
const fromStart = <A, E, R>(layer: Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.as(TestClock.setTime(DateTime.toEpochMillis(at)), layer))

describe("layerMemory", () => {
  obeys((token) => fromStart(Seats.layerMemory(world, token)).pipe(Layer.orDie), it.effect)
})

describe("PortalSeats over the emulator in memory", () => {
  obeys(
    (token) =>
      fromStart(
        PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world)))
      ).pipe(Layer.orDie),
    it.effect
  )
})

const onSocket = (token: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      yield* (yield* Emulator.Emulator).setTime(at)
      const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
      return PortalSeats.layer({ token: Redacted.make(token), baseUrl })
    })
  ).pipe(
    Layer.provideMerge(Emulator.layerServer(world)),
    Layer.provide(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 }))
  )

describe("PortalSeats over the emulator on a socket, by undici", () => {
  obeys((token) => onSocket(token).pipe(Layer.provide(NodeHttpClient.layerUndici), Layer.orDie), it.live)
})

describe("PortalSeats over the emulator on a socket, by fetch", () => {
  obeys((token) => onSocket(token).pipe(Layer.provide(FetchHttpClient.layer), Layer.orDie), it.live)
})
