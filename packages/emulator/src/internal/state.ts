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
import type { World } from "../World.ts"
import * as Faults from "./faults.ts"
import * as RateLimits from "./http/rateLimits.ts"
import * as PolarModel from "./model/polarModel.ts"
import { purchases } from "./model/reads.ts"
import * as Settings from "./settings.ts"

/** A recorded request. It holds no secret. */
export interface RecordedRequest {
  readonly method: string
  /** The path with its query. Invitation tokens in it are replaced by `…`. */
  readonly path: string
  /** The status of the answer, or 0 if the connection was cut. */
  readonly status: number
  /** The time of arrival. */
  readonly at: DateTime.Utc
  /** As whom it was made, such as `customer:<id>`. Null without a valid token. It never holds the token. */
  readonly subject: string | null
}

// The range of Polar's own clock, minus a year for expiries that lie after now
const earliest = DateTime.toEpochMillis(DateTime.makeUnsafe("0001-01-01T00:00:00Z"))
const latest = DateTime.toEpochMillis(DateTime.makeUnsafe("9999-01-01T00:00:00Z"))

const make = Effect.fnUntraced(function* (world: World, allowHosts: ReadonlyArray<string>) {
  const random = yield* Random.Random
  const events = yield* PubSub.unbounded<PolarModel.SeatEvent>()
  const requests: Array<RecordedRequest> = []
  const faults = Faults.make()
  const rateLimits = RateLimits.make()
  let settings = Settings.defaults
  let offset = 0
  const now = Effect.map(Clock.currentTimeMillis, (millis) => DateTime.makeUnsafe(millis + offset))
  let model = PolarModel.make(world, yield* now, random)
  const move = Effect.fnUntraced(function* (option: string, offsetAt: (millis: number) => number) {
    const millis = yield* Clock.currentTimeMillis
    const next = offsetAt(millis)
    if (!(millis + next >= earliest && millis + next < latest)) {
      return yield* new InvalidOption({ option, description: "must keep the clock within the years 1 to 9998" })
    }
    offset = next
  })

  return {
    /** The emulator's time: Effect's Clock plus the offset that `advance` and `setTime` make. */
    now,
    advance: (by: Duration.Input) =>
      Option.match(Duration.fromInput(by), {
        onNone: () => Effect.fail(new InvalidOption({ option: "advance", description: "must be a duration" })),
        onSome: (by) => move("advance", () => offset + Duration.toMillis(by))
      }),
    setTime: (to: DateTime.Utc) => move("setTime", (millis) => DateTime.toEpochMillis(to) - millis),
    /** Runs one step of the model at the emulator's time, and publishes its announcements. */
    step: <A, E>(act: (model: PolarModel.PolarModel, now: DateTime.Utc) => Result.Result<A, E>): Effect.Effect<A, E> =>
      Effect.flatMap(now, (at) => {
        const known = model.events.length
        const result = act(model, at)
        for (const event of model.events.slice(known)) PubSub.publishUnsafe(events, event)
        return Effect.fromResult(result)
      }),
    /** Cuts every invitation token since the seed out of a text, so that the text may be shown. */
    withoutInvitations: (text: string) => model.secrets.cut(text),
    /** The mails so far, newest last. The caller may empty it. */
    outbox: Effect.sync(() => model.outbox),
    /** The announcements so far, newest last. The caller may empty it. */
    announced: Effect.sync(() => model.events),
    purchases: Effect.sync(() => purchases(model)),
    /** Announcements as they happen. A seed does not end it. */
    events,
    /** Replaces everything by a world: mails, records, counters, settings and faults are dropped, and the clock is reset. */
    seed: (next: World) =>
      Effect.map(DateTime.now, (start) => {
        offset = 0
        requests.length = 0
        settings = Settings.defaults
        faults.replace([])
        rateLimits.clear()
        model = PolarModel.make(next, start, random)
      }),
    /** The requests so far, newest last. The caller may add to it and empty it. */
    requests,
    settings: Effect.sync(() => settings),
    /** Replaces some of the settings. Changes nothing if the result is invalid. */
    configure: Effect.fnUntraced(function* (patch: Partial<Settings.Settings>) {
      const next = Settings.merge(settings, patch)
      const problem = Settings.settingsProblem(next, patch, allowHosts)
      if (problem !== undefined) return yield* problem
      settings = next
    }),
    faults,
    rateLimits
  }
})

/** The state of an emulator. */
export class EmulatorState extends Context.Service<EmulatorState>()("@polar-seats/emulator/EmulatorState", { make }) {}
