import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidOption } from "@polar-seats/http/PolarConnection"

// The range of Polar's own clock, minus a year for expiries that lie after now
const earliest = DateTime.toEpochMillis(DateTime.makeUnsafe("0001-01-01T00:00:00Z"))
const latest = DateTime.toEpochMillis(DateTime.makeUnsafe("9999-01-01T00:00:00Z"))

/** A clock that ticks as Effect's Clock does, and can be moved. */
export const make = () => {
  let offset = 0
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
    now: Effect.map(Clock.currentTimeMillis, (millis) => DateTime.makeUnsafe(millis + offset)),
    advance: (by: Duration.Input) =>
      Option.match(Duration.fromInput(by), {
        onNone: () => Effect.fail(new InvalidOption({ option: "advance", description: "must be a duration" })),
        onSome: (by) => move("advance", () => offset + Duration.toMillis(by))
      }),
    setTime: (to: DateTime.Utc) => move("setTime", (millis) => DateTime.toEpochMillis(to) - millis),
    reset: () => {
      offset = 0
    }
  }
}
