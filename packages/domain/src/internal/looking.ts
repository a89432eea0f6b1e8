import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { SeatsList } from "../Seat.ts"
import type { ListError } from "../Seats.ts"
import type { SeatSource } from "../SeatSource.ts"

/** What a look has found, and whether somebody else sent the request for it. */
export interface Look {
  readonly list: SeatsList
  readonly isShared: boolean
}

interface Latest {
  readonly lock: Semaphore.Semaphore
  begun: number
  found: Result.Result<SeatsList, ListError> | undefined
}

/**
 * Reads the lists of sources, one of each at a time. All who wait for their turn are told by the first list that begins
 * after they asked: a list says of every seat, and each of many who look for one would read it whole.
 */
export const make = Effect.gen(function* () {
  const sources = yield* RcMap.make({
    lookup: (_: string): Effect.Effect<Latest> =>
      Effect.map(Semaphore.make(1), (lock) => ({ lock, begun: 0, found: undefined }))
  })
  // Not the time: many things can happen in a millisecond
  let moment = 0

  return (source: SeatSource, read: Effect.Effect<SeatsList, ListError>): Effect.Effect<Look, ListError> =>
    Effect.suspend(() => {
      const asked = ++moment
      const own = (latest: Latest) =>
        Effect.suspend(() => {
          const begun = ++moment
          return Effect.map(Effect.result(read), (found) => {
            latest.begun = begun
            latest.found = found
            return Result.map(found, (list): Look => ({ list, isShared: false }))
          })
        })
      const look = Effect.flatMap(RcMap.get(sources, `${source._tag}/${source.id}`), (latest) =>
        latest.lock.withPermit(
          Effect.suspend(() =>
            latest.found !== undefined && latest.begun > asked
              ? Effect.succeed(Result.map(latest.found, (list): Look => ({ list, isShared: true })))
              : own(latest)
          )
        )
      )
      return Effect.flatMap(Effect.scoped(look), Effect.fromResult)
    })
})
