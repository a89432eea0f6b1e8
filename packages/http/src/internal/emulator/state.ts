import type { Mail } from "@polar-seats/domain/Outbox"
import * as SeatModel from "@polar-seats/domain/SeatModel"
import type { World } from "@polar-seats/domain/World"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Result from "effect/Result"

/** A request as the ledger keeps it: nothing secret is in it. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly at: DateTime.Utc
}

/** All that an emulator remembers. */
export class EmulatorState extends Context.Service<
  EmulatorState,
  {
    /** The time in the emulator: that of Effect's Clock, moved by what the control API was told. */
    readonly now: Effect.Effect<DateTime.Utc>
    readonly advance: (by: Duration.Input) => Effect.Effect<void>
    readonly setTime: (to: DateTime.Utc) => Effect.Effect<void>
    /** One step of the model, at the time of the emulator. */
    readonly step: <A, E>(
      act: (model: SeatModel.SeatModel, now: DateTime.Utc) => Result.Result<A, E>
    ) => Effect.Effect<A, E>
    /** The mails so far. */
    readonly outbox: Effect.Effect<Array<Mail>>
    /** Starts afresh from a world: what was mailed and recorded is gone, and the clock is put back. */
    readonly seed: (world: World) => Effect.Effect<void>
    /** The requests so far, newest last; the caller may add to it and empty it. */
    readonly requests: Array<RecordedRequest>
  }
>()("@polar-seats/http/EmulatorState") {}

export const make = Effect.fnUntraced(function* (world: World) {
  const random = yield* Random.Random
  const requests: Array<RecordedRequest> = []
  let offset = 0
  const now = Effect.map(Clock.currentTimeMillis, (millis) => DateTime.makeUnsafe(millis + offset))
  let model = SeatModel.make(world, yield* now, random)

  return EmulatorState.of({
    now,
    advance: (by) =>
      Effect.sync(() => {
        offset += Duration.toMillis(Duration.fromInputUnsafe(by))
      }),
    setTime: (to) =>
      Effect.map(Clock.currentTimeMillis, (millis) => {
        offset = DateTime.toEpochMillis(to) - millis
      }),
    step: (act) => Effect.flatMap(now, (at) => Effect.fromResult(act(model, at))),
    outbox: Effect.sync(() => model.outbox),
    seed: (next) =>
      Effect.map(DateTime.now, (start) => {
        offset = 0
        requests.length = 0
        model = SeatModel.make(next, start, random)
      }),
    requests
  })
})
