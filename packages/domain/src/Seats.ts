import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Outbox } from "./Outbox.ts"
import type { Seat, SeatId, SeatsList } from "./Seat.ts"
import type { AlreadyClaimed, Common, InvitationUnavailable, NotFound, Operation } from "./SeatError.ts"
import * as SeatModel from "./SeatModel.ts"
import type { SeatSource } from "./SeatSource.ts"
import * as World from "./World.ts"

/** What `Seats.resend` fails with. */
export type ResendError = Common | NotFound | AlreadyClaimed | InvitationUnavailable
/** What `Seats.list` fails with. */
export type ListError = Common | NotFound

/** The seats that a buyer manages. One service, whatever it is that stands behind it. */
export class Seats extends Context.Service<
  Seats,
  {
    /**
     * Mails the invitation of a pending seat once more, and gives the seat as it is. The link is the one of the first
     * mail and dies when that one does: ask `seat.invitation(now)` before, or look at it after. Each call mails.
     *
     * Polar: `POST /v1/customer-portal/seats/{seat_id}/resend`.
     */
    readonly resend: (seatId: SeatId) => Effect.Effect<Seat, ResendError>
    /**
     * Every seat of a subscription or an order, revoked ones included, in no promised order and all at once.
     *
     * Polar: `GET /v1/customer-portal/seats`.
     */
    readonly list: (source: SeatSource) => Effect.Effect<SeatsList, ListError>
  }
>()("@polar-seats/domain/Seats") {
  /**
   * `Seats` without Polar, for tests: filled with `world`, stateful, on the Clock of Effect, with an `Outbox` to look
   * into. It asks as the holder of `token`, one of the world's.
   */
  static readonly layerMemory = (
    world: World.WorldInput,
    token: string
  ): Layer.Layer<Seats | Outbox, World.WorldInvalid> =>
    Layer.effectContext(
      Effect.gen(function* () {
        const loaded = yield* Effect.fromResult(World.load(world))
        const model = SeatModel.make(loaded, yield* DateTime.now, yield* Random.Random)
        const secret = Redacted.make(token)

        const asked = <A, E>(
          operation: Operation,
          act: (subject: SeatModel.Subject, now: DateTime.Utc) => Result.Result<A, E>
        ) =>
          Effect.flatMap(DateTime.now, (now) =>
            Effect.fromResult(
              model.authenticate(secret, now).pipe(
                Result.flatMap((subject) => model.authorize(subject, operation)),
                Result.flatMap((subject) => act(subject, now))
              )
            )
          ).pipe(Effect.withSpan(operation))

        return Context.make(Seats, {
          resend: (seatId) => asked("Seats.resend", (subject, now) => model.resend(subject, seatId, now)),
          list: (source) => asked("Seats.list", (subject) => model.list(subject, source))
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
}
