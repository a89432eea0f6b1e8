import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import { InProgressElsewhere } from "../InvitationError.ts"
import type { Entry } from "../Journal.ts"
import { fromSeat, type Phase, type Reissue, ReissueIncomplete } from "../Reissue.ts"
import { unlimited } from "./adaptiveRate.ts"
import {
  type Engine,
  guardBareId,
  guardHolder,
  judgeEntry,
  keyForId,
  keyForSeat,
  refuse,
  withSeatLock
} from "./engine.ts"
import type { Overrides } from "./knowledge.ts"
import { continueReissue } from "./reissueInRun.ts"
import { finishReissue, reissueSeat, type ReissueOptions } from "./reissueSeat.ts"
import { resendSeat } from "./resendSeat.ts"

/** The checked options of one call. */
export interface Checked {
  readonly maxLookAge: Duration.Duration
  readonly overrides: Overrides
}

// The client itself waits after a 429
const optionsOf = (checked: Checked): ReissueOptions => ({ ...checked, rate: unlimited, sharesLooks: false })

const startOrFinish = (engine: Engine, known: Reissue, checked: Checked) =>
  Effect.gen(function* () {
    const entry = yield* engine.journal.get(known.key)
    const standing = yield* judgeEntry(engine, entry, checked.overrides)
    if (standing._tag === "InProgress") return yield* new InProgressElsewhere({ seatId: known.seatId })
    const options = optionsOf(checked)
    return standing._tag === "Unfinished"
      ? yield* finishReissue(engine, standing.attempt, entry, options)
      : yield* reissueSeat(engine, known, entry, options)
  })

type Going = ReturnType<typeof startOrFinish> | ReturnType<typeof continueReissue>
type GoingError = Effect.Error<Going>
type SingleError =
  | Exclude<GoingError, { readonly _tag: "TakenOver" | "StillOnItsWay" | "AddressChanged" }>
  | ReissueIncomplete
  | InProgressElsewhere

// The mask keeps an error that stands beside an interruption in the cause
const oneAtATime = (
  engine: Engine,
  reissue: Reissue,
  going: Going,
  checked: Checked
): Effect.Effect<Seat, SingleError> =>
  Effect.uninterruptibleMask((restore) =>
    restore(withSeatLock(engine, reissue.seatId, reissue.key, going)).pipe(
      Effect.map(({ seat }) => seat),
      Effect.catch((error): Effect.Effect<Seat, SingleError> => {
        switch (error._tag) {
          case "TakenOver":
            return Effect.fail(new InProgressElsewhere({ seatId: reissue.seatId }))
          case "StillOnItsWay":
            return Effect.fail(new ReissueIncomplete({ reissue, phase: error.phase, error: null }))
          case "AddressChanged": {
            const changed = fromSeat(error.seat) ?? reissue
            return restore(reissueOne(engine, changed, checked))
          }
          default:
            return Effect.fail(error)
        }
      })
    )
  )

/** Reissues one seat. If the person has an unfinished reissue, it is finished instead. */
export const reissueOne = (engine: Engine, known: Reissue, checked: Checked): Effect.Effect<Seat, SingleError> =>
  oneAtATime(engine, known, startOrFinish(engine, known, checked), checked)

/** Finishes one reissue. */
export const finishOne = (
  engine: Engine,
  reissue: Reissue,
  phase: Phase | undefined,
  checked: Checked
): Effect.Effect<Seat, SingleError> =>
  oneAtATime(engine, reissue, continueReissue(engine, reissue, phase, optionsOf(checked)), checked)

const refuseUnfinished = (engine: Engine, seatId: SeatId, entry: Entry | undefined, overrides: Overrides) =>
  Effect.gen(function* () {
    const standing = yield* judgeEntry(engine, entry, overrides)
    if (standing._tag !== "Unfinished") return yield* refuse(engine, seatId, entry, overrides)
    const { phase, reissue } = standing.attempt
    return yield* new ReissueIncomplete({ reissue, phase, error: null })
  })

/** The key of the person whom the journal knows to be mailed for a seat. Without anybody, the seat has an entry of its own. */
const keyOfSeat = (engine: Engine, seat: Seat | SeatId) =>
  Effect.gen(function* () {
    if (!Predicate.isString(seat)) return keyForSeat(seat)
    const entries = yield* engine.journal.ofSeat(seat)
    const latest = entries.reduce<Entry | undefined>(
      (last, entry) => (last === undefined || last.at.epochMilliseconds < entry.at.epochMilliseconds ? entry : last),
      undefined
    )
    return latest?.key ?? keyForId(seat)
  })

/** Resends one seat, known by itself or by its id alone. */
export const resendOne = (engine: Engine, seat: Seat | SeatId, { overrides }: Checked) => {
  const { journal } = engine
  const seatId = Predicate.isString(seat) ? seat : seat.id
  const bareKey = keyForId(seatId)
  return journal.withLock(
    bareKey,
    Effect.gen(function* () {
      const key = yield* keyOfSeat(engine, seat)
      const send = Effect.gen(function* () {
        const found = yield* journal.get(key)
        yield* refuseUnfinished(engine, seatId, found, overrides)
        const meant = Predicate.isString(seat) ? undefined : seat
        const guard = (key === bareKey ? guardHolder : guardBareId)(engine, seatId, overrides)
        return yield* resendSeat(engine, { key, seatId, meant, found, rate: unlimited, guard })
      })
      const result = yield* key === bareKey ? send : journal.withLock(key, send)
      if (result._tag !== "Sent") return yield* Effect.fail(result.error)
      return result.seat
    })
  )
}
