import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import type { SeatsList } from "@polar-seats/domain/Seat"
import type { ListError } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** What a look has found, and whether somebody else sent the request for it. */
export interface Look {
  readonly list: SeatsList
  readonly isShared: boolean
}

/** The last time that a source was read: when it began, and what came of it, which is nothing where it failed. */
interface Latest {
  readonly lock: Semaphore.Semaphore
  begun: number
  list: SeatsList | undefined
}

/**
 * Reads the lists of sources. All who wait while one is read are told by the first that begins after they asked: a list
 * says of every seat, and each of many who look for one would read it whole. A failure is its reader's alone, who may
 * have been less patient than others: those read by themselves.
 */
export const make = Effect.gen(function* () {
  const sources = yield* RcMap.make({
    lookup: (_: string): Effect.Effect<Latest> =>
      Effect.map(Semaphore.make(1), (lock) => ({ lock, begun: 0, list: undefined }))
  })
  // Not the time: many things can happen in a millisecond
  let moment = 0

  return (source: SeatSource, read: Effect.Effect<SeatsList, ListError>): Effect.Effect<Look, ListError> =>
    Effect.suspend(() => {
      const asked = ++moment
      const own = Effect.map(read, (list): Look => ({ list, isShared: false }))
      const told = (latest: Latest): Effect.Effect<Effect.Effect<Look, ListError>> =>
        Effect.suspend(() => {
          if (latest.begun > asked) {
            const { list } = latest
            return Effect.succeed(list === undefined ? own : Effect.succeed<Look>({ list, isShared: true }))
          }
          const begun = ++moment
          const publish = (list: SeatsList | undefined) =>
            Effect.sync(() => {
              latest.begun = begun
              latest.list = list
            })
          return Effect.matchEffect(own, {
            onFailure: (error) => Effect.as(publish(undefined), Effect.fail(error)),
            onSuccess: (look) => Effect.as(publish(look.list), Effect.succeed(look))
          })
        })
      return Effect.flatten(
        Effect.scoped(
          Effect.flatMap(RcMap.get(sources, `${source._tag}/${source.id}`), (latest) =>
            latest.lock.withPermit(told(latest))
          )
        )
      )
    })
})
