import type { WorldInput } from "@polar-seats/emulator/World"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { layerHttpClient } from "../config/httpClient.ts"
import * as EmulatorPage from "../emulatorPage.ts"
import { endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import type { EmulatorFlags } from "./flags.ts"
import { serveUntilInterrupted } from "./serveUntilInterrupted.ts"

/** The emulator on the server in the context. It delivers webhooks if its settings name an endpoint. */
export const layerEmulator = (world: WorldInput, options?: Emulator.Options) =>
  Layer.provide(Emulator.layerServer(world, options), layerHttpClient)

const readJson = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

const seedFrom = Effect.fnUntraced(function* (file: string) {
  const text = yield* (yield* FileSystem.FileSystem)
    .readFileString(file)
    .pipe(Effect.catch(({ message }) => endCommand(exitCode.wrongUse, `${file} cannot be read: ${message}`)))
  yield* Effect.catch(readJson(text), () => endCommand(exitCode.wrongUse, `${file} is not JSON.`))
  yield* (
    (yield* Emulator.Emulator)
      // The text, because it keeps numbers that JavaScript cannot hold
      .seedJson(text)
      .pipe(
        Effect.catch(({ issues }) =>
          endCommand(exitCode.wrongUse, [
            `${file} is not a valid world:`,
            ...issues.map(({ message, path }) => [...(path.length > 0 ? [path.join(".")] : []), message].join(": "))
          ])
        )
      )
  )
})

/** Runs an emulator with its page until it is interrupted. A seed is in the JSON of `POST /_emulator/seed`. */
export const run = Effect.fnUntraced(function* ({ seed, ...address }: EmulatorFlags) {
  const { allowHost } = yield* root
  const allowHosts = [...allowHost, address.host]
  // An empty world is valid
  const emulator = Layer.catchTag(layerEmulator({}, { allowHosts }), "InvalidWorld", (error) =>
    Layer.effectContext(Effect.die(error))
  )
  return yield* serveUntilInterrupted(
    Layer.effectDiscard(Option.isSome(seed) ? seedFrom(seed.value) : Effect.void).pipe(
      Layer.provide(EmulatorPage.layer(emulator, allowHosts))
    ),
    address
  )
})
