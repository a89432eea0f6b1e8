import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { check } from "@polar-seats/domain/Assignment"
import * as Journal from "../Journal.ts"
import { RetryAmbiguousRevoke } from "@polar-seats/domain/CallOptions"
import { fromSeat, type Reissue, ReissueIncomplete } from "../Reissue.ts"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, mayHaveHappened, NoSeatAvailable, NotFound } from "@polar-seats/domain/SeatError"
import type { ListError, RevokeError, Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { claim, settle, write } from "./journalWrites.ts"
import * as Looking from "./sharedList.ts"
import type { Throttle } from "./adaptiveRate.ts"

const { Mailed, NotMailed, Reissuing } = Journal.Step.cases

/** Somebody else has taken the reissue over, and brings it to its end. */
export class TakenOver extends Data.TaggedError("TakenOver") {}

/** The person has another address than was known: what is written of them stands elsewhere in the journal. */
export class AddressChanged extends Data.TaggedError("AddressChanged")<{ readonly seat: Seat }> {}

export type Failure =
  | TakenOver
  | ListError
  | RevokeError
  | AlreadyClaimed
  | NoSeatAvailable
  | ReissueIncomplete
  | Journal.JournalError

/** What can come in between the halves. */
type InBetween = NonNullable<ReissueIncomplete["error"]> | TakenOver

/** The seat that somebody has after all, and whether it is by us that they were mailed. */
export interface Renewed {
  readonly seat: Seat
  readonly isMailed: boolean
}

/** Brings reissues to their end, one of a person at a time. */
export interface Reissuing {
  readonly exclusively: (reissue: Reissue) => <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Looks, whose turn has come, and if the invitation is still the one to replace, revokes and assigns again. `begin` writes down that it does, and comes back with nothing where it may not. */
  readonly renew: (
    reissue: Reissue,
    via: Throttle,
    begin: (reissue: Reissue) => Effect.Effect<Journal.Entry | undefined, Journal.JournalError>
  ) => Effect.Effect<Renewed, Failure | AddressChanged>
  /** Assigns again what was revoked. */
  readonly assign: (reissue: Reissue, via: Throttle) => Effect.Effect<Seat, Failure>
  /** Looks how far one came that was begun, and does what is left. */
  readonly finish: (reissue: Reissue, via: Throttle) => Effect.Effect<Seat, Failure>
}

const reissued = (seat: Seat) => Mailed.make({ seatId: seat.id, how: "Reissued" })

export const make = Effect.fnUntraced(function* (seats: Seats["Service"], journal: Journal.Journal["Service"]) {
  // Two at the same time would revoke each other's invitation
  const locks = yield* RcMap.make({ lookup: (_: string) => Semaphore.make(1) })

  const look = yield* Looking.make

  const read = (source: SeatSource, via: Throttle) => via.send(Effect.suspend(() => seats.list(source)))
  const list = ({ source }: Reissue, via: Throttle) =>
    Effect.map(look(source, Effect.andThen(via.turn, read(source, via))), ({ list }) => list)

  // What may have been done must not be left without a word, whatever it is that comes in between
  const incomplete = (reissue: Reissue, cause: Cause.Cause<InBetween>): Effect.Effect<never, ReissueIncomplete> => {
    const found = Cause.findError(cause)
    if (Result.isFailure(found)) {
      return Effect.failCause(Cause.combine(Cause.fail(new ReissueIncomplete({ reissue, error: null })), found.failure))
    }
    const error = found.success instanceof TakenOver ? null : found.success
    return Effect.fail(new ReissueIncomplete({ reissue, error }))
  }

  // Who has taken it over writes down the end of it
  const mailed = (reissue: Reissue, seat: Seat, ours: Journal.Entry) =>
    Effect.as(settle(journal, reissue.key, reissued(seat), ours), seat)

  /**
   * Writes it down once more, and nothing comes back where somebody else has taken it over. Who does so looks, and what is
   * sent meanwhile would be revoked and mailed again. Once it is assigned, Polar refuses another one.
   */
  const stillOurs = (reissue: Reissue, ours: Journal.Entry) =>
    journal.put(reissue.key, Reissuing.make({ reissue }), ours)

  const assign = (reissue: Reissue, via: Throttle) =>
    via.send(seats.assign(reissue.assignment)).pipe(
      // An earlier attempt was carried out after all
      Effect.catchTag("AlreadyAssigned", (error) =>
        Effect.flatMap(list(reissue, via), ({ seats: all }) => {
          const seat = all.find((each) => reissue.isSamePerson(each))
          return seat === undefined ? Effect.fail(error) : Effect.succeed(seat)
        })
      )
    )

  const second = (
    reissue: Reissue,
    ours: Journal.Entry,
    via: Throttle,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ): Effect.Effect<Seat, ReissueIncomplete> =>
    restore(via.turn).pipe(
      Effect.andThen(stillOurs(reissue, ours)),
      Effect.flatMap((ours): Effect.Effect<Seat, InBetween> =>
        ours === undefined
          ? // What was revoked may be what the other one has assigned
            Effect.fail(new TakenOver())
          : Effect.flatMap(restore(assign(reissue, via)), (seat) => mailed(reissue, seat, ours))
      ),
      Effect.catchCause((cause) => incomplete(reissue, cause))
    )

  const both = (reissue: Reissue, seatId: SeatId, ours: Journal.Entry, via: Throttle): Effect.Effect<Seat, Failure> =>
    Effect.uninterruptibleMask((restore) =>
      // A doubt is looked into: by the time of a repetition the row may be somebody else's
      Effect.matchCauseEffect(
        restore(via.send(Effect.provideService(seats.revoke(seatId), RetryAmbiguousRevoke, false))),
        {
          onFailure: (cause): Effect.Effect<never, Failure> => {
            const error = Cause.findError(cause)
            return Result.isFailure(error) || mayHaveHappened(error.success)
              ? incomplete(reissue, cause)
              : Effect.andThen(
                  settle(journal, reissue.key, NotMailed.make({ seatId }), ours),
                  Effect.fail(error.success)
                )
          },
          onSuccess: () => second(reissue, ours, via, restore)
        }
      )
    )

  return {
    // What was once sent may be sent again by whoever: Polar refuses a second seat
    assign: (reissue, via) =>
      Effect.uninterruptibleMask((restore) =>
        restore(Effect.andThen(via.turn, assign(reissue, via))).pipe(
          Effect.tap((seat) => write(journal, reissue.key, reissued(seat))),
          Effect.catchCause((cause) => incomplete(reissue, cause))
        )
      ),

    renew: (known, via, begin) =>
      Effect.flatMap(
        look(known.source, read(known.source, via)),
        ({ isShared, list: { seats: all, totalSeats } }): Effect.Effect<Renewed, Failure | AddressChanged> => {
          const held = all.filter((seat) => known.isSamePerson(seat))
          const due = held.find((seat) => known.hasOldInvitation(seat))
          const other = held.find((seat) => seat !== due)
          if (other !== undefined) {
            return due === undefined && other.status === "pending"
              ? Effect.succeed({ seat: other, isMailed: false })
              : // Who sits in another one already would be refused a second one
                Effect.fail(new AlreadyClaimed({ seatId: other.id }))
          }
          if (due === undefined) {
            return Effect.fail(
              all.some(({ id }) => id === known.seatId)
                ? new AlreadyClaimed({ seatId: known.seatId })
                : new NotFound({ resource: "seat", id: known.seatId })
            )
          }
          if (all.filter(({ status }) => status !== "revoked").length > totalSeats) {
            return Effect.fail(new NoSeatAvailable({ detail: "more seats are given away than there are" }))
          }
          // Of what Polar says now, not of what it said then
          const reissue = fromSeat(due) ?? known
          if (reissue.key !== known.key) return Effect.fail(new AddressChanged({ seat: due }))
          // What cannot be assigned again is not revoked
          const checked = check(reissue.assignment)
          if (Result.isFailure(checked)) return Effect.fail(checked.failure)
          // Whose turn was not taken by the look still has it
          const turn = isShared ? via.open : via.turn
          return Effect.flatMap(Effect.andThen(turn, begin(reissue)), (begun): Effect.Effect<Renewed, Failure> =>
            begun === undefined
              ? Effect.fail(new TakenOver())
              : Effect.map(both(reissue, due.id, begun, via), (seat) => ({ seat, isMailed: true }))
          )
        }
      ),

    finish: (reissue, via) =>
      Effect.flatMap(claim(journal, reissue.key, Reissuing.make({ reissue })), (ours) =>
        Effect.flatMap(list(reissue, via), ({ seats: all }): Effect.Effect<Seat, Failure> => {
          const held = all.filter((seat) => reissue.isSamePerson(seat))
          const other = held.find((seat) => !reissue.hasOldInvitation(seat))
          if (other !== undefined) return mailed(reissue, other, ours)
          const [due] = held
          return due === undefined
            ? Effect.uninterruptibleMask((restore) => second(reissue, ours, via, restore))
            : Effect.flatMap(Effect.andThen(via.turn, stillOurs(reissue, ours)), (ours): Effect.Effect<Seat, Failure> =>
                ours === undefined ? Effect.fail(new TakenOver()) : both(reissue, due.id, ours, via)
              )
        })
      ),

    exclusively: (reissue) => (effect) =>
      Effect.scoped(Effect.flatMap(RcMap.get(locks, reissue.key), (lock) => lock.withPermit(effect)))
  } satisfies Reissuing as Reissuing
})
