import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type CustomerId, type Member, Seat, type SeatId } from "./Seat.ts"
import { AlreadyClaimed, InvalidInvitation, InvitationUnavailable } from "./SeatError.ts"
import type { OrderId, SubscriptionId } from "./SeatSource.ts"

/** A seat, and the token of its invitation, which Polar's API never shows. */
export interface SeatState {
  readonly seat: Seat
  readonly invitationToken: Redacted.Redacted<string> | null
}

/** An invitation to mail. */
export interface InvitationMail {
  readonly to: string
  readonly token: Redacted.Redacted<string>
}

/** The event that a transition announces: to webhooks, and a claim also to the stream of claim events. */
export type Announcement = "customer_seat.assigned" | "customer_seat.claimed" | "customer_seat.revoked"

/** The result of an operation on a seat: its next state, the mail to send, and the event to announce. */
export interface Transition {
  readonly state: SeatState
  readonly mail: InvitationMail | null
  readonly announce: Announcement | null
}

/** The lifetime of an invitation, which starts at the assignment. */
export const invitationLifetime: Duration.Duration = Duration.hours(24)

/** The row that an assignment fills: a new one, or a revoked one of the same source, which keeps its id and creation time. */
export interface Vacancy {
  readonly id: SeatId
  readonly createdAt: DateTime.Utc
  readonly subscriptionId: SubscriptionId | null
  readonly orderId: OrderId | null
  readonly reused: boolean
}

/** The person that an assignment seats: the customer that Polar names in the seat, the member, and the address. */
export interface Holder {
  readonly customerId: CustomerId
  readonly member: Member
  readonly email: string
}

/**
 * Seats a person (`POST …/seats`). With a `token`, it mails an invitation that lasts 24 hours. Without one, the person
 * claims the seat at once and nobody is mailed.
 */
export const assign = (
  vacancy: Vacancy,
  holder: Holder,
  token: Redacted.Redacted<string> | null,
  metadata: Pick<Seat, "seatMetadata" | "exactMetadata">,
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
    ...metadata
  })
  return {
    state: { seat, invitationToken: token },
    mail: token === null ? null : { to: email, token },
    announce: token === null ? "customer_seat.claimed" : "customer_seat.assigned"
  }
}

/**
 * Mails the invitation once more (`POST …/seats/{seat_id}/resend`). Neither the token nor its expiry changes. An expired
 * invitation is mailed like any other.
 */
export const resend = (state: SeatState): Result.Result<Transition, AlreadyClaimed | InvitationUnavailable> => {
  const { invitationToken: token, seat } = state
  if (seat.status !== "pending") return Result.fail(new AlreadyClaimed({ seatId: seat.id }))
  const to = seat.holderEmail
  return token === null || to === null
    ? Result.fail(new InvitationUnavailable({ seatId: seat.id }))
    : Result.succeed({ state, mail: { to, token }, announce: null })
}

/** Whether the invitation can be claimed now (`GET …/claim/{invitation_token}`). Only a claim checks the expiry. */
export const isClaimable = ({ invitationToken, seat }: SeatState, now: DateTime.Utc): boolean => {
  const invitation = seat.invitation(now)._tag
  return invitationToken !== null && (invitation === "Live" || invitation === "Unlimited")
}

/** Claims the seat (`POST …/claim`). This uses the token up. The expiry stays on the record. */
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
 * Takes the seat away from its holder (`DELETE …/seats/{seat_id}`). A revoked seat stays as it is. The answer still has
 * the `member` who held it, but no ids of the holder. `claimedAt` and the expiry stay on the record.
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
