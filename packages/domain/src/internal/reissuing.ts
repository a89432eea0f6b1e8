import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import * as Journal from "../Journal.ts"
import { type Reissue, ReissueIncomplete } from "../Reissue.ts"
import type { Seat } from "../Seat.ts"
import { mayHaveHappened } from "../SeatError.ts"
import type { ListError, RevokeError, Seats } from "../Seats.ts"
import { write } from "./journaling.ts"
import type { Throttle } from "./throttle.ts"

const { Mailed, NotMailed, Reissuing } = Journal.Step.cases

/** Where a reissue is taken up: at its start, after the seat was revoked, or wherever a look finds it. */
export type From = "Revoke" | "Assign" | "Look"

export type Failure = ListError | RevokeError | ReissueIncomplete | Journal.JournalFailed

/** Brings reissues to their end, one of a person at a time. */
export interface Reissuing {
  readonly exclusively: (reissue: Reissue) => <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Revokes and assigns again, or what is left of that to do. It has been written down that it was begun. */
  readonly run: (reissue: Reissue, from: From, via: Throttle) => Effect.Effect<Seat, Failure>
}

export const make = Effect.fnUntraced(function* (seats: Seats["Service"], journal: Journal.Journal["Service"]) {
  // Two at the same time would revoke each other's invitation
  const locks = yield* RcMap.make({ lookup: (_: string) => Semaphore.make(1) })

  const held = (reissue: Reissue, via: Throttle) =>
    Effect.map(Effect.andThen(via.turn, via.send(seats.list(reissue.source))), (list) =>
      list.seats.filter((seat) => reissue.isHeldIn(seat))
    )

  // What may have been done must not be left without a word, whatever it is that comes in between
  const incomplete = <E extends NonNullable<ReissueIncomplete["error"]>>(
    reissue: Reissue,
    cause: Cause.Cause<E | ReissueIncomplete>
  ): Effect.Effect<never, ReissueIncomplete> => {
    const error = Option.getOrNull(Cause.findErrorOption(cause))
    if (error?._tag === "ReissueIncomplete") return Effect.fail(error)
    return error === null
      ? Effect.failCause(Cause.combine(Cause.fail(new ReissueIncomplete({ reissue, error })), Cause.interrupt()))
      : Effect.fail(new ReissueIncomplete({ reissue, error }))
  }

  const mailed = (reissue: Reissue, seat: Seat) =>
    Effect.as(write(journal, reissue.key, Mailed.make({ seatId: seat.id, how: "Reissued" })), seat)

  const assign = (reissue: Reissue, via: Throttle) =>
    Effect.andThen(via.turn, via.send(seats.assign(reissue.assignment))).pipe(
      // An earlier attempt was carried out after all
      Effect.catchTag("AlreadyAssigned", (error) =>
        Effect.flatMap(held(reissue, via), ([seat]) => (seat === undefined ? Effect.fail(error) : Effect.succeed(seat)))
      )
    )

  const run = (reissue: Reissue, from: From, via: Throttle): Effect.Effect<Seat, Failure> =>
    Effect.uninterruptibleMask((restore) => {
      const second = Effect.matchCauseEffect(restore(assign(reissue, via)), {
        onFailure: (cause) => incomplete(reissue, cause),
        onSuccess: (seat) => mailed(reissue, seat)
      })
      const both = Effect.matchCauseEffect(restore(via.send(seats.revoke(reissue.seatId))), {
        onFailure: (cause): Effect.Effect<never, Failure> => {
          const error = Cause.findErrorOption(cause)
          return Option.isNone(error) || mayHaveHappened(error.value)
            ? incomplete(reissue, cause)
            : Effect.andThen(
                write(journal, reissue.key, NotMailed.make({ seatId: reissue.seatId })),
                Effect.fail(error.value)
              )
        },
        onSuccess: () => second
      })
      if (from === "Revoke") return both
      if (from === "Assign") return second
      return Effect.flatMap(restore(held(reissue, via)), (found) => {
        const other = found.find((seat) => !reissue.isDueIn(seat))
        if (other !== undefined) return mailed(reissue, other)
        if (found.length === 0) return second
        return Effect.andThen(
          restore(via.turn),
          Effect.andThen(write(journal, reissue.key, Reissuing.make({ reissue })), both)
        )
      })
    })

  return {
    run,
    exclusively: (reissue) => (effect) =>
      Effect.scoped(Effect.flatMap(RcMap.get(locks, reissue.key), (lock) => lock.withPermit(effect)))
  } satisfies Reissuing as Reissuing
})
