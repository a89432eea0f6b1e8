import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { endCommand, exitCode } from "../exit.ts"

/**
 * The journal of `--journal FILE`. Without a file, the journal is in memory and ends with the command. A dry run does
 * not create the file.
 */
export const layerJournal = (file: Option.Option<string>, isDryRun = false) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      if (Option.isNone(file)) return Journal.layerMemory
      const isUsed = !isDryRun || (yield* Effect.orElseSucceed(fs.exists(file.value), () => true))
      if (!isUsed) return Journal.layerMemory
      return Layer.catchTag(JournalFile.layer(file.value), "JournalFileError", ({ message }) =>
        Layer.effectContext(endCommand(exitCode.wrongUse, message))
      )
    })
  )
