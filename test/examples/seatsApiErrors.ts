import { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"
import { InvalidOption } from "@polar-seats/domain/InvalidOption"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { AssignError } from "@polar-seats/domain/Seats"
import type { ResendInvitationError } from "@polar-seats/invitations/Invitations"
import * as InvitationError from "@polar-seats/invitations/InvitationError"
import * as Journal from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import { DateTime, Duration, Option } from "effect"

export const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const at = DateTime.makeUnsafe("2026-11-22T07:00:00Z")

export const seat = new Seat({
  createdAt: at,
  modifiedAt: null,
  id: seatId,
  subscriptionId: SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e"),
  orderId: null,
  status: "pending",
  customerId: null,
  email: "ann@acme.com",
  customerEmail: null,
  invitationTokenExpiresAt: at,
  claimedAt: null,
  revokedAt: null,
  seatMetadata: {}
})
const reissue = Option.getOrThrow(Option.fromUndefinedOr(Reissue.fromSeat(seat)))

type Declared = AssignError | ResendInvitationError
/** Each error that the API of the example declares, and the status of its answer. */
export const declared: { readonly [Tag in Declared["_tag"]]: readonly [number, Extract<Declared, { _tag: Tag }>] } = {
  NotFound: [404, new SeatError.NotFound({ resource: "seat", id: seatId, surface: "Organization" })],
  RecipientNotFound: [404, new SeatError.RecipientNotFound({ recipient: "nobody" })],
  AlreadyClaimed: [409, new SeatError.AlreadyClaimed({ seatId })],
  InvitationUnavailable: [409, new SeatError.InvitationUnavailable({ seatId })],
  NoSeatAvailable: [409, new SeatError.NoSeatAvailable({ detail: "No seats left" })],
  AlreadyAssigned: [409, new SeatError.AlreadyAssigned({ recipient: "ann@acme.com" })],
  InvitationExpired: [409, new InvitationError.InvitationExpired({ seatId, expiredAt: at, clock: "Polar" })],
  MailedRecently: [409, new InvitationError.MailedRecently({ seatId, again: at })],
  InProgressElsewhere: [409, new InvitationError.InProgressElsewhere({ seatId })],
  MailedSomebodyElse: [409, new InvitationError.MailedSomebodyElse({ seatId, meant: "eve@acme.com", seat })],
  InexactMetadata: [409, new InvitationError.InexactMetadata({ seatId, keys: ["order"] })],
  HolderRemoved: [409, new InvitationError.HolderRemoved({ seatId })],
  InvalidRequest: [
    422,
    new SeatError.InvalidRequest({
      issues: [{ type: "value_error", path: ["body", "email"], message: "is not an address" }]
    })
  ],
  RateLimited: [429, new SeatError.RateLimited({ retryAfter: Duration.millis(76_500) })],
  Unauthorized: [
    500,
    new SeatError.Unauthorized({ reason: "InvalidToken", wants: "OrganizationToken", host: "api.polar.sh" })
  ],
  Forbidden: [500, new SeatError.Forbidden({ reason: "Scope", surface: "Organization" })],
  UnreadableEntry: [500, new Journal.UnreadableEntry({ description: "it is of version 9" })],
  InvalidOption: [500, new InvalidOption({ option: "cooldown", description: "must be a finite duration, or zero" })],
  Unavailable: [
    502,
    new SeatError.Unavailable({
      operation: "Seats.resend",
      reason: { _tag: "OutcomeUnknown", description: "the connection was cut" },
      host: "api.polar.sh"
    })
  ],
  JournalError: [503, new Journal.JournalError({ description: "the database is gone" })],
  ReissueIncomplete: [
    503,
    new Reissue.ReissueIncomplete({
      reissue,
      phase: { _tag: "Assigning", revokedAt: at },
      error: new SeatError.RateLimited({ retryAfter: null })
    })
  ],
  RevokedSomebodyElse: [503, new Reissue.RevokedSomebodyElse({ seatId, meant: "eve@acme.com", reissue })]
}
