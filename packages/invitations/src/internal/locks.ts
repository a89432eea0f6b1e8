import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Runs an effect while no other one holds the same key. */
export type Locks = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A lock that somebody holds. The others wait at a semaphore, and its permit is free when the first holder ends. */
interface Lock {
  users: number
  queue: Semaphore.Semaphore | undefined
}

/** Locks by key. A lock takes memory only while somebody holds it or waits for it. */
export const makeLocks = (): Locks => {
  const locks = new Map<string, Lock>()
  const leave = (key: string, lock: Lock) => {
    lock.users--
    if (lock.users === 0) locks.delete(key)
    return Effect.void
  }
  return (key, effect) =>
    // An interruption between the count and the finalizer would leave the lock behind
    Effect.uninterruptibleMask((restore) => {
      const held = locks.get(key)
      if (held !== undefined) {
        held.users++
        held.queue ??= Semaphore.makeUnsafe(0)
        return Effect.onExit(restore(held.queue.withPermit(effect)), () => leave(key, held))
      }
      const lock: Lock = { users: 1, queue: undefined }
      locks.set(key, lock)
      return Effect.onExit(restore(effect), () => {
        const left = leave(key, lock)
        return lock.queue === undefined ? left : Effect.asVoid(lock.queue.release(1))
      })
    })
}
