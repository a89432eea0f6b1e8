import type { Outbox } from "@polar-seats/emulator/Outbox"
import type { WorldInput, InvalidWorld } from "@polar-seats/emulator/World"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { end, exitCode } from "../output/print.ts"
import * as Page from "../emulatorPage.ts"
import * as Requests from "../config/httpClient.ts"
import type { Root } from "../globalFlags.ts"
import { type Address, serve } from "./serveUntilInterrupted.ts"

/** The emulator on the server in the context. It delivers webhooks too, once it is told where to. */
export const layer = (
  world: WorldInput
): Layer.Layer<Emulator.Emulator | Outbox, InvalidWorld, HttpServer.HttpServer | Root> =>
  Layer.provide(Emulator.layerServer(world), Requests.layer)

const readJson = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

const seedFrom = Effect.fnUntraced(function* (file: string) {
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

interface Flags extends Address {
  readonly allowAnyoneToConnect: boolean
  /** The file of the world to start from, in the JSON that the control API takes. */
  readonly seed: Option.Option<string>
}

/** Runs an emulator, with its page, until it is interrupted. */
export const run = ({ seed, ...address }: Flags) =>
  serve(
    Layer.effectDiscard(Option.isSome(seed) ? seedFrom(seed.value) : Effect.void).pipe(
      // An empty world makes sense
      Layer.provide(Page.layer(Layer.orDie(layer({}))))
    ),
    address
  )
