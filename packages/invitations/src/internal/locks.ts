import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Runs an effect while no other one holds the same key. */
export type Locks = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Locks by key. A lock takes memory only while somebody holds it or waits for it. */
export const makeLocks = (): Locks => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()
  return (key, effect) =>
    Effect.suspend(() => {
      const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
      locks.set(key, lock)
      lock.users++
      return Effect.ensuring(
        lock.semaphore.withPermit(effect),
        Effect.sync(() => {
          lock.users--
          if (lock.users === 0) locks.delete(key)
        })
      )
    })
}
