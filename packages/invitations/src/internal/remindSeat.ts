import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Seat } from "@polar-seats/domain/Seat"
import { InvitationUnavailable, mayHaveHappened } from "@polar-seats/domain/SeatError"
import { type Entry, JournalStep } from "../Journal.ts"
import { fromSeat, type Reissue, ReissueIncomplete } from "../Reissue.ts"
import { ReminderOutcome, type SeatOptions, Skip, type StoppingError } from "../Reminder.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { claim, writeOutcome } from "./journalWrites.ts"
import * as Reissuer from "./reissueSeat.ts"
import {
  afterRateLimit,
  afterRefusal,
  done,
  keyForSeat,
  refOfReissue,
  refOfSeat,
  type RunAttempt,
  type RunItem,
  type RunState,
  stopRun
} from "./runState.ts"
import { decisions } from "./seatDecision.ts"

const { InDoubt, Mailed, NotMailed, ResendStarted } = JournalStep.cases

/** Begins a run. */
export const startRun = (engine: Reissuer.Engine, options: SeatOptions, rate: AdaptiveRate): RunState => ({
  ...engine,
  rate,
  ...decisions(options),
  dryRun: options.dryRun ?? false,
  stoppedBy: undefined
})

// Fails with the error that has stopped the run, if there is one
const failIfStopped = (run: RunState): Effect.Effect<void, StoppingError> =>
  Effect.suspend(() => (run.stoppedBy === undefined ? Effect.void : Effect.fail(run.stoppedBy)))

/** Writes the resend over the entry that was found, sends it, and writes down its outcome. */
const resend = (run: RunState, seat: Seat, found: Entry | undefined) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { id: seatId } = seat
      const key = keyForSeat(seat)
      const started = yield* claim(run.journal, key, ResendStarted.make({ seatId }), found)
      // The outcome of a mail is reported even if it cannot be written down. Nothing more is sent after that
      const write = (outcome: JournalStep) =>
        Effect.catch(writeOutcome(run.journal, key, outcome, started), (error) => stopRun(run, error))
      const resent = yield* Effect.exit(restore(run.rate.send(run.seats.resend(seatId))))
      if (resent._tag === "Success") {
        yield* write(Mailed.make({ seatId, how: "Resent" }))
        return ReminderOutcome.Resent({ ...refOfSeat(seat), seat: resent.value })
      }
      const error = Cause.findError(resent.cause)
      const isInDoubt = Result.isFailure(error) || mayHaveHappened(error.success)
      yield* write(isInDoubt ? InDoubt.make({ seatId }) : NotMailed.make({ seatId }))
      if (Result.isFailure(error)) return yield* Effect.failCause(error.failure)
      return isInDoubt ? ReminderOutcome.InDoubt(refOfSeat(seat)) : yield* error.success
    })
  )

/** Begins a reissue. It is written over the entry that was found. */
const startReissue = Effect.fnUntraced(function* (run: RunState, seat: Seat, found: Entry | undefined) {
  const known = fromSeat(seat)
  if (known === undefined) return yield* new InvitationUnavailable({ seatId: seat.id })
  const reissued = yield* Reissuer.exclusively(run, known, Reissuer.reissue(run, known, found))
  return reissued.isMailed
    ? ReminderOutcome.Reissued({ ...refOfSeat(seat), seat: reissued.seat })
    : ReminderOutcome.Skipped({ ...refOfSeat(seat), why: Skip.InProgressElsewhere() })
})

/** Continues a reissue that began earlier. */
const continueReissue = (run: RunState, item: RunItem, reissue: Reissue, next: "Look" | "Assign") => {
  const ref = refOfReissue(reissue)
  if (run.dryRun) {
    return Effect.succeed(done(ReminderOutcome.Skipped({ ...ref, why: Skip.DryRun({ would: "Reissue" }) })))
  }
  const rest = next === "Look" ? Reissuer.finish(run, reissue) : Reissuer.assign(run, reissue)
  return Effect.matchEffect(Reissuer.exclusively(run, reissue, rest), {
    onSuccess: (seat) => Effect.succeed(done(ReminderOutcome.Reissued({ ...ref, seat }))),
    onFailure: (error) => {
      switch (error._tag) {
        case "JournalError":
        case "TakenOver":
        case "ReissueIncomplete":
          return afterRefusal(run, item, ref, error)
        case "RateLimited":
          return afterRateLimit(item, ref, error, new ReissueIncomplete({ reissue, error }))
        default:
          return afterRefusal(run, item, ref, new ReissueIncomplete({ reissue, error }))
      }
    }
  })
}

const remindSeat = Effect.fnUntraced(
  function* (run: RunState, item: RunItem, seat: Seat) {
    const ref = refOfSeat(seat)
    const skipped = (why: Skip) => done(ReminderOutcome.Skipped({ ...ref, why }))

    const early = run.decideBySeat(seat, yield* DateTime.now)
    if (early._tag === "Skip") return skipped(early.why)
    // A mail leaves as soon as it is written down, so the turn comes first. Time may have passed, so decide again
    if (!run.dryRun) yield* run.rate.waitForTurn
    // Another seat may have stopped the run during the wait. No mail leaves after that
    yield* failIfStopped(run)
    const now = yield* DateTime.now
    const wanted = run.decideBySeat(seat, now)
    if (wanted._tag === "Skip") return skipped(wanted.why)
    const found = yield* run.journal.get(keyForSeat(seat))
    const decision = run.decideByJournal(found, now) ?? wanted
    if (decision._tag === "Skip") return skipped(decision.why)
    if (decision._tag === "InDoubt") return done(ReminderOutcome.InDoubt(ref))
    if (run.dryRun) return skipped(Skip.DryRun({ would: decision._tag === "Resend" ? "Resend" : "Reissue" }))
    if (decision._tag === "FinishReissue") return yield* continueReissue(run, item, decision.reissue, "Look")
    return done(yield* decision._tag === "Resend" ? resend(run, seat, found) : startReissue(run, seat, found))
  },
  (effect, run, item, seat) => Effect.catch(effect, (error) => afterRefusal(run, item, refOfSeat(seat), error))
)

/** Processes an item to its outcome, or until Polar answers 429. */
export const attempt = (run: RunState, item: RunItem): Effect.Effect<RunAttempt, StoppingError> =>
  failIfStopped(run).pipe(
    Effect.andThen(
      Effect.suspend(() =>
        item._tag === "Seat" ? remindSeat(run, item, item.seat) : continueReissue(run, item, item.reissue, item.next)
      )
    ),
    Effect.tapError((error) => stopRun(run, error))
  )

/** The outcome of an item that had at least one attempt and gets no other. A seat has none. */
export const giveUp = ({ stoppedBy }: RunState, item: RunItem): ReminderOutcome | undefined => {
  if (item._tag === "Seat" || stoppedBy === undefined) return undefined
  // The seat of a reissue may be revoked
  const error = new ReissueIncomplete({ reissue: item.reissue, error: stoppedBy })
  return ReminderOutcome.Failed({ ...refOfReissue(item.reissue), error })
}
