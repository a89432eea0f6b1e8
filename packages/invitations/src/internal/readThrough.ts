import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"

const bufferSize = 256 * 1024

/**
 * Reads a file through one buffer. `take` gets the bytes that were read, and returns how many of them it has taken. It gets
 * the others again, with more behind them. `readThrough` returns the bytes that it has not taken at the end.
 */
export const readThrough = <E>(
  fs: FileSystem.FileSystem,
  path: string,
  take: (bytes: Uint8Array) => Effect.Effect<number, E>
): Effect.Effect<Uint8Array, PlatformError | E> =>
  Effect.gen(function* () {
    const file = yield* fs.open(path)
    let buffer = new Uint8Array(bufferSize)
    let filled = 0
    while (true) {
      if (filled === buffer.length) {
        const full = buffer
        buffer = new Uint8Array(full.length * 2)
        buffer.set(full)
      }
      const read = yield* file.read(buffer.subarray(filled))
      if (read === 0) return buffer.subarray(0, filled)
      filled += read
      const taken = yield* take(buffer.subarray(0, filled))
      buffer.copyWithin(0, taken, filled)
      filled -= taken
    }
  }).pipe(Effect.scoped)
