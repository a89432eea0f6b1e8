import type { Seat } from "@polar-seats/domain/Seat"
import { InvitationUnavailable } from "@polar-seats/domain/SeatError"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { InProgressElsewhere } from "../InvitationError.ts"
import type { Entry } from "../Journal.ts"
import * as Reissue from "../Reissue.ts"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ReminderOutcome, type OutcomeError, Skip, type StoppingError } from "../Reminder.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import {
  type Engine,
  guardBareId,
  judgeEntry,
  keyForId,
  keyForSeat,
  refOfReissue,
  refOfSeat,
  type SeatRef,
  withSeatLock
} from "./engine.ts"
import { timeFor } from "./polarTime.ts"
import { afterRefusal, itemOf } from "./refusal.ts"
import { checkMetadata } from "./reissuePlan.ts"
import { continueInRun, startInRun } from "./reissueInRun.ts"
import { resendSeat } from "./resendSeat.ts"
import { done, retry, type RunAttempt, type RunItem, type RunOptions, type RunState, stopRun } from "./runState.ts"
import { decide, type Decision } from "./seatDecision.ts"

/** Processes the items of one run. */
export interface Reminder {
  /** Processes an item to its outcome, or until it has to wait. */
  readonly attempt: (item: RunItem) => Effect.Effect<RunAttempt, StoppingError>
  /** The outcome of an item that had at least one attempt and gets no other. A seat has none. */
  readonly giveUp: (item: RunItem) => ReminderOutcome | undefined
  /** Fails with the error that has stopped the run, if there is one. */
  readonly failIfStopped: Effect.Effect<void, StoppingError>
}

/** A seat of a run, the journal key of its holder, and its name in outcomes. */
interface Target {
  readonly seat: Seat
  readonly key: string
  readonly ref: SeatRef
}

// `ReminderOutcome` makes a constructor each time that it is asked for one
const { Resent } = ReminderOutcome

const skipped = (ref: SeatRef, reason: Skip) => done(ReminderOutcome.Skipped({ ...ref, reason }))

const resendInRun = (
  run: RunState,
  item: RunItem,
  { key, ref, seat }: Target,
  found: Entry | undefined
): Effect.Effect<RunAttempt, StoppingError> => {
  const guard = key === keyForId(seat.id) ? Effect.void : guardBareId(run.engine, seat.id, run.options.overrides)
  const resend = { key, seatId: seat.id, meant: seat, found, rate: run.rate, guard }
  return Effect.matchEffect(resendSeat(run.engine, resend), {
    onFailure: (error) => afterRefusal(run, item, ref, error),
    onSuccess: (result) => {
      const { unwritten } = result
      const outcome =
        result._tag === "Sent"
          ? Resent({ ...ref, seat: result.seat })
          : result._tag === "InDoubt"
            ? ReminderOutcome.InDoubt(ref)
            : ReminderOutcome.Failed({ ...ref, error: result.error })
      // The outcome of a mail is reported even if it cannot be written down. Nothing more is sent after that
      return unwritten === undefined ? Effect.succeed(done(outcome)) : Effect.as(stopRun(run, unwritten), done(outcome))
    }
  })
}

const failIfStopped = (run: RunState): Effect.Effect<void, StoppingError> =>
  Effect.suspend(() => (run.stoppedBy === undefined ? Effect.void : Effect.fail(run.stoppedBy)))

/** Does to a seat what the run decides about it, when nothing in the journal is in the way. */
const remindFree = (
  run: RunState,
  item: RunItem,
  target: Target,
  found: Entry | undefined,
  wanted: Decision["_tag"]
): Effect.Effect<RunAttempt, StoppingError> => {
  const { options, rate } = run
  const { ref, seat } = target
  if (wanted === "Resend") {
    // A mail leaves as soon as it is written down, so the turn comes first. Time may have passed, so decide again
    return Effect.flatMap(Effect.andThen(rate.waitForTurn, run.engine.seats.now), (time) => {
      if (run.stoppedBy !== undefined) return Effect.fail(run.stoppedBy)
      const decided = decide(seat, options, time.now)
      if (decided._tag === "Skip") return Effect.succeed(skipped(ref, decided.reason))
      return decided._tag === "Resend"
        ? resendInRun(run, item, target, found)
        : remindFree(run, item, target, found, "Reissue")
    })
  }
  const known = Reissue.fromSeat(seat)
  return known === undefined
    ? Effect.succeed(done(ReminderOutcome.Failed({ ...ref, error: new InvitationUnavailable({ seatId: seat.id }) })))
    : startInRun(run, item, known, found)
}

