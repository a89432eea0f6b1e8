import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"

// A holder gives a sign of life this often. A holder that gives none for the timeout counts as gone
const heartbeat = "500 millis"
const leaseTimeout = "3 seconds"

/** Whether this process still holds the lock file. */
export type IsHeld = Effect.Effect<boolean, PlatformError>

/**
 * Holds a file for one process by a lock file beside it. The holder keeps the modification time of the lock file moving.
 * Another process watches the time for some seconds, and takes the lock over if it stands still. So no process id can be
 * mistaken for another one after a reboot or in another container, and a lock that was left behind keeps nobody out for
 * long. Returns `undefined` if another process holds the lock.
 */
export const hold = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<IsHeld | undefined, PlatformError, Scope.Scope> =>
  Effect.gen(function* () {
    const id = SecureRandom.uuidV4Unsafe()
    const content = new TextEncoder().encode(id)
    const isOurs: IsHeld = Effect.map(fs.readFileString(path), (holder) => holder === id).pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "NotFound",
        () => Effect.succeed(false)
      )
    )
    const write = (to: string) => fs.writeFileString(to, id, { flag: "wx", mode: 0o600 })
    const take: Effect.Effect<boolean, PlatformError> = Effect.as(write(path), true).pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "AlreadyExists",
        () => Effect.succeed(false)
      )
    )
    const signOfLife = Effect.map(Effect.all([fs.readFileString(path), fs.stat(path)]), ([holder, { mtime }]) =>
      [holder, Option.getOrUndefined(mtime)?.getTime()].join(" ")
    )

    const takeOver = Effect.gen(function* () {
      const before = yield* signOfLife
      yield* Effect.sleep(leaseTimeout)
      if (before !== (yield* signOfLife)) return false
      // If several processes take over at once, the last one holds the lock, and the others see that
      const ours = `${path}.${id}`
      yield* write(ours)
      yield* fs.rename(ours, path)
      yield* Effect.sleep(heartbeat)
      return yield* isOurs
    }).pipe(
      // The holder has released the lock meanwhile
      Effect.catchIf(
        ({ reason }) => reason._tag === "NotFound",
        () => take
      )
    )

    const release = Effect.ignore(Effect.flatMap(isOurs, (ours) => (ours ? fs.remove(path) : Effect.void)))
    const isHeld = yield* Effect.acquireRelease(
      Effect.flatMap(take, (taken) => (taken ? Effect.succeed(true) : Effect.interruptible(takeOver))),
      (held) => (held ? release : Effect.void)
    )
    if (!isHeld) return undefined

    // Writes through the open file reach the lock of this process alone, even if another one has taken its name
    const lock = yield* fs.open(path, { flag: "r+" })
    const beat = Effect.andThen(lock.seek(0n, "start"), lock.writeAll(content))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(heartbeat), Effect.ignore(beat))))
    return isOurs
  })
