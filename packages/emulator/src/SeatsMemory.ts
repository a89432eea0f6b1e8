import * as SeatError from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { UuidV4 } from "@polar-seats/domain/Uuid"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Outbox } from "./Outbox.ts"
import * as SeatModel from "./SeatModel.ts"
import * as World from "./World.ts"

const isUuidV4 = Schema.is(UuidV4)

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
export const layer = (world: World.WorldInput, token: string): Layer.Layer<Seats | Outbox, World.InvalidWorld> =>
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
