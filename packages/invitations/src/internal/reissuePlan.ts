import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { validate } from "@polar-seats/domain/Assignment"
import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, type InvalidRequest, NoSeatAvailable, NotFound } from "@polar-seats/domain/SeatError"
import { fromSeat, type Reissue } from "../Reissue.ts"

/** Polar names another address for the person than the one known before, so the journal has them under another key. */
export class AddressChanged extends Data.TaggedError("AddressChanged")<{ readonly seat: Seat }> {}

/** The rest of a reissue. */
export type Plan =
  /** The person already has a new seat. */
  | { readonly _tag: "AlreadyReissued"; readonly seat: Seat }
  | { readonly _tag: "RevokeAndAssign"; readonly reissue: Reissue; readonly seatId: SeatId }
  | { readonly _tag: "Assign" }

/** Plans a reissue that has not begun, from a list that was read for it. */
export const planNew = (
  known: Reissue,
  { seats, totalSeats }: SeatsList
): Result.Result<
  Exclude<Plan, { readonly _tag: "Assign" }>,
  AlreadyClaimed | NotFound | NoSeatAvailable | AddressChanged | InvalidRequest
> => {
  const held = seats.filter((seat) => known.isSamePerson(seat))
  const old = held.find((seat) => known.hasOldInvitation(seat))
  const other = held.find((seat) => seat !== old)
  if (other !== undefined) {
    return old === undefined && other.status === "pending"
      ? Result.succeed({ _tag: "AlreadyReissued", seat: other })
      : // Polar refuses a second seat to a person who has another one
        Result.fail(new AlreadyClaimed({ seatId: other.id }))
  }
  if (old === undefined) {
    return Result.fail(
      seats.some(({ id }) => id === known.seatId)
        ? new AlreadyClaimed({ seatId: known.seatId })
        : new NotFound({ resource: "seat", id: known.seatId })
    )
  }
  if (seats.filter(({ status }) => status !== "revoked").length > totalSeats) {
    return Result.fail(new NoSeatAvailable({ detail: "more seats are given away than there are" }))
  }
  // Use what Polar says now, not what it said earlier
  const reissue = fromSeat(old) ?? known
  if (reissue.key !== known.key) return Result.fail(new AddressChanged({ seat: old }))
  // A seat that could not be assigned again is not revoked
  return Result.map(validate(reissue.assignment), () => ({ _tag: "RevokeAndAssign", reissue, seatId: old.id }))
}

/** Plans the rest of a reissue that began earlier. */
export const planRest = (reissue: Reissue, { seats }: SeatsList): Plan => {
  const held = seats.filter((seat) => reissue.isSamePerson(seat))
  const other = held.find((seat) => !reissue.hasOldInvitation(seat))
  if (other !== undefined) return { _tag: "AlreadyReissued", seat: other }
  const [old] = held
  return old === undefined ? { _tag: "Assign" } : { _tag: "RevokeAndAssign", reissue, seatId: old.id }
}
