import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Assignment } from "./Assignment.ts"
import type { ClaimedSubscription } from "./ClaimedSubscription.ts"
import type { PolarTime } from "./PolarTime.ts"
import type { Seat, SeatId, SeatsList } from "./Seat.ts"
import * as SeatError from "./SeatError.ts"
import type { SeatSource } from "./SeatSource.ts"

// Each union names all its members, because a bundler keeps an unused union that has a spread in it

/** The errors of `Seats.resend`. Its `members` fit the `error` of an `HttpApiEndpoint`, and it fits that of an `Rpc`. */
export const ResendError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound,
  SeatError.AlreadyClaimed,
  SeatError.InvitationUnavailable
])
export type ResendError = typeof ResendError.Type
/** The errors of `Seats.list`. */
export const ListError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound
])
export type ListError = typeof ListError.Type
/** The errors of `Seats.assign`. */
export const AssignError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound,
  SeatError.NoSeatAvailable,
  SeatError.AlreadyAssigned,
  SeatError.RecipientNotFound
])
export type AssignError = typeof AssignError.Type
/** The errors of `Seats.revoke`. */
export const RevokeError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound
])
export type RevokeError = typeof RevokeError.Type
/** The errors of `Seats.claimedSubscriptions`. */
export const ClaimedSubscriptionsError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden
])
export type ClaimedSubscriptionsError = typeof ClaimedSubscriptionsError.Type

/** The seats that a buyer manages. Every layer, over HTTP or in memory, provides this same service. */
export class Seats extends Context.Service<
  Seats,
  {
    /**
     * Mails the invitation of a pending seat once more, and returns the unchanged seat. Each call mails. The link is the
     * one of the first mail, and expires with it: check `seat.invitation(now)` before or after the call, with the `now` of
     * this service.
     *
     * Polar: `POST /v1/customer-portal/seats/{seat_id}/resend`, `POST /v1/customer-seats/{seat_id}/resend`.
     */
    readonly resend: (seatId: SeatId) => Effect.Effect<Seat, ResendError>
    /**
     * Lists every seat of a subscription or an order, including revoked ones, in no particular order and without pages.
     *
     * Polar: `GET /v1/customer-portal/seats`, `GET /v1/customer-seats`.
     */
    readonly list: (source: SeatSource) => Effect.Effect<SeatsList, ListError>
    /**
     * Gives a free seat to a person and mails them an invitation, which lasts 24 hours. With `immediateClaim`, it claims
     * the seat for them and mails nobody. Polar reuses the row of a revoked seat, including its id. An empty recipient,
     * and metadata beyond Polar's limits, are refused before anything is sent. Polar judges the rest: an odd address, for
     * example, is sent and comes back as `InvalidRequest`.
     *
     * Polar: `POST /v1/customer-portal/seats`, `POST /v1/customer-seats`.
     */
    readonly assign: (assignment: Assignment) => Effect.Effect<Seat, AssignError>
    /**
     * Takes a seat away, claimed or not. A revoked seat stays revoked, so a retry is harmless unless seats are assigned at
     * the same time. The answer still names the member who held the seat.
     *
     * Polar: `DELETE /v1/customer-portal/seats/{seat_id}`, `DELETE /v1/customer-seats/{seat_id}`.
     */
    readonly revoke: (seatId: SeatId) => Effect.Effect<Seat, RevokeError>
    /**
     * Streams the subscriptions in which the holder of the session has a claimed seat, and reads each page when it is
     * needed. An organization holds no seats: with its token the stream fails with `Unauthorized`.
     *
     * Polar: `GET /v1/customer-portal/seats/subscriptions`.
     */
    readonly claimedSubscriptions: Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError>
    /**
     * The time at Polar, for `seat.invitation(now)`. It sends nothing. Over HTTP, the service learns Polar's time from the
     * `Date` of the answers to its own calls, within one second and the round trip of a call. Until then, and in a browser
     * on another origin, it is the time of the machine, and `clock` says so.
     *
     * Polar: the `Date` of every answer.
     */
    readonly now: Effect.Effect<PolarTime, never>
  }
>()("@polar-seats/domain/Seats") {}
