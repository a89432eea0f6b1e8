import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type { Outbox } from "@polar-seats/domain/Outbox"
import type { WorldInput, WorldInvalid } from "@polar-seats/domain/World"
import * as Emulator from "@polar-seats/http/Emulator"
import { Effect, FileSystem, Layer, Schema } from "effect"
import { HttpServer, type HttpServerError } from "effect/http"
import { createServer } from "node:http"
import { end, exitCode } from "./Outcome.ts"

// A connection that somebody holds open must not hold up the end
const gracefulShutdownTimeout = "200 millis"

/** The emulator on a socket. Port 0 takes any that is free. */
export const layer = ({
  host,
  port,
  world
}: {
  readonly world: WorldInput
  readonly host: string
  readonly port: number
}): Layer.Layer<Emulator.Emulator | Outbox | HttpServer.HttpServer, WorldInvalid | HttpServerError.ServeError> =>
  Emulator.layerServer(world).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(createServer, { host, port, gracefulShutdownTimeout }))
  )

const readJson = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

/** Fills the emulator from a file of the JSON that its control API takes. */
export const seedFrom = Effect.fnUntraced(function* (file: string) {
  const json = yield* (yield* FileSystem.FileSystem).readFileString(file).pipe(
    Effect.catch(({ message }) => end(exitCode.wrongUse, `${file} cannot be read: ${message}`)),
    Effect.flatMap((text) => Effect.catch(readJson(text), () => end(exitCode.wrongUse, `${file} is not JSON.`)))
  )
  yield* (yield* Emulator.Emulator)
    .seedJson(json)
    .pipe(
      Effect.catch(({ issues }) =>
        end(
          exitCode.wrongUse,
          [
            `${file} makes no sense:`,
            ...issues.map(({ message, path }) => [...(path.length > 0 ? [path.join(".")] : []), message].join(": "))
          ].join("\n")
        )
      )
    )
})

/** The URL that the server in the context listens on. */
export const url: Effect.Effect<string, never, HttpServer.HttpServer> = HttpServer.addressFormattedWith(Effect.succeed)
