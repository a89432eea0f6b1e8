import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import { makeTemporaryFolder } from "../scripts/temporaryFolder.ts"

const mount = (folder: string, options: string) =>
  spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { encoding: "utf8" })

const unmount = (folder: string) => {
  spawnSync("umount", ["--lazy", folder])
  rmSync(folder, { recursive: true })
}

const probe = (): string | undefined => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root on Linux can mount one"
  const folder = makeTemporaryFolder("disk")
  const { error, status, stderr } = mount(folder, "size=16k")
  if (status === 0) unmount(folder)
  else rmSync(folder, { recursive: true })
  return status === 0 ? undefined : `mount does not work here: ${error?.message ?? stderr.trim()}`
}

/** Why this process cannot make a small disk. Undefined if it can. */
export const whyNoDisk = probe()
if (whyNoDisk !== undefined) process.stdout.write(`The tests on a small disk are skipped: ${whyNoDisk}.\n`)

/** Makes a disk in memory, such as with `size=32k`, and returns its folder. It is removed at the end. */
export const mountDisk = (options: string, onEnd: (end: () => void) => void): string => {
  const folder = makeTemporaryFolder("disk")
  mount(folder, options)
  onEnd(() => unmount(folder))
  return folder
}
