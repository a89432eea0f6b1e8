import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { type CustomerId, type Member, Seat, type SeatId } from "./Seat.ts"
import { AlreadyClaimed, InvalidInvitation, InvitationUnavailable } from "./SeatError.ts"
import type { OrderId, SubscriptionId } from "./SeatSource.ts"

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

/** What is announced to webhooks and, for a claim, to who waits for it. */
export type Announcement = "customer_seat.assigned" | "customer_seat.claimed" | "customer_seat.revoked"

/** What follows from an operation on a seat: its next state, what is mailed, and what is announced. */
export interface Transition {
  readonly state: SeatState
  readonly mail: InvitationMail | null
  readonly announce: Announcement | null
}

/** How long an invitation lasts from the assignment on. */
export const invitationLifetime: Duration.Duration = Duration.hours(24)

/** The row that an assignment fills: a new one, or a revoked one of the same source, which keeps its id and its age. */
export interface Vacancy {
  readonly id: SeatId
  readonly createdAt: DateTime.Utc
  readonly subscriptionId: SubscriptionId | null
  readonly orderId: OrderId | null
  readonly reused: boolean
}

/** Who an assignment seats: the customer that Polar names in the seat, the member, and the address. */
export interface Holder {
  readonly customerId: CustomerId
  readonly member: Member
  readonly email: string
}

/**
 * Seats a person. Mails an invitation good for 24 hours with the `token`; without one the seat is claimed at once and
 * nobody is mailed (`POST …/seats`).
 */
export const assign = (
  vacancy: Vacancy,
  holder: Holder,
  token: Redacted.Redacted<string> | null,
  seatMetadata: { readonly [key: string]: Schema.Json },
  now: DateTime.Utc
): Transition => {
  const { reused, ...row } = vacancy
  const { customerId, email, member } = holder
  const seat = new Seat({
    ...row,
    modifiedAt: reused ? now : null,
    status: token === null ? "claimed" : "pending",
    customerId,
    memberId: member.id,
    member,
    email,
    customerEmail: email,
    invitationTokenExpiresAt: token === null ? null : DateTime.addDuration(now, invitationLifetime),
    claimedAt: token === null ? now : null,
    revokedAt: null,
    seatMetadata
  })
  return {
    state: { seat, invitationToken: token },
    mail: token === null ? null : { to: email, token },
    announce: token === null ? "customer_seat.claimed" : "customer_seat.assigned"
  }
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
    : Result.succeed({ state, mail: { to, token }, announce: null })
}

/** Whether the invitation can be claimed now. Here alone its expiry counts (`GET …/claim/{invitation_token}`). */
export const isClaimable = ({ invitationToken, seat }: SeatState, now: DateTime.Utc): boolean => {
  const invitation = seat.invitation(now)._tag
  return invitationToken !== null && (invitation === "Live" || invitation === "Unlimited")
}

/** Takes the seat. The token is used up; the expiry stays on the record (`POST …/claim`). */
export const claim = (state: SeatState, now: DateTime.Utc): Result.Result<Transition, InvalidInvitation> =>
  isClaimable(state, now)
    ? Result.succeed({
        state: {
          seat: new Seat({ ...state.seat, status: "claimed", claimedAt: now, modifiedAt: now }),
          invitationToken: null
        },
        mail: null,
        announce: "customer_seat.claimed"
      })
    : Result.fail(new InvalidInvitation())

/**
 * Empties the seat. Once revoked, it stays as it is. The answer still names the member who had it, though none of the
 * ids does; `claimedAt` and the expiry stay on the record (`DELETE …/seats/{seat_id}`).
 */
export const revoke = (state: SeatState, now: DateTime.Utc): Transition => {
  const { seat } = state
  if (seat.status === "revoked") return { state, mail: null, announce: null }
  return {
    state: {
      seat: new Seat({
        ...seat,
        status: "revoked",
        revokedAt: now,
        modifiedAt: now,
        customerId: null,
        memberId: null,
        email: null,
        customerEmail: seat.member?.email ?? seat.customerEmail
      }),
      invitationToken: null
    },
    mail: null,
    announce: "customer_seat.revoked"
  }
}
