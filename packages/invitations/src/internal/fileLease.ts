import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"

// Whoever holds it gives a sign of life this often; who gives none for so long is taken for dead
const beat = "500 millis"
const patience = "3 seconds"

/** Whether the file is still ours, which is to be asked before it is written to. */
export type IsHeld = Effect.Effect<boolean, PlatformError>

/**
 * Holds a file for one process, by a second file beside it whose time it keeps moving. Who finds one watches it for some
 * seconds: if its time stands still, its holder is gone, and it is taken over. So there is no process id to be mistaken
 * for another's, after a reboot or in another container, and nothing left over keeps anybody out for long.
 * Nothing comes back where somebody else holds it.
 */
export const hold = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<IsHeld | undefined, PlatformError, Scope.Scope> =>
  Effect.gen(function* () {
    const id = SecureRandom.uuidV4Unsafe()
    const isOurs: IsHeld = Effect.map(fs.readFileString(path), (holder) => holder === id)
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
      yield* Effect.sleep(patience)
      if (before !== (yield* signOfLife)) return false
      // Of several who come to this at once, the last one holds it, and the others see that
      const ours = `${path}.${id}`
      yield* write(ours)
      yield* fs.rename(ours, path)
      yield* Effect.sleep(beat)
      return yield* isOurs
    }).pipe(
      // It was given back meanwhile
      Effect.catchIf(
        ({ reason }) => reason._tag === "NotFound",
        () => take
      )
    )

    const giveBack = Effect.ignore(Effect.flatMap(isOurs, (ours) => (ours ? fs.remove(path) : Effect.void)))
    const isHeld = yield* Effect.acquireRelease(
      Effect.flatMap(take, (taken) => (taken ? Effect.succeed(true) : Effect.interruptible(takeOver))),
      (held) => (held ? giveBack : Effect.void)
    )
    if (!isHeld) return undefined

    yield* Effect.forkScoped(
      Effect.forever(
        Effect.andThen(
          Effect.sleep(beat),
          // What goes wrong here is found out before the next write
          Effect.ignore(Effect.flatMap(Clock.currentTimeMillis, (now) => fs.utimes(path, now / 1000, now / 1000)))
        )
      )
    )
    return isOurs
  })
