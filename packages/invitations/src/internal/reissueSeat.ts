import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { RetryAmbiguousRevoke } from "@polar-seats/domain/CallOptions"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { mayHaveHappened } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { type Entry, Journal, JournalStep } from "../Journal.ts"
import { type Reissue, ReissueIncomplete } from "../Reissue.ts"
import * as AdaptiveRate from "./adaptiveRate.ts"
import { claim, takeOver, TakenOver, writeOutcome } from "./journalWrites.ts"
import { planNew, planRest } from "./reissuePlan.ts"
import * as SharedList from "./sharedList.ts"

const { Mailed, NotMailed, ReissueStarted } = JournalStep.cases

/** The services that `Invitations` acts through, what its reissues share, and the rate of its requests. */
export const makeEngine = Effect.gen(function* () {
  return {
    seats: yield* Seats,
    journal: yield* Journal,
    // Two reissues of one person would revoke each other's invitation
    locks: yield* RcMap.make({ lookup: (_: string) => Semaphore.make(1) }),
    listShared: yield* SharedList.make,
    rate: AdaptiveRate.unlimited
  }
})
export type Engine = Effect.Success<typeof makeEngine>

/** Runs an effect while no other reissue of the person runs here. */
export const exclusively = <A, E>({ locks }: Engine, { key }: Reissue, effect: Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(RcMap.get(locks, key), (lock) => lock.withPermit(effect)))

const read = ({ rate, seats }: Engine, source: SeatSource) => rate.send(Effect.suspend(() => seats.list(source)))
const list = (engine: Engine, { source }: Reissue) =>
  Effect.map(
    engine.listShared(source, Effect.andThen(engine.rate.waitForTurn, read(engine, source))),
    ({ list }) => list
  )

/**
 * Writes `ReissueStarted`, or fails if another process has taken the reissue over. That process looks at the seats, and
 * would revoke and mail again what this one sends meanwhile. After the assignment Polar refuses a second one.
 */
const claimReissue = ({ journal }: Engine, reissue: Reissue, found: Entry | undefined) =>
  claim(journal, reissue.key, ReissueStarted.make({ reissue }), found)

const writeMailed = ({ journal }: Engine, { key }: Reissue, seat: Seat, found: Entry | undefined) =>
  Effect.as(writeOutcome(journal, key, Mailed.make({ seatId: seat.id, how: "Reissued" }), found), seat)

// From the revocation on, every failure is a ReissueIncomplete. If interrupted, the cause holds both
const failIncomplete = (reissue: Reissue, cause: Cause.Cause<NonNullable<ReissueIncomplete["error"]> | TakenOver>) => {
  const found = Cause.findError(cause)
  const error = Result.isFailure(found) || found.success instanceof TakenOver ? null : found.success
  const incomplete = Cause.fail(new ReissueIncomplete({ reissue, error }))
  return Effect.failCause(Result.isFailure(found) ? Cause.combine(incomplete, found.failure) : incomplete)
}

const sendAssign = (engine: Engine, reissue: Reissue) =>
  engine.rate.send(engine.seats.assign(reissue.assignment)).pipe(
    // An earlier attempt has succeeded after all
    Effect.catchTag("AlreadyAssigned", (error) =>
      Effect.flatMap(list(engine, reissue), ({ seats }) => {
        const seat = seats.find((each) => reissue.isSamePerson(each))
        return seat === undefined ? Effect.fail(error) : Effect.succeed(seat)
      })
    )
  )

/** Lifts the uninterruptibility of the region around a call. */
type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

const assignWithin = Effect.fnUntraced(
  function* (restore: Restore, engine: Engine, reissue: Reissue, claimed: Entry | undefined) {
    yield* restore(engine.rate.waitForTurn)
    // Another process that took the reissue over may have assigned the seat that was revoked here
    const renewed = claimed && (yield* claimReissue(engine, reissue, claimed))
    const seat = yield* restore(sendAssign(engine, reissue))
    return yield* writeMailed(engine, reissue, seat, renewed ?? (yield* engine.journal.get(reissue.key)))
  },
  (effect, _restore, _engine, reissue) => Effect.catchCause(effect, (cause) => failIncomplete(reissue, cause))
)

/**
 * Assigns a seat whose revocation is certain, if the claim still holds. Without a claim, assigns it whoever holds the
 * claim: Polar refuses a second seat to the same person.
 */
export const assign = (engine: Engine, reissue: Reissue, claimed?: Entry) =>
  Effect.uninterruptibleMask((restore) => assignWithin(restore, engine, reissue, claimed))

/** Revokes the seat, whose turn has come, and assigns it again. */
const revokeAndAssign = (engine: Engine, reissue: Reissue, seatId: SeatId, claimed: Entry) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // An ambiguous revocation is not retried: by then Polar may have given the row to somebody else
      const revoke = Effect.provideService(engine.seats.revoke(seatId), RetryAmbiguousRevoke, false)
      const revoked = yield* Effect.exit(restore(engine.rate.send(revoke)))
      if (revoked._tag === "Success") return yield* assignWithin(restore, engine, reissue, claimed)
      const error = Cause.findError(revoked.cause)
      const mayBeRevoked = Result.isFailure(error) || mayHaveHappened(error.success)
      if (mayBeRevoked) return yield* failIncomplete(reissue, revoked.cause)
      yield* writeOutcome(engine.journal, reissue.key, NotMailed.make({ seatId }), claimed)
      return yield* error.success
    })
  )

/**
 * Reads the list, and revokes and assigns the seat if it still has the old invitation. The caller has waited for its turn,
 * and `found` is what the journal holds. Returns the seat that the person has now, and whether its invitation was mailed
 * here.
 */
export const reissue = Effect.fnUntraced(function* (engine: Engine, known: Reissue, found: Entry | undefined) {
  const { rate } = engine
  const { isShared, list } = yield* engine.listShared(known.source, read(engine, known.source))
  const plan = yield* planNew(known, list)
  if (plan._tag === "AlreadyReissued") return { seat: plan.seat, isMailed: false }
  // The list request has used up the caller's turn, unless another caller sent it
  yield* isShared ? rate.waitWhilePaused : rate.waitForTurn
  const claimed = yield* claimReissue(engine, plan.reissue, found)
  return { seat: yield* revokeAndAssign(engine, plan.reissue, plan.seatId, claimed), isMailed: true }
})

/** Takes a reissue over that began earlier, reads how far it came, and does the rest. */
export const finish = Effect.fnUntraced(function* (engine: Engine, reissue: Reissue) {
  const claimed = yield* takeOver(engine.journal, reissue.key, ReissueStarted.make({ reissue }))
  const plan = planRest(reissue, yield* list(engine, reissue))
  if (plan._tag === "AlreadyReissued") return yield* writeMailed(engine, reissue, plan.seat, claimed)
  if (plan._tag === "Assign") return yield* assign(engine, reissue, claimed)
  yield* engine.rate.waitForTurn
  return yield* revokeAndAssign(engine, reissue, plan.seatId, yield* claimReissue(engine, reissue, claimed))
})
