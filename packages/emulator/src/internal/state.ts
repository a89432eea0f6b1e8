import type { Mail } from "../Outbox.ts"
import * as SeatModel from "../SeatModel.ts"
import type { World } from "../World.ts"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import type * as Result from "effect/Result"
import { InvalidOption } from "@polar-seats/http/PolarConnection"
import * as Faults from "./faults.ts"
import * as RateLimits from "./http/rateLimits.ts"
import * as Settings from "./settings.ts"

/** A request as the ledger keeps it: nothing secret is in it. */
export interface RecordedRequest {
  readonly method: string
  /** With its query. An invitation token in it is cut out. */
  readonly path: string
  /** 0 where the connection was cut instead of an answer. */
  readonly status: number
  /** When it came in. */
  readonly at: DateTime.Utc
}

/** All that an emulator remembers. */
export class EmulatorState extends Context.Service<
  EmulatorState,
  {
    /** The time in the emulator: that of Effect's Clock, moved by what the control API was told. */
    readonly now: Effect.Effect<DateTime.Utc>
    readonly advance: (by: Duration.Input) => Effect.Effect<void, InvalidOption>
    readonly setTime: (to: DateTime.Utc) => Effect.Effect<void, InvalidOption>
    /** One step of the model, at the time of the emulator. What it announces is published. */
    readonly step: <A, E>(
      act: (model: SeatModel.SeatModel, now: DateTime.Utc) => Result.Result<A, E>
    ) => Effect.Effect<A, E>
    /** A text that may be shown: without any invitation token that the model knows. */
    readonly withoutInvitations: (text: string) => string
    /** The mails so far. */
    readonly outbox: Effect.Effect<Array<Mail>>
    /** What was announced so far, newest last; the caller may empty it. */
    readonly announced: Effect.Effect<Array<SeatModel.SeatEvent>>
    /** Every subscription and order there is. */
    readonly purchases: Effect.Effect<ReadonlyArray<SeatModel.Purchase>>
    /** What is announced from now on, whatever is seeded. */
    readonly events: PubSub.PubSub<SeatModel.SeatEvent>
    /** Starts afresh from a world: all that was mailed, recorded, counted and set is gone, and the clock is put back. */
    readonly seed: (world: World) => Effect.Effect<void>
    /** The requests so far, newest last; the caller may add to it and empty it. */
    readonly requests: Array<RecordedRequest>
    readonly settings: Effect.Effect<Settings.Settings>
    /** Replaces some of the settings, unless they make no sense then. */
    readonly configure: (patch: Partial<Settings.Settings>) => Effect.Effect<void, InvalidOption>
    readonly faults: Faults.Faults
    readonly rateLimits: RateLimits.RateLimits
  }
>()("@polar-seats/http/EmulatorState") {}

// What Polar's own clock can say, with a year to spare for all that ends later than now
const earliest = DateTime.toEpochMillis(DateTime.makeUnsafe("0001-01-01T00:00:00Z"))
const latest = DateTime.toEpochMillis(DateTime.makeUnsafe("9999-01-01T00:00:00Z"))

export const make = Effect.fnUntraced(function* (world: World) {
  const random = yield* Random.Random
  const events = yield* PubSub.unbounded<SeatModel.SeatEvent>()
  const requests: Array<RecordedRequest> = []
  const faults = Faults.make()
  const rateLimits = RateLimits.make()
  let settings = Settings.defaults
  let offset = 0
  const now = Effect.map(Clock.currentTimeMillis, (millis) => DateTime.makeUnsafe(millis + offset))
  let model = SeatModel.make(world, yield* now, random)
  const moved = Effect.fnUntraced(function* (option: string, offsetAt: (millis: number) => number) {
    const millis = yield* Clock.currentTimeMillis
    const next = offsetAt(millis)
    if (!(millis + next >= earliest && millis + next < latest)) {
      return yield* new InvalidOption({ option, problem: "moves the clock out of the years 1 to 9998" })
    }
    offset = next
  })

  return EmulatorState.of({
    now,
    advance: (by) =>
      Option.match(Duration.fromInput(by), {
        onNone: () => Effect.fail(new InvalidOption({ option: "advance", problem: "is no time" })),
        onSome: (by) => moved("advance", () => offset + Duration.toMillis(by))
      }),
    setTime: (to) => moved("setTime", (millis) => DateTime.toEpochMillis(to) - millis),
    step: (act) =>
      Effect.flatMap(now, (at) => {
        const known = model.events.length
        const result = act(model, at)
        for (const event of model.events.slice(known)) PubSub.publishUnsafe(events, event)
        return Effect.fromResult(result)
      }),
    withoutInvitations: (text) => model.withoutInvitations(text),
    outbox: Effect.sync(() => model.outbox),
    announced: Effect.sync(() => model.events),
    purchases: Effect.sync(() => model.purchases),
    events,
    seed: (next) =>
      Effect.map(DateTime.now, (start) => {
        offset = 0
        requests.length = 0
        settings = Settings.defaults
        faults.replace([])
        rateLimits.clear()
        model = SeatModel.make(next, start, random)
      }),
    requests,
    settings: Effect.sync(() => settings),
    configure: Effect.fnUntraced(function* (patch) {
      const next = Settings.merge(settings, patch)
      const problem = Settings.whyNot(next, patch)
      if (problem !== undefined) return yield* problem
      settings = next
    }),
    faults,
    rateLimits
  })
})
