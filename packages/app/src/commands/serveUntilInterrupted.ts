import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as MutableRef from "effect/MutableRef"
import { createServer } from "node:http"
import { end, exitCode, MeantToBeInterrupted, printJson, say } from "../output/print.ts"
import { root } from "../globalFlags.ts"

// A connection that somebody holds open must not hold up the end
const gracefulShutdownTimeout = "200 millis"

/** Where to listen. Port 0 takes any that is free. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A server on a socket. */
export const layerSocket = ({ host, port }: Address): Layer.Layer<HttpServer.HttpServer, HttpServerError.ServeError> =>
  NodeHttpServer.layerServer(createServer, { host, port, gracefulShutdownTimeout })

/** The URL that the server in the context listens on. */
export const url: Effect.Effect<string, never, HttpServer.HttpServer> = HttpServer.addressFormattedWith(Effect.succeed)

const loopback = new Set(["127.0.0.1", "localhost", "::1"])

/** Serves until it is interrupted, which is how it is meant to end. Its URL is the first line of stdout. */
export const serve = Effect.fnUntraced(function* <E, R>(
  app: Layer.Layer<never, E, R>,
  address: Address & { readonly allowAnyoneToConnect: boolean }
) {
  const { json } = yield* root
  const { allowAnyoneToConnect, host, port } = address
  if (!loopback.has(host) && !allowAnyoneToConnect) {
    return yield* end(
      exitCode.wrongUse,
      `${host} is not a loopback address: with it, anyone who reaches this machine can connect. ` +
        "Say --allow-anyone-to-connect if that is meant."
    )
  }
  const announced = Effect.flatMap(url, (url) => (json ? printJson(JSON.stringify({ url })) : say(url)))
  const socket = Layer.catch(layerSocket(address), () =>
    Layer.effectContext(end(exitCode.failed, `Port ${port} of ${host} cannot be listened on: is it taken?`))
  )
  MutableRef.set(yield* MeantToBeInterrupted, true)
  return yield* Layer.launch(Layer.effectDiscard(announced).pipe(Layer.provide(app), Layer.provide(socket)))
})
