import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect, Layer, ManagedRuntime } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"

/** Serves an empty emulator on a socket of this process. The caller must stop it. */
export const serveEmulator = async () => {
  const runtime = ManagedRuntime.make(
    Emulator.layerServer({}).pipe(
      Layer.provideMerge(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 }))
    )
  )
  const url = await runtime.runPromise(HttpServer.addressFormattedWith(Effect.succeed))
  return { url, emulator: await runtime.runPromise(Emulator.Emulator), stop: () => runtime.dispose() }
}
