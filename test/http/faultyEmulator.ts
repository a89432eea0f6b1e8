import { NodeHttpServer } from "@effect/platform-node"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect, Layer, ManagedRuntime } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { faultyPolar } from "./faultyPolar.ts"

/** Starts an emulator, and a proxy that puts faults between it and a client. */
export const startFaultyEmulator = async (world: Parameters<typeof Emulator.layerServer>[0]) => {
  const emulator = ManagedRuntime.make(
    Emulator.layerServer(world).pipe(
      Layer.provideMerge(
        NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "100 millis" })
      ),
      Layer.orDie
    )
  )
  const proxy = await faultyPolar(await emulator.runPromise(HttpServer.addressFormattedWith(Effect.succeed)))
  const stop = async () => {
    proxy.close()
    await emulator.dispose()
  }
  return { emulator, proxy, stop }
}
