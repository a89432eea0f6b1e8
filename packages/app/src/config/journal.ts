import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import { type Ended, end, exitCode } from "../output/print.ts"

/** The journal in a file, or one that ends with the command where none is named. */
export const layer: (
  file: Option.Option<string>
) => Layer.Layer<Journal.Journal, Ended, FileSystem.FileSystem | Path.Path> = Option.match({
  onNone: () => Journal.layerMemory,
  onSome: (file) =>
    Layer.catchTag(JournalFile.layer(file), "JournalFileError", ({ message }) =>
      Layer.effectContext(end(exitCode.wrongUse, message))
    )
})

/** The same, where nothing is to be written: a file that is not there is not made. */
export const layerDryRun = (
  file: Option.Option<string>
): Layer.Layer<Journal.Journal, Ended, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const exists = Option.isSome(file) && (yield* Effect.orElseSucceed(fs.exists(file.value), () => true))
      return layer(exists ? file : Option.none())
    })
  )
