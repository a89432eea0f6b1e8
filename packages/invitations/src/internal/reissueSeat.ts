import type { Seat } from "@polar-seats/domain/Seat"
import { Unavailable } from "@polar-seats/domain/SeatError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import { HolderRemoved, InProgressElsewhere, MailedRecently } from "../InvitationError.ts"
import { Attempt, type Entry } from "../Journal.ts"
import { type Reissue, ReissueIncomplete, type Phase } from "../Reissue.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { begin, type HeldAttempt, newAttempt, settle, withdraw } from "./attempt.ts"
import { type Engine, guardBareId, judgeEntry } from "./engine.ts"
import type { Overrides } from "./knowledge.ts"
import { monotonicMillis } from "./clock.ts"
import { checkMetadata, evidence, planNew, planRest } from "./reissuePlan.ts"
import * as Halves from "./revokeAndAssign.ts"
import type { SeatsIndex } from "./seatsIndex.ts"
import type { Look } from "./seatsLook.ts"

/** How one reissue is made. */
export interface ReissueOptions {
  readonly rate: AdaptiveRate
  /** How old a read may be that a revocation rests on. */
  readonly maxLookAge: Duration.Duration
  /** Whether a read is shared that began before this reissue asked. */
  readonly sharesLooks: boolean
  readonly overrides: Overrides
}

/** The person's seat now, and whether this reissue mailed its invitation. */
export interface Reissued {
  readonly seat: Seat
  readonly isMailed: boolean
}

const maxLooks = 5

const tooSlow = new Unavailable({
  operation: "Seats.revoke",
  reason: { _tag: "NotSent", description: "the seats could not be read and revoked within a few seconds" }
})

/**
 * Looks when the turn of the request that follows has come, so that it can leave at once. If the look has to be read, the
 * list takes that turn, and the request takes the next one. It does not wait for it until the look is too old.
 */
const lookWithTurn = (engine: Engine, { key, source }: Reissue, options: ReissueOptions) =>
  Effect.gen(function* () {
    const { maxLookAge, rate, sharesLooks } = options
    const maxAgeMillis = Duration.toMillis(maxLookAge)
    for (let looks = 0; looks < maxLooks; looks++) {
      yield* rate.waitForTurn
      let isTurnTaken = false
      const send: AdaptiveRate["send"] = (call) => {
        isTurnTaken = true
        return rate.send(call)
      }
      const look = yield* engine.looks.look(source, { key, send, maxAgeMillis: sharesLooks ? maxAgeMillis : 0 })
      const left = look.readAt + maxAgeMillis - (yield* monotonicMillis)
      if (isTurnTaken && left > 0) yield* rate.waitForTurnWithin(left / 2)
      if ((yield* monotonicMillis) - look.readAt < maxAgeMillis) return look
    }
    return yield* tooSlow
  })

/** Whether the journal knows a seat to be revoked by a reissue, of whichever process. */
const isRevokedByReissue = ({ journal }: Engine, row: Seat) => {
  const { id, revokedAt } = row
  return Effect.map(journal.ofSeat(id), (entries) =>
    entries.some(({ attempt, mailed }) => {
      const phase = attempt?._tag === "Reissue" && attempt.reissue.seatId === id ? attempt.phase : undefined
      // A process may have been killed before the answer to its revocation
      const shown = phase === undefined ? undefined : evidence(phase, row)
      const isUnderWay = shown !== undefined && Equal.equals(shown.revokedAt, revokedAt)
      return isUnderWay || (mailed?.revoked?.seatId === id && Equal.equals(mailed.revoked.revokedAt, revokedAt))
    })
  )
}

/** Plans the rest of a reissue, and asks the journal about seats that were revoked since. */
const planNext = (engine: Engine, reissue: Reissue, phase: Phase, index: SeatsIndex) =>
  Effect.gen(function* () {
    const { now } = yield* engine.seats.now
    const plan = planRest(reissue, phase, index, now, engine.looks.isRevokedHere)
    if (plan._tag !== "Clouded") return plan
    const areOurs = yield* Effect.forEach(plan.later, (seat) => isRevokedByReissue(engine, seat))
    return areOurs.every((isOurs) => isOurs)
      ? { _tag: "Assign" as const, revokedAt: plan.revokedAt }
      : { _tag: "Removed" as const, isCertain: false }
  })

