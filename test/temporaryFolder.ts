import { chmodSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { makeTemporaryFolder } from "../scripts/temporaryFolder.ts"

/** Whether other users may enter a folder and those above it. */
const isOpen = (folder: string): boolean =>
  (statSync(folder).mode & 0o001) !== 0 && (folder === "/" || isOpen(dirname(folder)))

/**
 * Gives each run of the tests a temp directory of its own, and fails the run if a test leaves something there.
 * It is removed in any case, unless the run is killed with SIGKILL.
 */
export default () => {
  // As root the tests start PostgreSQL as another user, who has to reach its data
  const places = process.getuid?.() === 0 ? [tmpdir(), "/tmp", "/var/tmp"] : []
  const parent = places.find(isOpen) ?? tmpdir()
  // Compiled modules stay, for the next run. Nobody else can write there
  process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url))
  const folder = makeTemporaryFolder("test", parent)
  chmodSync(folder, 0o711)
  process.env["TMPDIR"] = folder
  return () => {
    const left = readdirSync(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    if (left.length > 0) throw new Error(`The tests left this in the temp directory: ${left.join(", ")}`)
  }
}
