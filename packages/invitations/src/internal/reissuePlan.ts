import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { validate } from "@polar-seats/domain/Assignment"
import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, NoSeatAvailable, NotFound } from "@polar-seats/domain/SeatError"
import { fromSeat, type Reissue } from "../Reissue.ts"

/** Polar names another address for the person than the one known before, so the journal has them under another key. */
export class AddressChanged extends Data.TaggedError("AddressChanged")<{ readonly seat: Seat }> {}

/** The rest of a reissue. */
type Plan = Data.TaggedEnum<{
  /** The person already has a new seat. */
  AlreadyReissued: { readonly seat: Seat }
  RevokeAndAssign: { readonly reissue: Reissue; readonly seatId: SeatId }
  Assign: {}
}>
const Plan = Data.taggedEnum<Plan>()

/** Plans a reissue that has not begun, from a list that was read for it. */
export const planNew = Effect.fnUntraced(function* (known: Reissue, { seats, totalSeats }: SeatsList) {
  const held = seats.filter((seat) => known.isSamePerson(seat))
  const old = held.find((seat) => known.hasOldInvitation(seat))
  const other = held.find((seat) => seat !== old)
  if (other !== undefined) {
    if (old === undefined && other.status === "pending") return Plan.AlreadyReissued({ seat: other })
    // Polar refuses a second seat to a person who has another one
    return yield* new AlreadyClaimed({ seatId: other.id })
  }
  if (old === undefined) {
    return yield* seats.some(({ id }) => id === known.seatId)
      ? new AlreadyClaimed({ seatId: known.seatId })
      : new NotFound({ resource: "seat", id: known.seatId })
  }
  if (seats.filter(({ status }) => status !== "revoked").length > totalSeats) {
    return yield* new NoSeatAvailable({ detail: "more seats are given away than there are" })
  }
  // Use what Polar says now, not what it said earlier
  const reissue = fromSeat(old) ?? known
  if (reissue.key !== known.key) return yield* new AddressChanged({ seat: old })
  // A seat that could not be assigned again is not revoked
  yield* Effect.fromResult(validate(reissue.assignment))
  return Plan.RevokeAndAssign({ reissue, seatId: old.id })
})

/** Plans the rest of a reissue that began earlier. */
export const planRest = (reissue: Reissue, { seats }: SeatsList): Plan => {
  const held = seats.filter((seat) => reissue.isSamePerson(seat))
  const other = held.find((seat) => !reissue.hasOldInvitation(seat))
  if (other !== undefined) return Plan.AlreadyReissued({ seat: other })
  const [old] = held
  return old === undefined ? Plan.Assign() : Plan.RevokeAndAssign({ reissue, seatId: old.id })
}