/** Ends a reissue whose person has a seat. Before an assignment left, only somebody else can have seated them. */
const settleSeated = (
  { engine, held, reissue }: Pick<Halves.Reissuing, "engine" | "held" | "reissue">,
  seat: Seat,
  begun: Phase
) =>
  Effect.gen(function* () {
    const isMailed = begun._tag === "Assigning"
    const mailed = yield* Halves.mailedNow({ held, reissue }, seat)
    yield* settle(engine.journal, held, isMailed ? { mailed } : {})
    return { seat, isMailed }
  })

/**
 * Assigns after a revocation of ours. `sentAt` is when it left, or when a look began that has shown it. `begun` is the phase
 * of the reissue before that.
 */
const assignRevoked = (
  reissuing: Halves.Reissuing,
  options: ReissueOptions,
  { revokedAt, sentAt }: Halves.Revocation,
  begun: Phase
): Effect.Effect<Reissued, Halves.ReissueStopped | Halves.TakenOver | Halves.StillOnItsWay> => {
  const { engine, held, reissue, rate, restore } = reissuing
  const phase: Phase = { _tag: "Revoked", revokedAt }
  const fail = (error: ReissueIncomplete["error"]) => new ReissueIncomplete({ reissue, phase, error })
  return Effect.gen(function* () {
    let shownAt = sentAt
    yield* restore(rate.waitForTurn)
    for (let looks = 0; looks < maxLooks; looks++) {
      yield* Halves.startAssigning(reissuing, revokedAt)
      if ((yield* monotonicMillis) - shownAt < Duration.toMillis(options.maxLookAge)) {
        return { seat: yield* Halves.assignAgain(reissuing), isMailed: true }
      }
      // Somebody else may have seated the person, and removed them, while this waited or was paused
      const { index, readAt } = yield* restore(lookWithTurn(engine, reissue, options))
      const plan = yield* planNext(engine, reissue, phase, index)
      if (plan._tag === "Removed") return yield* fail(new HolderRemoved({ seatId: reissue.seatId }))
      if (plan._tag === "HasSeat") return yield* settleSeated(reissuing, plan.seat, begun)
      if (plan._tag !== "Assign") return yield* Halves.giveUp(held, new Halves.TakenOver())
      shownAt = readAt
    }
    return yield* fail(tooSlow)
  }).pipe(Effect.catchCause((cause) => Halves.failIncomplete(held, reissue, cause)))
}

/** Revokes and assigns. The phase is written down already. Returns `undefined` if the look is too old by now. */
const revokeAndAssign = (
  engine: Engine,
  held: HeldAttempt,
  reissue: Reissue,
  phase: Phase,
  look: Look,
  seat: Pick<Seat, "id">,
  options: ReissueOptions
) =>
  Effect.uninterruptibleMask((restore) => {
    const { maxLookAge, rate } = options
    const reissuing = { engine, held, reissue, rate, maxLookAge, restore }
    return Halves.revoke(reissuing, phase, seat.id, look).pipe(
      Effect.flatMap((revocation) => assignRevoked(reissuing, options, revocation, phase)),
      // Within the mask: a handler that an interruption skips would cost the error beside the interruption
      Effect.catchTag("LookExpired", () => Effect.undefined)
    )
  })

