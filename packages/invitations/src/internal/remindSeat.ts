import type { Seat } from "@polar-seats/domain/Seat"
import { InvitationUnavailable } from "@polar-seats/domain/SeatError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { InProgressElsewhere } from "../InvitationError.ts"
import type { Entry } from "../Journal.ts"
import * as Reissue from "../Reissue.ts"
import * as Duration from "effect/Duration"
import { ReminderOutcome, Skip, type StoppingError } from "../Reminder.ts"
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
import { afterRefusal, itemOf } from "./refusal.ts"
import { continueInRun, startInRun } from "./reissueInRun.ts"
import { resendSeat } from "./resendSeat.ts"
import { done, type RunAttempt, type RunItem, type RunOptions, type RunState, stopRun } from "./runState.ts"
import { decide } from "./seatDecision.ts"

/** Processes the items of one run. */
export interface Reminder {
  /** Processes an item to its outcome, or until it has to wait. */
  readonly attempt: (item: RunItem) => Effect.Effect<RunAttempt, StoppingError>
  /** The outcome of an item that had at least one attempt and gets no other. A seat has none. */
  readonly giveUp: (item: RunItem) => ReminderOutcome | undefined
  /** Fails with the error that has stopped the run, if there is one. */
  readonly failIfStopped: Effect.Effect<void, StoppingError>
}

const resendInRun = (
  run: RunState,
  item: RunItem,
  seat: Seat,
  found: Entry | undefined
): Effect.Effect<RunAttempt, StoppingError> => {
  const ref = refOfSeat(seat)
  const key = keyForSeat(seat)
  const guard = key === keyForId(seat.id) ? Effect.void : guardBareId(run.engine, seat.id, run.options.overrides)
  const resend = { key, seatId: seat.id, meant: seat, found, rate: run.rate, guard }
  return Effect.matchEffect(resendSeat(run.engine, resend), {
    onFailure: (error) => afterRefusal(run, item, ref, error),
    onSuccess: (result) => {
      const { unwritten } = result
      const outcome =
        result._tag === "Sent"
          ? ReminderOutcome.Resent({ ...ref, seat: result.seat })
          : result._tag === "InDoubt"
            ? ReminderOutcome.InDoubt(ref)
            : ReminderOutcome.Failed({ ...ref, error: result.error })
      // The outcome of a mail is reported even if it cannot be written down. Nothing more is sent after that
      return Effect.as(unwritten === undefined ? Effect.void : stopRun(run, unwritten), done(outcome))
    }
  })
}

const failIfStopped = (run: RunState): Effect.Effect<void, StoppingError> =>
  Effect.suspend(() => (run.stoppedBy === undefined ? Effect.void : Effect.fail(run.stoppedBy)))

const remindSeat = (run: RunState, item: RunItem, seat: Seat, ref: SeatRef): Effect.Effect<RunAttempt, StoppingError> =>
  Effect.gen(function* () {
    const { engine, options } = run
    const skipped = (why: Skip) => done(ReminderOutcome.Skipped({ ...ref, why }))
    const wanted = decide(seat, options, yield* DateTime.now)
    if (wanted._tag === "Skip") return skipped(wanted.why)
    const key = keyForSeat(seat)
    const found = yield* engine.journal.get(key)
    const standing = yield* judgeEntry(engine, found, options.overrides)
    if (standing._tag === "MailedRecently") return skipped(Skip.MailedRecently({ again: standing.again }))
    if (standing._tag === "InDoubt") return done(ReminderOutcome.InDoubt(ref))
    if (standing._tag === "InProgress") {
      return yield* afterRefusal(run, item, ref, new InProgressElsewhere({ seatId: seat.id }))
    }
    if (options.dryRun === true) {
      const isResend = standing._tag === "Free" && wanted._tag === "Resend"
      return skipped(Skip.DryRun({ would: isResend ? "Resend" : "Reissue" }))
    }
    if (standing._tag === "Unfinished") {
      const { phase, reissue } = standing.attempt
      return { _tag: "Retry" as const, item: { ...itemOf(reissue, phase), waits: item.waits }, after: Duration.zero }
    }
    if (wanted._tag === "Resend") {
      // A mail leaves as soon as it is written down, so the turn comes first. Time may have passed, so decide again
      yield* run.rate.waitForTurn
      yield* failIfStopped(run)
      const now = decide(seat, options, yield* DateTime.now)
      if (now._tag === "Skip") return skipped(now.why)
      if (now._tag === "Resend") return yield* resendInRun(run, item, seat, found)
    }
    const known = Reissue.fromSeat(seat)
    return known === undefined
      ? done(ReminderOutcome.Failed({ ...ref, error: new InvitationUnavailable({ seatId: seat.id }) }))
      : yield* startInRun(run, item, known, found)
  }).pipe(Effect.catchTag("UnreadableEntry", (error) => afterRefusal(run, item, ref, error)))

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
      failIfStopped(run).pipe(
        Effect.andThen(
          Effect.suspend(() =>
            item._tag === "Seat"
              ? withSeatLock(
                  engine,
                  item.seat.id,
                  keyForSeat(item.seat),
                  remindSeat(run, item, item.seat, refOfSeat(item.seat))
                )
              : engine.journal.withLock(item.reissue.key, continueInRun(run, item, item.reissue, item.phase))
          )
        ),
        Effect.tapError((error) => stopRun(run, error))
      ),
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
