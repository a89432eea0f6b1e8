import { validate } from "@polar-seats/domain/Assignment"
import { inexactKeys } from "@polar-seats/domain/ExactJson"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, type InvalidRequest, NoSeatAvailable, NotFound } from "@polar-seats/domain/SeatError"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { InexactMetadata } from "../InvitationError.ts"
import { fromSeat, metadataOf, type Phase, Reissue } from "../Reissue.ts"
import type { SeatsIndex } from "./seatsIndex.ts"

/** Polar names another address for the person than the one known before, so the journal has them under another key. */
export class AddressChanged extends Data.TaggedError("AddressChanged")<{ readonly seat: Seat }> {}

/** The rest of a reissue. */
export type Plan =
  /** The person has a seat that needs no new invitation. */
  | { readonly _tag: "HasSeat"; readonly seat: Seat }
  | { readonly _tag: "RevokeAndAssign"; readonly reissue: Reissue; readonly seatId: SeatId }
  | { readonly _tag: "Assign"; readonly revokedAt: DateTime.Utc | null }
  /** A revocation may still be on its way. */
  | { readonly _tag: "Wait"; readonly until: DateTime.Utc }
  /** The person has no seat, and somebody else may have removed them. `isCertain` if somebody else has. */
  | { readonly _tag: "Removed"; readonly isCertain: boolean }
  /** The same, because seats were revoked since. If our own reissues revoked them all, it is an `Assign`. */
  | { readonly _tag: "Clouded"; readonly revokedAt: DateTime.Utc; readonly later: ReadonlyArray<Seat> }

const isDead = (seat: Seat, now: DateTime.Utc) => seat.invitation(now)._tag === "Expired"

type NewPlan = Extract<Plan, { readonly _tag: "HasSeat" | "RevokeAndAssign" }>
type NewPlanError = AlreadyClaimed | NotFound | NoSeatAvailable | AddressChanged | InvalidRequest | InexactMetadata

/** Fails if a reissue could not give back the metadata that the seat has. Runs before anything is revoked. */
export const checkMetadata = ({
  assignment,
  exactMetadata,
  seatId
}: Reissue): Result.Result<unknown, InvalidRequest | InexactMetadata> =>
  exactMetadata === undefined
    ? validate(assignment)
    : Result.fail(new InexactMetadata({ seatId, keys: inexactKeys(exactMetadata) }))

/** A seat that could not be assigned again is not revoked. */
const planRevocation = (seat: Seat, known: Reissue, index: SeatsIndex): Result.Result<NewPlan, NewPlanError> => {
  if (index.taken > index.list.totalSeats) {
    return Result.fail(new NoSeatAvailable({ detail: "more seats are given away than there are" }))
  }
  // Use what Polar says now, not what it said earlier
  const reissue = fromSeat(seat) ?? known
  if (reissue.key !== known.key) return Result.fail(new AddressChanged({ seat }))
  return Result.map(checkMetadata(reissue), () => ({ _tag: "RevokeAndAssign", reissue, seatId: seat.id }))
}

/** Plans a reissue that has not begun. */
export const planNew = (known: Reissue, index: SeatsIndex, now: DateTime.Utc): Result.Result<NewPlan, NewPlanError> => {
  const held = index.heldBy(known)
  const old = held.find((seat) => known.hasOldInvitation(seat))
  const other = held.find((seat) => seat !== old)
  if (other === undefined) {
    if (old !== undefined) return planRevocation(old, known, index)
    return Result.fail(
      index.seat(known.seatId) === undefined
        ? new NotFound({ resource: "seat", id: known.seatId })
        : new AlreadyClaimed({ seatId: known.seatId })
    )
  }
  // Polar refuses a second seat to a person who has another one
  if (old !== undefined || other.status !== "pending") return Result.fail(new AlreadyClaimed({ seatId: other.id }))
  // The invitation has changed since it was read. Only one that works is a result
  return isDead(other, now) ? planRevocation(other, known, index) : Result.succeed({ _tag: "HasSeat", seat: other })
}

// Polar's time is known to a second and the time of a request
const slack = Duration.seconds(5)

/** When the revocation of an attempt took effect, if the seats show that it did. */
export const evidence = (
  phase: Phase,
  row: Seat | undefined
): { readonly revokedAt: DateTime.Utc | null } | undefined => {
  if (phase._tag !== "Revoking") return phase
  const revokedAt = row?.status === "revoked" ? row.revokedAt : null
  if (revokedAt === null) return undefined
  const isOurs =
    DateTime.isLessThanOrEqualTo(DateTime.subtractDuration(phase.from, slack), revokedAt) &&
    DateTime.isLessThanOrEqualTo(revokedAt, DateTime.addDuration(phase.endedAt ?? phase.until, slack))
  return isOurs ? { revokedAt } : undefined
}

/** Plans the rest of a reissue that began earlier. `isRevokedHere` knows the revocations of this process. */
export const planRest = (
  reissue: Reissue,
  phase: Phase,
  index: SeatsIndex,
  now: DateTime.Utc,
  isRevokedHere: (seat: Seat) => boolean
): Plan => {
  const held = index.heldBy(reissue)
  const other = held.find((seat) => !reissue.hasOldInvitation(seat))
  if (other !== undefined) {
    if (other.status !== "pending" || !isDead(other, now)) return { _tag: "HasSeat", seat: other }
    return { _tag: "RevokeAndAssign", reissue: fromSeat(other) ?? reissue, seatId: other.id }
  }
  const [old] = held
  if (old !== undefined) {
    return phase._tag === "Revoking" && DateTime.isLessThan(now, phase.until)
      ? { _tag: "Wait", until: phase.until }
      : { _tag: "RevokeAndAssign", reissue: new Reissue({ ...reissue, ...metadataOf(old) }), seatId: old.id }
  }
  const row = index.seat(reissue.seatId)
  const ours = evidence(phase, row)
  if (ours === undefined) return { _tag: "Removed", isCertain: row?.status === "revoked" }
  const { revokedAt } = ours
  // A person who was seated and removed since then may be this one
  const later = revokedAt === null ? [] : index.revokedAfter(revokedAt).filter((seat) => !isRevokedHere(seat))
  return revokedAt === null || later.length === 0
    ? { _tag: "Assign", revokedAt }
    : { _tag: "Clouded", revokedAt, later }
}