/** Begins a reissue, whose journal entry was found. If the person has a live invitation by now, their seat is the result. */
export const reissueSeat = (engine: Engine, known: Reissue, found: Entry | undefined, options: ReissueOptions) =>
  Effect.gen(function* () {
    let latest = found
    for (let looks = 0; looks < maxLooks; looks++) {
      const look = yield* lookWithTurn(engine, known, options)
      const { now } = yield* engine.seats.now
      const plan = yield* Effect.fromResult(planNew(known, look.index, now))
      if (plan._tag === "HasSeat") return { seat: plan.seat, isMailed: false }
      const standing = yield* judgeEntry(engine, latest, options.overrides)
      if (standing._tag === "MailedRecently") {
        return yield* new MailedRecently({ seatId: known.seatId, again: standing.again })
      }
      if (standing._tag !== "Free") return yield* new InProgressElsewhere({ seatId: known.seatId })
      const { reissue } = plan
      const phase = yield* Halves.revoking(engine)
      const attempt = Attempt.cases.Reissue.make({ ...(yield* newAttempt(engine.journal)), reissue, phase })
      const held = yield* begin(engine.journal, known.key, attempt, latest)
      if (held === undefined) return yield* new Halves.TakenOver()
      yield* Effect.onError(guardBareId(engine, plan.seatId, options.overrides), () => Effect.ignore(withdraw(held)))
      const seat = { id: plan.seatId }
      const reissued = yield* revokeAndAssign(engine, held, reissue, phase, look, seat, options)
      if (reissued !== undefined) return reissued
      latest = held.entry()
    }
    return yield* tooSlow
  })

type ReissueAttempt = Extract<Attempt, { readonly _tag: "Reissue" }>

const resentRecently = (entry: Entry, attempt: ReissueAttempt, now: DateTime.Utc, { again, cooldown }: Overrides) => {
  const { mailed } = entry
  if (again || mailed === null || DateTime.isLessThan(mailed.at, attempt.startedAt)) return undefined
  const end = DateTime.addDuration(mailed.at, cooldown)
  return DateTime.isLessThan(now, end) ? new MailedRecently({ seatId: attempt.reissue.seatId, again: end }) : undefined
}

/** Ends a reissue that began earlier, of this process or of one that is gone. `attempt` is what the journal has of it. */
export const finishReissue = (
  engine: Engine,
  attempt: ReissueAttempt,
  found: Entry | undefined,
  options: ReissueOptions
) =>
  Effect.gen(function* () {
    const { journal } = engine
    const { phase, reissue } = attempt
    const fields = yield* newAttempt(journal)
    const ours = Attempt.cases.Reissue.make({ ...fields, startedAt: attempt.startedAt, reissue, phase })
    const held = yield* begin(journal, reissue.key, ours, found)
    if (held === undefined) return yield* new Halves.TakenOver()
    const fail = (error: ReissueIncomplete["error"]) => new ReissueIncomplete({ reissue, phase, error })

    for (let tries = 0; tries < maxLooks; tries++) {
      const look = yield* held.keepAlive(lookWithTurn(engine, reissue, options))
      const now = yield* DateTime.now
      const plan = yield* planNext(engine, reissue, phase, look.index)
      switch (plan._tag) {
        case "HasSeat":
          return yield* settleSeated({ engine, held, reissue }, plan.seat, phase)
        case "Wait":
          return yield* new Halves.StillOnItsWay({ reissue, phase, until: plan.until })
        case "Removed": {
          const error = new HolderRemoved({ seatId: reissue.seatId })
          return yield* plan.isCertain ? Halves.giveUp(held, error) : fail(error)
        }
      }
      const recently = resentRecently(held.entry(), attempt, now, options.overrides)
      if (recently !== undefined) return yield* fail(recently)
      if (plan._tag === "Assign") {
        const { revokedAt } = plan
        const checked = checkMetadata(reissue)
        if (Result.isFailure(checked)) return yield* fail(checked.failure)
        return yield* Effect.uninterruptibleMask((restore) => {
          const { maxLookAge, rate } = options
          const reissuing = { engine, held, reissue, rate, maxLookAge, restore }
          return assignRevoked(reissuing, options, { revokedAt, sentAt: look.readAt }, phase)
        })
      }
      const checked = checkMetadata(plan.reissue)
      if (Result.isFailure(checked)) return yield* Halves.giveUp(held, checked.failure)
      const next = yield* Halves.revoking(engine)
      const isOurs = yield* Halves.writePhase({ engine, held, reissue: plan.reissue }, next)
      if (!isOurs) return yield* new Halves.TakenOver()
      const reissued = yield* revokeAndAssign(engine, held, plan.reissue, next, look, { id: plan.seatId }, options)
      if (reissued !== undefined) return reissued
    }
    return yield* fail(tooSlow)
  })