/** Fails if a reissue could not give the seat back as it is. A dry run tells this in advance. */
const checkSeat = (seat: Seat): Result.Result<unknown, OutcomeError> => {
  const known = Reissue.fromSeat(seat)
  return known === undefined ? Result.fail(new InvitationUnavailable({ seatId: seat.id })) : checkMetadata(known)
}

const remindSeat = (run: RunState, item: RunItem, target: Target): Effect.Effect<RunAttempt, StoppingError> => {
  const { engine, options } = run
  const { key, ref, seat } = target
  const skip = (reason: Skip) => Effect.succeed(skipped(ref, reason))
  const wouldDo = (would: "Resend" | "Reissue") => skip(Skip.DryRun({ would }))
  const remindBy = (now: DateTime.Utc) => {
    const wanted = decide(seat, options, now)
    if (wanted._tag === "Skip") return skip(wanted.reason)
    return Effect.matchEffect(engine.journal.get(key), {
      onFailure: (error) => afterRefusal(run, item, ref, error),
      onSuccess: (found) =>
        Effect.flatMap(judgeEntry(engine, found, options.overrides), (standing) => {
          switch (standing._tag) {
            case "MailedRecently":
              return skip(Skip.MailedRecently({ again: standing.again }))
            case "InDoubt":
              return Effect.succeed(done(ReminderOutcome.InDoubt(ref)))
            case "InProgress":
              return afterRefusal(run, item, ref, new InProgressElsewhere({ seatId: seat.id }))
            case "Unfinished": {
              if (options.dryRun === true) return wouldDo("Reissue")
              const { phase, reissue } = standing.attempt
              return Effect.succeed(retry({ ...itemOf(reissue, phase), waits: item.waits }, Duration.zero))
            }
            case "Free": {
              if (options.dryRun !== true) return remindFree(run, item, target, found, wanted._tag)
              const checked = wanted._tag === "Reissue" ? checkSeat(seat) : Result.void
              return Result.isSuccess(checked)
                ? wouldDo(wanted._tag)
                : Effect.succeed(done(ReminderOutcome.Failed({ ...ref, error: checked.failure })))
            }
          }
        })
    })
  }
  return Effect.matchEffect(timeFor(engine, seat, run.reissueOptions), {
    onFailure: (error) => afterRefusal(run, item, ref, error),
    onSuccess: ({ now }) => remindBy(now)
  })
}

const remindLocked = (run: RunState, item: RunItem, seat: Seat) => {
  const target = { seat, key: keyForSeat(seat), ref: refOfSeat(seat) }
  return withSeatLock(run.engine, seat.id, target.key, remindSeat(run, item, target))
}

/** Processes the items of one run. */
export const make = (engine: Engine, options: RunOptions, rate: AdaptiveRate): Reminder => {
  const { maxLookAge, overrides } = options
  const run: RunState = {
    engine,
    options,
    rate,
    reissueOptions: { rate, maxLookAge, overrides, sharesLooks: true },
    stoppedBy: undefined
  }
  return {
    attempt: (item) =>
      Effect.suspend(() => {
        if (run.stoppedBy !== undefined) return Effect.fail(run.stoppedBy)
        const going =
          item._tag === "Seat"
            ? remindLocked(run, item, item.seat)
            : engine.journal.withLock(item.reissue.key, continueInRun(run, item, item.reissue, item.phase))
        return Effect.tapError(going, (error) => stopRun(run, error))
      }),
    // The seat of a reissue may be revoked
    giveUp: (item) =>
      item._tag === "Seat" || run.stoppedBy === undefined
        ? undefined
        : ReminderOutcome.Failed({
            ...refOfReissue(item.reissue),
            error: new Reissue.ReissueIncomplete({ reissue: item.reissue, phase: item.phase, error: run.stoppedBy })
          }),
    failIfStopped: failIfStopped(run)
  }
}
