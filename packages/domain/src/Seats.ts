import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Assignment } from "./Assignment.ts"
import type { ClaimedSubscription } from "./ClaimedSubscription.ts"
import { Outbox } from "./Outbox.ts"
import type { Seat, SeatId, SeatsList } from "./Seat.ts"
import * as SeatError from "./SeatError.ts"
import * as SeatModel from "./SeatModel.ts"
import type { SeatSource } from "./SeatSource.ts"
import { UuidV4 } from "./Uuid.ts"
import * as World from "./World.ts"

/** What an operation that needs a token and a right can fail with beside what is its own. */
type Protected = SeatError.Common | SeatError.Unauthorized | SeatError.Forbidden

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

const isUuidV4 = /* @__PURE__ */ Schema.is(UuidV4)

// Before Polar looks for it
const checkSource = (source: SeatSource): Result.Result<SeatSource, SeatError.InvalidRequest> => {
  if (isUuidV4(source.id)) return Result.succeed(source)
  const path = ["query", `${source._tag.toLowerCase()}_id`]
  const issues = [{ type: "uuid_version", path, message: "UUID version 4 expected" }]
  return Result.fail(new SeatError.InvalidRequest({ issues }))
}

/**
 * `Seats` without Polar, for tests: filled with `world`, stateful, on the Clock of Effect, with an `Outbox` to look
 * into. It asks as the holder of `token`, one of the world's: with an organization's it is what the organization may
 * do, else what the customer portal allows.
 */
export const layerMemory = (world: World.WorldInput, token: string): Layer.Layer<Seats | Outbox, World.WorldInvalid> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const loaded = yield* Effect.fromResult(World.load(world))
      const model = SeatModel.make(loaded, yield* DateTime.now, yield* Random.Random)
      const secret = Redacted.make(token)
      const own: SeatModel.Surface = /^polar_(oat|pat|at)_/.test(token) ? "organization" : "portal"

      const asked = <A, E>(
        operation: SeatError.Operation,
        surface: SeatModel.Surface,
        act: (subject: SeatModel.Subject, now: DateTime.Utc) => Result.Result<A, E>
      ) =>
        Effect.flatMap(DateTime.now, (now) =>
          Effect.fromResult(
            model.authenticate(secret, surface, now).pipe(
              Result.flatMap((subject) => model.authorize(subject, surface, operation)),
              Result.flatMap((subject) => act(subject, now))
            )
          )
        ).pipe(Effect.withSpan(operation))

      return Context.make(Seats, {
        resend: (seatId) => asked("Seats.resend", own, (subject, now) => model.resend(subject, seatId, now)),
        list: (source) =>
          asked("Seats.list", own, (subject) =>
            Result.flatMap(checkSource(source), (source) => model.list(subject, source))
          ),
        assign: (assignment) => asked("Seats.assign", own, (subject, now) => model.assign(subject, assignment, now)),
        revoke: (seatId) => asked("Seats.revoke", own, (subject, now) => model.revoke(subject, seatId, now)),
        claimedSubscriptions: asked("Seats.claimedSubscriptions", "portal", (subject) =>
          Result.succeed(Stream.fromIterable(model.claimed(subject).map(({ subscription }) => subscription)))
        ).pipe(Stream.unwrap)
      }).pipe(
        Context.add(Outbox, {
          mails: Effect.sync(() => model.outbox.slice()),
          clear: Effect.sync(() => {
            model.outbox.length = 0
          })
        })
      )
    })
  )
