import type { Seat } from "@polar-seats/domain/Seat"
import { invitationLifetime } from "@polar-seats/domain/SeatLifecycle"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import { Skip } from "../Reminder.ts"
import type { RunOptions } from "./runState.ts"

/** The decision about one seat, by the seat and the options alone. */
export type Decision = Data.TaggedEnum<{
  Skip: { readonly reason: Skip }
  Resend: {}
  Reissue: {}
}>
const Decision = Data.taggedEnum<Decision>()
// `Decision` makes a constructor each time that it is asked for one
const resend = Decision.Resend()
const reissue = Decision.Reissue()

const invitedAt = (seat: Seat): DateTime.Utc => {
  const expiresAt = seat.invitationTokenExpiresAt
  return expiresAt === null
    ? (seat.modifiedAt ?? seat.createdAt)
    : DateTime.subtractDuration(expiresAt, invitationLifetime)
}

/** Decides what a run does to a seat, unless the journal keeps it from that. */
export const decide = (
  seat: Seat,
  { address: isChosen, olderThan, onExpired = "fail" }: RunOptions,
  now: DateTime.Utc
): Decision => {
  if (seat.status !== "pending") return Decision.Skip({ reason: Skip.NotPending() })
  const address = seat.holderEmail
  const isOldEnough =
    olderThan === undefined || DateTime.isLessThanOrEqualTo(DateTime.addDuration(invitedAt(seat), olderThan), now)
  if (!isOldEnough || (isChosen !== undefined && (address === null || !isChosen(address)))) {
    return Decision.Skip({ reason: Skip.FilteredOut() })
  }
  const invitation = seat.invitation(now)
  if (invitation._tag !== "Expired" || onExpired === "resendAnyway") return resend
  return onExpired === "reissue"
    ? reissue
    : Decision.Skip({ reason: Skip.Expired({ expiredAt: invitation.expiredAt }) })
}
