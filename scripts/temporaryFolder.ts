import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { atExit } from "./atExit.ts"

/** Makes a folder in the temp directory, or in `parent`. It is removed when this process ends. */
export const makeTemporaryFolder = (name: string, parent = tmpdir()): string => {
  const folder = mkdtempSync(join(parent, `polar-seats-${name}-`))
  // A process that is just being killed may still write into it
  atExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
