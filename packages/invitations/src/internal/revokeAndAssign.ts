import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { RetryAmbiguousRevoke } from "@polar-seats/domain/CallOptions"
import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { type AlreadyClaimed, mayHaveHappened, type NoSeatAvailable } from "@polar-seats/domain/SeatError"
import type { ListError, RevokeError, Seats } from "@polar-seats/domain/Seats"
import * as Journal from "../Journal.ts"
import { type Reissue, ReissueIncomplete } from "../Reissue.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { writeOutcome } from "./journalWrites.ts"

const { Mailed, NotMailed, ReissueStarted } = Journal.JournalStep.cases

/** Another process has taken the reissue over, and ends it. */
export class TakenOver extends Data.TaggedError("TakenOver") {}

export type ReissueFailure =
  | TakenOver
  | ListError
  | RevokeError
  | AlreadyClaimed
  | NoSeatAvailable
  | ReissueIncomplete
  | Journal.JournalError

type AssignFailure = NonNullable<ReissueIncomplete["error"]> | TakenOver

/** Lifts the uninterruptibility of the region around a call. */
type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

// From the revocation on, every failure is a ReissueIncomplete. If interrupted, the cause holds both
const failIncomplete = (
  reissue: Reissue,
  cause: Cause.Cause<AssignFailure>
): Effect.Effect<never, ReissueIncomplete> => {
  const found = Cause.findError(cause)
  if (Result.isFailure(found)) {
    return Effect.failCause(Cause.combine(Cause.fail(new ReissueIncomplete({ reissue, error: null })), found.failure))
  }
  const error = found.success instanceof TakenOver ? null : found.success
  return Effect.fail(new ReissueIncomplete({ reissue, error }))
}

/** Writes `Mailed` for the person's new seat. */
export const writeMailed = (
  journal: Journal.Journal["Service"],
  reissue: Reissue,
  seat: Seat,
  found: Journal.Entry | undefined
): Effect.Effect<Seat, Journal.JournalError> =>
  Effect.as(writeOutcome(journal, reissue.key, Mailed.make({ seatId: seat.id, how: "Reissued" }), found), seat)

/**
 * Writes `ReissueStarted` once more, or returns `undefined` if another process has taken the reissue over. That process
 * looks at the seats, and would revoke and mail again what this one sends meanwhile. After the assignment Polar refuses a
 * second one.
 */
export const renewClaim = (
  journal: Journal.Journal["Service"],
  reissue: Reissue,
  claim: Journal.Entry
): Effect.Effect<Journal.Entry | undefined, Journal.JournalError> =>
  journal.put(reissue.key, ReissueStarted.make({ reissue }), claim)

/** The requests of a reissue, and what the journal holds before and after each. */
export const make = (
  seats: Seats["Service"],
  journal: Journal.Journal["Service"],
  list: (reissue: Reissue, rate: AdaptiveRate) => Effect.Effect<SeatsList, ListError>
) => {
  const assign = (reissue: Reissue, rate: AdaptiveRate) =>
    rate.send(seats.assign(reissue.assignment)).pipe(
      // An earlier attempt has succeeded after all
      Effect.catchTag("AlreadyAssigned", (error) =>
        Effect.flatMap(list(reissue, rate), ({ seats: all }) => {
          const seat = all.find((each) => reissue.isSamePerson(each))
          return seat === undefined ? Effect.fail(error) : Effect.succeed(seat)
        })
      )
    )

  const assignClaimed = (reissue: Reissue, claim: Journal.Entry, rate: AdaptiveRate, restore: Restore) =>
    restore(rate.waitForTurn).pipe(
      Effect.andThen(renewClaim(journal, reissue, claim)),
      Effect.flatMap((renewed): Effect.Effect<Seat, AssignFailure> =>
        renewed === undefined
          ? // The other process may have assigned the seat that was revoked here
            Effect.fail(new TakenOver())
          : Effect.flatMap(restore(assign(reissue, rate)), (seat) => writeMailed(journal, reissue, seat, renewed))
      ),
      Effect.catchCause((cause) => failIncomplete(reissue, cause))
    )

  return {
    /** Assigns the seat, whoever holds the claim: Polar refuses a second seat to the same person. */
    assignAgain: (reissue: Reissue, rate: AdaptiveRate): Effect.Effect<Seat, ReissueIncomplete> =>
      Effect.uninterruptibleMask((restore) =>
        restore(Effect.andThen(rate.waitForTurn, assign(reissue, rate))).pipe(
          Effect.tap((seat) =>
            Effect.flatMap(journal.get(reissue.key), (found) => writeMailed(journal, reissue, seat, found))
          ),
          Effect.catchCause((cause) => failIncomplete(reissue, cause))
        )
      ),

    /** Assigns the seat if the claim still holds. */
    assignRevoked: (
      reissue: Reissue,
      claim: Journal.Entry,
      rate: AdaptiveRate
    ): Effect.Effect<Seat, ReissueIncomplete> =>
      Effect.uninterruptibleMask((restore) => assignClaimed(reissue, claim, rate, restore)),

    /** Revokes the seat, whose turn has come, and assigns it again. */
    revokeAndAssign: (
      reissue: Reissue,
      seatId: SeatId,
      claim: Journal.Entry,
      rate: AdaptiveRate
    ): Effect.Effect<Seat, ReissueFailure> =>
      Effect.uninterruptibleMask((restore) =>
        // An ambiguous revocation is not retried: by then Polar may have given the row to somebody else
        Effect.matchCauseEffect(
          restore(rate.send(Effect.provideService(seats.revoke(seatId), RetryAmbiguousRevoke, false))),
          {
            onFailure: (cause): Effect.Effect<never, ReissueFailure> => {
              const error = Cause.findError(cause)
              return Result.isFailure(error) || mayHaveHappened(error.success)
                ? failIncomplete(reissue, cause)
                : Effect.andThen(
                    writeOutcome(journal, reissue.key, NotMailed.make({ seatId }), claim),
                    Effect.fail(error.success)
                  )
            },
            onSuccess: () => assignClaimed(reissue, claim, rate, restore)
          }
        )
      )
  }
}
