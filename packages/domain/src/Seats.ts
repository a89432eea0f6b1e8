import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Assignment } from "./Assignment.ts"
import type { ClaimedSubscription } from "./ClaimedSubscription.ts"
import type { Seat, SeatId, SeatsList } from "./Seat.ts"
import type * as SeatError from "./SeatError.ts"
import type { SeatSource } from "./SeatSource.ts"

/** What an operation that needs a token and a right can fail with beside what is its own. */
type Protected = SeatError.RequestError | SeatError.Unauthorized | SeatError.Forbidden

/** What `Seats.resend` fails with. */
export type ResendError =
  | Protected
  | SeatError.NotFound
  | SeatError.AlreadyClaimed
  | SeatError.InvitationUnavailable
  | SeatError.ResentRecently
/** What `Seats.list` fails with. */
export type ListError = Protected | SeatError.NotFound
/** What `Seats.assign` fails with. */
export type AssignError =
  | Protected
  | SeatError.NotFound
  | SeatError.NoSeatAvailable
  | SeatError.AlreadyAssigned
  | SeatError.RecipientNotFound
/** What `Seats.revoke` fails with. */
export type RevokeError = Protected | SeatError.NotFound
/** What `Seats.claimedSubscriptions` fails with. */
export type ClaimedSubscriptionsError = Protected

/** The seats that a buyer manages. One service, whatever it is that stands behind it. */
export class Seats extends Context.Service<
  Seats,
  {
    /**
     * Mails the invitation of a pending seat once more, and gives the seat as it is. The link is the one of the first
     * mail and dies when that one does: ask `seat.invitation(now)` before, or look at it after. Each call mails.
     *
     * Polar: `POST /v1/customer-portal/seats/{seat_id}/resend`, `POST /v1/customer-seats/{seat_id}/resend`.
     */
    readonly resend: (seatId: SeatId) => Effect.Effect<Seat, ResendError>
    /**
     * Every seat of a subscription or an order, revoked ones included, in no promised order and all at once.
     *
     * Polar: `GET /v1/customer-portal/seats`, `GET /v1/customer-seats`.
     */
    readonly list: (source: SeatSource) => Effect.Effect<SeatsList, ListError>
    /**
     * Gives a free seat to a person and mails the invitation, which is good for 24 hours; or, with `immediateClaim`,
     * claims the seat for them and mails nobody. The row of a revoked seat is used again, id included. What Polar
     * would surely refuse (no address, too much metadata, a checkout that is no UUID) is refused before anything is sent.
     *
     * Polar: `POST /v1/customer-portal/seats`, `POST /v1/customer-seats`.
     */
    readonly assign: (assignment: Assignment) => Effect.Effect<Seat, AssignError>
    /**
     * Takes a seat away, claimed or not. A seat that is revoked stays revoked, so it may be repeated. The answer still
     * names the member who had it.
     *
     * Polar: `DELETE /v1/customer-portal/seats/{seat_id}`, `DELETE /v1/customer-seats/{seat_id}`.
     */
    readonly revoke: (seatId: SeatId) => Effect.Effect<Seat, RevokeError>
    /**
     * The subscriptions in which the holder of the session sits, page by page as they are asked for. There is no such
     * thing for an organization: with its token this is `Unauthorized`.
     *
     * Polar: `GET /v1/customer-portal/seats/subscriptions`.
     */
    readonly claimedSubscriptions: Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError>
  }
>()("@polar-seats/domain/Seats") {}
