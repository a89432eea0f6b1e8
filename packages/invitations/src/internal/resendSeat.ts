import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Seat } from "@polar-seats/domain/Seat"
import { mayHaveHappened } from "@polar-seats/domain/SeatError"
import { type Entry, JournalStep } from "../Journal.ts"
import { ReminderOutcome, Skip, type StoppingError } from "../Reminder.ts"
import { writeOutcome } from "./journalWrites.ts"
import { afterRefusal } from "./refusal.ts"
import { done, keyForSeat, refOfSeat, type RunAttempt, type RunItem, type RunState, stopRun } from "./runState.ts"

const { InDoubt, Mailed, NotMailed, ResendStarted } = JournalStep.cases

/** Writes the resend over the entry that was found, sends it, and writes down its outcome. */
export const resendSeat = (
  run: RunState,
  item: RunItem,
  seat: Seat,
  found: Entry | undefined
): Effect.Effect<RunAttempt, StoppingError> => {
  const ref = refOfSeat(seat)
  const key = keyForSeat(seat)
  const seatId = seat.id
  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      run.journal.put(key, ResendStarted.make({ seatId }), found),
      (started): Effect.Effect<RunAttempt, StoppingError> => {
        if (started === undefined) {
          return Effect.succeed(done(ReminderOutcome.Skipped({ ...ref, why: Skip.InProgressElsewhere() })))
        }
        // The outcome of a mail is reported even if it cannot be written down. Nothing more is sent after that
        const write = (outcome: JournalStep) =>
          Effect.catch(writeOutcome(run.journal, key, outcome, started), (error) => stopRun(run, error))
        return Effect.matchCauseEffect(restore(run.rate.send(run.seats.resend(seatId))), {
          onSuccess: (resent) =>
            Effect.as(
              write(Mailed.make({ seatId, how: "Resent" })),
              done(ReminderOutcome.Resent({ ...ref, seat: resent }))
            ),
          onFailure: (cause): Effect.Effect<RunAttempt, StoppingError> => {
            const error = Cause.findError(cause)
            if (Result.isFailure(error)) {
              return Effect.andThen(write(InDoubt.make({ seatId })), Effect.failCause(error.failure))
            }
            return mayHaveHappened(error.success)
              ? Effect.as(write(InDoubt.make({ seatId })), done(ReminderOutcome.InDoubt(ref)))
              : Effect.andThen(write(NotMailed.make({ seatId })), afterRefusal(item, ref, error.success))
          }
        })
      }
    )
  )
}
