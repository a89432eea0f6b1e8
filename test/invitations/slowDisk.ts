import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Latch, Layer, PlatformError } from "effect"
import { readFileSync, statSync, truncateSync } from "node:fs"

/**
 * A file on a disk that takes its time: what was written is safe only once it is synced, and a sync waits while `gate` is
 * closed. It covers what was written before it began.
 */
export const slowDisk = (path: string) => {
  const gate = Latch.makeUnsafe(true)
  let synced = 0
  const disk = {
    gate,
    syncs: 0,
    writes: 0,
    /** The next sync fails with these words. */
    failure: undefined as string | undefined,
    /** How many bytes the next write has room for. */
    room: Number.POSITIVE_INFINITY,
    /** The text that outlasts a crash of the machine. */
    safe: () => readFileSync(path).subarray(0, synced).toString(),
    /** The machine crashes: what was not synced is gone. */
    crash: () => truncateSync(path, synced)
  }
  const failWith = (method: string, words: string) =>
    Effect.fail(PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method, cause: new Error(words) }))
  const slow = (file: FileSystem.File): FileSystem.File =>
    Object.create(file, {
      sync: {
        value: Effect.suspend(() => {
          disk.syncs++
          const { size } = statSync(path)
          const { failure } = disk
          return Effect.andThen(
            gate.await,
            failure === undefined
              ? Effect.tap(file.sync, () => Effect.sync(() => (synced = Math.max(synced, size))))
              : failWith("sync", failure)
          )
        })
      },
      writeAll: {
        value: (bytes: Uint8Array) =>
          Effect.suspend(() => {
            disk.writes++
            return bytes.length <= disk.room
              ? file.writeAll(bytes)
              : Effect.andThen(
                  file.writeAll(bytes.subarray(0, disk.room)),
                  failWith("writeAll", "ENOSPC: no space left on device, write")
                )
          })
      }
    })
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (name: string, options?: Parameters<typeof fs.open>[1]) =>
        Effect.map(fs.open(name, options), (file) => (name === path && options?.flag === "a" ? slow(file) : file))
    }))
  )
  return Object.assign(disk, { layer: Layer.provideMerge(layer, NodeServices.layer) })
}
