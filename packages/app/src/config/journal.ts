import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { endCommand, exitCode } from "../exit.ts"

/**
 * The journal of `--journal FILE`. Without a file, the journal is in memory and ends with the command. A dry run only
 * reads the file, and makes none.
 */
export const layerJournal = (file: Option.Option<string>, isDryRun = false) => {
  if (Option.isNone(file)) return Journal.layerMemory
  const layer = isDryRun ? JournalFile.layerReadOnly(file.value) : JournalFile.layer(file.value)
  return Layer.catchTag(layer, "JournalFileError", ({ message }) =>
    Layer.effectContext(endCommand(exitCode.wrongUse, message))
  )
}
