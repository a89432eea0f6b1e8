import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { type Assignment, recipientFields, validate } from "@polar-seats/domain/Assignment"
import type { PolarTime } from "@polar-seats/domain/PolarTime"
import { Seat, SeatsList } from "@polar-seats/domain/Seat"
import { InvalidRequest, type Operation } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { type ApiSurface, authenticate, authorize, type Subject } from "./internal/model/access.ts"
import * as Changes from "./internal/model/changes.ts"
import * as PolarModel from "./internal/model/polarModel.ts"
import * as Reads from "./internal/model/reads.ts"
import * as Pydantic from "./internal/validation/pydantic.ts"
import { Outbox } from "./Outbox.ts"
import type { ValidationIssue } from "./PolarApi.ts"
import * as World from "./World.ts"

const refuse = (issues: ReadonlyArray<ValidationIssue>): Result.Result<void, InvalidRequest> =>
  issues.length === 0
    ? Result.void
    : Result.fail(
        new InvalidRequest({ issues: issues.map(({ loc, msg, type }) => ({ type, path: loc, message: msg })) })
      )

const sourceField = ({ _tag, id }: Assignment["source"]) => [`${_tag.toLowerCase()}_id`, id] as const

const requestBody = ({ metadata, recipient, source }: Assignment) => ({
  ...Object.fromEntries([sourceField(source)]),
  ...recipientFields(recipient),
  metadata
})

// The client validates an assignment before it sends one. Then Polar's Pydantic judges the body
const checkAssignment = (assignment: Assignment, surface: ApiSurface): Result.Result<void, InvalidRequest> =>
  Result.flatMap(validate(assignment), () => refuse(Pydantic.assignment(surface === "portal")(requestBody(assignment))))

const checkSource = (source: SeatSource): Result.Result<void, InvalidRequest> => {
  const [field, id] = sourceField(source)
  return refuse(Pydantic.uuid("v4")(id, ["query", field]))
}

const makeSeats = (model: PolarModel.PolarModel, token: string): Seats["Service"] => {
  const surface: ApiSurface = /^polar_(oat|pat|at)_/.test(token) ? "organization" : "portal"

  const act = <A, E>(
    operation: Operation,
    on: ApiSurface,
    step: (subject: Subject, now: DateTime.Utc) => Result.Result<A, E>
  ) =>
    Effect.flatMap(DateTime.now, (now) =>
      Effect.fromResult(
        authenticate(model, token, on, now).pipe(
          Result.flatMap((subject) => authorize(model, subject, on, operation)),
          Result.flatMap((subject) => step(subject, now))
        )
      )
    ).pipe(Effect.withSpan(operation))

  return {
    resend: (seatId) => act("Seats.resend", surface, (subject, now) => Changes.resend(model, subject, seatId, now)),
    list: (source) =>
      act("Seats.list", surface, (subject) =>
        Result.flatMap(checkSource(source), () => Reads.list(model, subject, source)).pipe(
          Result.map(({ seats, ...list }) => new SeatsList({ ...list, seats: seats.map((row) => new Seat(row)) }))
        )
      ),
    assign: (assignment) =>
      act("Seats.assign", surface, (subject, now) =>
        Result.flatMap(checkAssignment(assignment, surface), () => Changes.assign(model, subject, assignment, now))
      ),
    revoke: (seatId) => act("Seats.revoke", surface, (subject, now) => Changes.revoke(model, subject, seatId, now)),
    claimedSubscriptions: act("Seats.claimedSubscriptions", "portal", (subject) =>
      Result.succeed(
        Stream.map(
          // A copy, because the seats may change while the stream is read
          Stream.fromIterable(Reads.claimedSubscriptions(model, [...Reads.claimedSeats(model, subject).values()])),
          ({ subscription }) => subscription
        )
      )
    ).pipe(Stream.unwrap),
    now: Effect.map(DateTime.now, (now): PolarTime => ({ now, clock: "Polar" }))
  }
}

type Token = string | Redacted.Redacted<string>

/**
 * One world for several callers, for the tests of an app that makes `Seats` for each request. `seats` acts as the holder of
 * a token, as `PortalSeats.make` does. If the world has no such token, each call fails with `Unauthorized`. All `Seats` that
 * are made here see the same world, and `outbox` holds the mails of all of them.
 */
export const make = (
  world: World.WorldInput
): Effect.Effect<
  { readonly seats: (token: Token) => Seats["Service"]; readonly outbox: Outbox["Service"] },
  World.InvalidWorld
> =>
  Effect.gen(function* () {
    const loaded = yield* Effect.fromResult(World.load(world))
    const model = PolarModel.make(loaded, yield* DateTime.now, yield* Random.Random)
    return {
      seats: (token: Token) => makeSeats(model, Redacted.isRedacted(token) ? Redacted.value(token) : token),
      outbox: {
        mails: Effect.sync(model.outbox.rows),
        dropped: Effect.sync(model.outbox.dropped),
        clear: Effect.sync(model.outbox.clear)
      }
    }
  })

/**
 * `Seats` without Polar, for tests. It is stateful, starts with `world`, and runs on Effect's Clock. Its `Outbox` holds
 * the mails. It acts as the holder of `token`, which is one of the world's tokens. With an organization token it does
 * what Polar's organization API does, otherwise what the customer portal does. For a `World.team`, the token may be left
 * out: then the layer acts as the team's buyer.
 */
export const layer: {
  (team: World.TeamWorld, token?: Token): Layer.Layer<Seats | Outbox, World.InvalidWorld>
  (world: World.WorldInput, token: Token): Layer.Layer<Seats | Outbox, World.InvalidWorld>
} = (world: World.WorldInput | World.TeamWorld, token: Token = "token" in world ? world.token : "") =>
  Layer.effectContext(
    Effect.map(make(world), ({ outbox, seats }) => Context.make(Seats, seats(token)).pipe(Context.add(Outbox, outbox)))
  )
