import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { isLoopback } from "@polar-seats/http/PolarConnection"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as MutableRef from "effect/MutableRef"
import * as Predicate from "effect/Predicate"
import { createServer } from "node:http"
import { endCommand, exitCode, InterruptIsSuccess } from "../exit.ts"
import { printResult } from "../output/print.ts"
import type { AddressFlags } from "./flags.ts"

// Senders on one machine are quick. A slow one must not hold its connection and the memory of its body for long
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 }
const mostConnections = 16_384

const openServer = () => {
  const server = createServer(timeouts)
  server.maxConnections = mostConnections
  return server
}

/** A server on a socket. Port 0 takes any free port. A request has to arrive within 30 seconds, its headers within 10. */
export const layerSocket = ({ host, port }: Pick<AddressFlags, "host" | "port">) =>
  // An open connection must not delay the end of the command
  NodeHttpServer.layerServer(openServer, { host, port, gracefulShutdownTimeout: "200 millis" })

/** Why the system refuses to open a socket, and what to do. */
const explainRefusal = ({ host, port }: Pick<AddressFlags, "host" | "port">, cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is taken by another process. Pass another --port, or --port 0 for any free one.`
    case "EACCES":
    case "EPERM":
      return `This user may not listen on port ${port} of ${host}. Pass a --port from 1024 on, or --port 0 for any free one.`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${host} is not an address of this machine. Pass a --host that is, such as 127.0.0.1.`
    default:
      return `The command cannot listen on port ${port} of ${host} (${String(code ?? "the system gives no reason")}).`
  }
}

/** The URL of the server in the context. */
export const serverUrl = HttpServer.addressFormattedWith(Effect.succeed)

/** Serves a layer until the command is interrupted, which ends it with 0. The first line on stdout is the URL. */
export const serveUntilInterrupted = Effect.fnUntraced(function* <E, R>(
  app: Layer.Layer<never, E, R>,
  address: AddressFlags
) {
  const { allowAnyoneToConnect, host } = address
  if (!isLoopback(host) && host !== "::1" && !allowAnyoneToConnect) {
    const why = `${host} is not a loopback address, so everyone who reaches this machine could connect.`
    return yield* endCommand(exitCode.wrongUse, `${why} To allow that, pass --allow-anyone-to-connect.`)
  }
  const printUrl = Effect.flatMap(serverUrl, (url) => printResult(url, { url }))
  const socket = Layer.catch(layerSocket(address), ({ cause }) =>
    Layer.effectContext(endCommand(exitCode.failed, explainRefusal(address, cause)))
  )
  MutableRef.set(yield* InterruptIsSuccess, true)
  return yield* Layer.launch(Layer.effectDiscard(printUrl).pipe(Layer.provide(app), Layer.provide(socket)))
})
