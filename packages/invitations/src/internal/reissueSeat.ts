import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import type { Seat } from "@polar-seats/domain/Seat"
import type { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Journal from "../Journal.ts"
import type { Reissue } from "../Reissue.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { takeOver } from "./journalWrites.ts"
import { type AddressChanged, planNew, planRest } from "./reissuePlan.ts"
import * as RevokeAndAssign from "./revokeAndAssign.ts"
import * as SharedList from "./sharedList.ts"

/** The seat that the person has now, and whether this reissue mailed its invitation. */
interface Reissued {
  readonly seat: Seat
  readonly isMailed: boolean
}

/** Reissues seats. */
export interface Reissuer {
  /** Runs an effect while no other reissue of the person runs here. */
  readonly exclusively: (reissue: Reissue) => <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /**
   * Reads the list, and revokes and assigns the seat if it still has the old invitation. The caller has waited for its
   * turn. `claim` writes `ReissueStarted`, and returns `undefined` if the journal has changed meanwhile.
   */
  readonly reissue: (
    known: Reissue,
    rate: AdaptiveRate,
    claim: (reissue: Reissue) => Effect.Effect<Journal.Entry | undefined, Journal.JournalError>
  ) => Effect.Effect<Reissued, RevokeAndAssign.ReissueFailure | AddressChanged>
  /** Assigns a seat whose revocation is certain. */
  readonly assignAgain: (reissue: Reissue, rate: AdaptiveRate) => Effect.Effect<Seat, RevokeAndAssign.ReissueFailure>
  /** Takes a reissue over that began earlier, reads how far it came, and does the rest. */
  readonly finish: (reissue: Reissue, rate: AdaptiveRate) => Effect.Effect<Seat, RevokeAndAssign.ReissueFailure>
}

export const make = Effect.fnUntraced(function* (seats: Seats["Service"], journal: Journal.Journal["Service"]) {
  // Two reissues of one person would revoke each other's invitation
  const locks = yield* RcMap.make({ lookup: (_: string) => Semaphore.make(1) })
  const listShared = yield* SharedList.make

  const read = (source: SeatSource, rate: AdaptiveRate) => rate.send(Effect.suspend(() => seats.list(source)))
  const list = ({ source }: Reissue, rate: AdaptiveRate) =>
    Effect.map(listShared(source, Effect.andThen(rate.waitForTurn, read(source, rate))), ({ list }) => list)

  const { assignAgain, assignRevoked, revokeAndAssign } = RevokeAndAssign.make(seats, journal, list)

  const reissue: Reissuer["reissue"] = Effect.fnUntraced(function* (known, rate, claim) {
    const { isShared, list } = yield* listShared(known.source, read(known.source, rate))
    const plan = yield* Effect.fromResult(planNew(known, list))
    if (plan._tag === "AlreadyReissued") return { seat: plan.seat, isMailed: false }
    // The list request has used up the caller's turn, unless another caller sent it
    yield* isShared ? rate.waitWhilePaused : rate.waitForTurn
    const claimed = yield* claim(plan.reissue)
    if (claimed === undefined) return yield* new RevokeAndAssign.TakenOver()
    return { seat: yield* revokeAndAssign(plan.reissue, plan.seatId, claimed, rate), isMailed: true }
  })

  const finish: Reissuer["finish"] = Effect.fnUntraced(function* (reissue, rate) {
    const claim = yield* takeOver(journal, reissue.key, Journal.JournalStep.cases.ReissueStarted.make({ reissue }))
    const plan = planRest(reissue, yield* list(reissue, rate))
    if (plan._tag === "AlreadyReissued") return yield* RevokeAndAssign.writeMailed(journal, reissue, plan.seat, claim)
    if (plan._tag === "Assign") return yield* assignRevoked(reissue, claim, rate)
    yield* rate.waitForTurn
    const renewed = yield* RevokeAndAssign.renewClaim(journal, reissue, claim)
    if (renewed === undefined) return yield* new RevokeAndAssign.TakenOver()
    return yield* revokeAndAssign(reissue, plan.seatId, renewed, rate)
  })

  const reissuer: Reissuer = {
    reissue,
    finish,
    assignAgain,
    exclusively: (reissue) => (effect) =>
      Effect.scoped(Effect.flatMap(RcMap.get(locks, reissue.key), (lock) => lock.withPermit(effect)))
  }
  return reissuer
})
