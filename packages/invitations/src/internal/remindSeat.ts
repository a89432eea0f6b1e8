import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Seat } from "@polar-seats/domain/Seat"
import { InvitationUnavailable } from "@polar-seats/domain/SeatError"
import * as Reissue from "../Reissue.ts"
import { ReminderOutcome, type SeatOptions, Skip, type StoppingError } from "../Reminder.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { continueReissue, startReissue } from "./reissueInRun.ts"
import { resendSeat } from "./resendSeat.ts"
import {
  done,
  type Engine,
  keyForSeat,
  refOfReissue,
  refOfSeat,
  type RunAttempt,
  type RunItem,
  type RunState,
  stopRun
} from "./runState.ts"
import { decideByJournal, decideBySeat } from "./seatDecision.ts"

/** Processes the items of one run. */
export interface Reminder {
  /** Processes an item to its outcome, or until Polar answers 429. */
  readonly attempt: (item: RunItem) => Effect.Effect<RunAttempt, StoppingError>
  /** The outcome of an item that had at least one attempt and gets no other. A seat has none. */
  readonly giveUp: (item: RunItem) => ReminderOutcome | undefined
  /** Fails with the error that has stopped the run, if there is one. */
  readonly failIfStopped: Effect.Effect<void, StoppingError>
}

export const make = (engine: Engine, options: SeatOptions, rate: AdaptiveRate): Reminder => {
  const bySeat = decideBySeat(options)
  const byJournal = decideByJournal(options)
  const run: RunState = { ...engine, rate, dryRun: options.dryRun ?? false, stoppedBy: undefined }
  const failIfStopped = Effect.suspend(() => (run.stoppedBy === undefined ? Effect.void : Effect.fail(run.stoppedBy)))

  const remindSeat = Effect.fnUntraced(function* (
    item: RunItem,
    seat: Seat
  ): Effect.fn.Return<RunAttempt, StoppingError> {
    const ref = refOfSeat(seat)
    const skipped = (why: Skip) => done(ReminderOutcome.Skipped({ ...ref, why }))

    const early = bySeat(seat, yield* DateTime.now)
    if (early._tag === "Skip") return skipped(early.why)
    // A mail leaves as soon as it is written down, so the turn comes first. Time may have passed, so decide again
    if (!run.dryRun) yield* rate.waitForTurn
    yield* failIfStopped
    const now = yield* DateTime.now
    const wanted = bySeat(seat, now)
    if (wanted._tag === "Skip") return skipped(wanted.why)
    const found = yield* engine.journal.get(keyForSeat(seat))
    const decision = byJournal(found, now) ?? wanted
    if (decision._tag === "Skip") return skipped(decision.why)
    if (decision._tag === "InDoubt") return done(ReminderOutcome.InDoubt(ref))
    if (run.dryRun) return skipped(Skip.DryRun({ would: decision._tag === "Resend" ? "Resend" : "Reissue" }))
    if (decision._tag === "FinishReissue") return yield* continueReissue(run, item, decision.reissue, "Look", true)
    if (decision._tag === "Resend") return yield* resendSeat(run, item, seat, found)
    const known = Reissue.fromSeat(seat)
    return known === undefined
      ? done(ReminderOutcome.Failed({ ...ref, error: new InvitationUnavailable({ seatId: seat.id }) }))
      : yield* startReissue(run, item, known, found)
  })

  return {
    attempt: (item) =>
      failIfStopped.pipe(
        Effect.andThen(
          Effect.suspend(() =>
            item._tag === "Seat"
              ? remindSeat(item, item.seat)
              : continueReissue(run, item, item.reissue, item.next, item.mayLookAgain)
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
            error: new Reissue.ReissueIncomplete({ reissue: item.reissue, error: run.stoppedBy })
          }),
    failIfStopped
  }
}
