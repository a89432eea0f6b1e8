import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Seat } from "./Seat.ts"
import { AlreadyClaimed, InvitationUnavailable } from "./SeatError.ts"

/** A seat, and the token of its invitation, which Polar never shows. */
export interface SeatState {
  readonly seat: Seat
  readonly invitationToken: Redacted.Redacted<string> | null
}

/** An invitation that is to be mailed. */
export interface InvitationMail {
  readonly to: string
  readonly token: Redacted.Redacted<string>
}

/** What follows from an operation on a seat: its next state, and what is mailed. */
export interface Transition {
  readonly state: SeatState
  readonly mail: InvitationMail | null
}

/**
 * Mails the invitation once more. Neither the token nor its expiry changes, and an expired invitation is mailed like
 * any other (`POST …/seats/{seat_id}/resend`).
 */
export const resend = (state: SeatState): Result.Result<Transition, AlreadyClaimed | InvitationUnavailable> => {
  const { invitationToken: token, seat } = state
  if (seat.status !== "pending") return Result.fail(new AlreadyClaimed({ seatId: seat.id }))
  const to = seat.holderEmail
  return token === null || to === null
    ? Result.fail(new InvitationUnavailable({ seatId: seat.id }))
    : Result.succeed({ state, mail: { to, token } })
}
