import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import type { SeatsList } from "@polar-seats/domain/Seat"
import type { ListError } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The last request for a source: when it began, and its list, which is `undefined` if the request failed. */
interface LastRequest {
  readonly lock: Semaphore.Semaphore
  begunAt: number
  list: SeatsList | undefined
}

/**
 * Coalesces concurrent list requests. A caller may share a response only if its request began after the caller asked.
 * Errors are not shared, because each caller has its own timeout: after a failure, the others send their own request.
 * Returns the list, and whether another caller sent the request.
 */
export const make = Effect.gen(function* () {
  const sources = yield* RcMap.make({
    lookup: (_: string) => Effect.map(Semaphore.make(1), (lock): LastRequest => ({ lock, begunAt: 0, list: undefined }))
  })
  // A counter orders events that share a millisecond
  let counter = 0

  return Effect.fnUntraced(function* (source: SeatSource, read: Effect.Effect<SeatsList, ListError>) {
    const askedAt = ++counter
    const shareOrRead = Effect.fnUntraced(function* (last: LastRequest) {
      if (last.begunAt > askedAt) return last.list && { list: last.list, isShared: true }
      const begunAt = ++counter
      const publish = (list?: SeatsList) => Object.assign(last, { begunAt, list })
      const list = yield* Effect.tapError(read, () => Effect.sync(publish))
      publish(list)
      return { list, isShared: false }
    })
    const listing = yield* Effect.scoped(
      Effect.flatMap(RcMap.get(sources, `${source._tag}/${source.id}`), (last) =>
        last.lock.withPermit(shareOrRead(last))
      )
    )
    // The lock is released, so those who wait send their requests at the same time
    return listing ?? { list: yield* read, isShared: false }
  })
})
