import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import type { SeatsList } from "@polar-seats/domain/Seat"
import type { ListError } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The seats of a source, and whether another caller sent the request. */
export interface Listing {
  readonly list: SeatsList
  readonly isShared: boolean
}

/** The last request for a source: when it began, and its list, which is `undefined` if the request failed. */
interface LastRequest {
  readonly lock: Semaphore.Semaphore
  begunAt: number
  list: SeatsList | undefined
}

/**
 * Coalesces concurrent list requests. A caller may share a response only if its request began after the caller asked.
 * Errors are not shared, because each caller has its own timeout: after a failure, the others send their own request.
 */
export const make = Effect.gen(function* () {
  const sources = yield* RcMap.make({
    lookup: (_: string): Effect.Effect<LastRequest> =>
      Effect.map(Semaphore.make(1), (lock) => ({ lock, begunAt: 0, list: undefined }))
  })
  // A counter orders events that share a millisecond
  let counter = 0

  return (source: SeatSource, read: Effect.Effect<SeatsList, ListError>): Effect.Effect<Listing, ListError> =>
    Effect.suspend(() => {
      const askedAt = ++counter
      const readAlone = Effect.map(read, (list): Listing => ({ list, isShared: false }))
      // The inner effect runs after the lock is released
      const shareOrRead = (last: LastRequest): Effect.Effect<Effect.Effect<Listing, ListError>> =>
        Effect.suspend(() => {
          if (last.begunAt > askedAt) {
            const { list } = last
            return Effect.succeed(list === undefined ? readAlone : Effect.succeed<Listing>({ list, isShared: true }))
          }
          const begunAt = ++counter
          const publish = (list: SeatsList | undefined) =>
            Effect.sync(() => {
              last.begunAt = begunAt
              last.list = list
            })
          return Effect.matchEffect(readAlone, {
            onFailure: (error) => Effect.as(publish(undefined), Effect.fail(error)),
            onSuccess: (listing) => Effect.as(publish(listing.list), Effect.succeed(listing))
          })
        })
      return Effect.flatten(
        Effect.scoped(
          Effect.flatMap(RcMap.get(sources, `${source._tag}/${source.id}`), (last) =>
            last.lock.withPermit(shareOrRead(last))
          )
        )
      )
    })
})
