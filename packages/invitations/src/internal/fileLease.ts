import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"

// The holder gives a sign of life once per interval. After the timeout without one, the lease is taken over
const heartbeatInterval = "500 millis"
const leaseTimeout = "3 seconds"

/**
 * Holds a lease for one process: a lock file whose modification time keeps moving. Another process watches an existing
 * lock file for some seconds and takes it over if its time stands still. So a lease needs no process id, which could be
 * another process's after a reboot or in another container, and a leftover lock file keeps nobody out for long.
 * Returns the check whether this process still holds the lease, to run before each write, or `undefined` if another
 * process holds it.
 */
export const hold = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, path: string) {
  const id = SecureRandom.uuidV4Unsafe()
  const isOurs = Effect.map(fs.readFileString(path), (holder) => holder === id)
  const write = (to: string) => fs.writeFileString(to, id, { flag: "wx", mode: 0o600 })
  const take = Effect.as(write(path), true).pipe(
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
    // If several processes rename at once, the last one holds the lease, and the others see that
    const ours = `${path}.${id}`
    yield* write(ours)
    yield* fs.rename(ours, path)
    yield* Effect.sleep(heartbeatInterval)
    return yield* isOurs
  }).pipe(
    // The holder has released the lease meanwhile
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

  const heartbeat = Effect.flatMap(Clock.currentTimeMillis, (now) => fs.utimes(path, now / 1000, now / 1000))
  // A failure here shows when the next write asks for the lease
  yield* Effect.forkScoped(Effect.forever(Effect.delay(Effect.ignore(heartbeat), heartbeatInterval)))
  return isOurs
})
