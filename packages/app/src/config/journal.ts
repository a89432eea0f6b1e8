import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import { type Ended, endCommand, exitCode } from "../exit.ts"

/** The journal of `--journal FILE`. Without a file, the journal is in memory and ends with the command. */
export const layerJournal: (
  file: Option.Option<string>
) => Layer.Layer<Journal.Journal, Ended, FileSystem.FileSystem | Path.Path> = Option.match({
  onNone: () => Journal.layerMemory,
  onSome: (file) =>
    Layer.catchTag(JournalFile.layer(file), "JournalFileError", ({ message }) =>
      Layer.effectContext(endCommand(exitCode.wrongUse, message))
    )
})

/** The same journal for a dry run, which does not create the file. */
export const layerJournalDryRun = (
  file: Option.Option<string>
): Layer.Layer<Journal.Journal, Ended, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const exists = Option.isSome(file) && (yield* Effect.orElseSucceed(fs.exists(file.value), () => true))
      return layerJournal(exists ? file : Option.none())
    })
  )
