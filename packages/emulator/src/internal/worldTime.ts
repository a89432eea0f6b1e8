import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Timestamp from "@polar-seats/domain/Timestamp"

const units: ReadonlyMap<string, number> = new Map([
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["milli", 1]
])
const relative = /^([+-])(\d+(?:\.\d+)?) (milli|second|minute|hour|day|week)s?$/
const farthest = Duration.days(365_000)

type Time = DateTime.Utc | Duration.Duration

const isNear = (distance: Duration.Duration): boolean => Duration.isLessThanOrEqualTo(Duration.abs(distance), farthest)

const parseRelative = (input: string): Duration.Duration | undefined => {
  const [, sign, amount, unit = ""] = relative.exec(input) ?? []
  if (amount === undefined) return undefined
  const millis = Math.round(Number(amount) * (units.get(unit) ?? Number.NaN))
  return Duration.millis(sign === "-" ? -millis : millis)
}

// A date parser takes the 30th of February for the 2nd of March
const parseInstant = (input: string): DateTime.Utc | undefined => {
  const [date = "", day = ""] = /^\S*?-\d\d-(\d\d)/.exec(input) ?? []
  const midnight = Timestamp.parse(date)
  return midnight !== undefined && DateTime.getPartUtc(midnight, "day") === Number(day)
    ? Timestamp.parse(input)
    : undefined
}

// In the longest unit that divides it
const formatRelative = (distance: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(distance))
  const [unit, length] = Array.from(units).find(([, length]) => millis % length === 0) ?? ["milli", 1]
  return `${millis < 0 ? "-" : "+"}${Math.abs(millis / length)} ${unit}s`
}

const notATime =
  "is neither a date and time such as 2026-11-23T12:00:00Z nor a time relative to the seed such as -6 hours or +18 hours"
const tooFar = "is more than 365000 days away"

/**
 * A time of a world: an instant, or a distance from the time of the seed. Decoding reads any ISO 8601 spelling, and a text
 * such as `-6 hours` or `+18 hours`.
 */
export const WorldTime = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Union([Schema.DateTimeUtc, Schema.Duration]),
    SchemaTransformation.transformEffect<Time, string>({
      decode: (input, options) => {
        const distance = parseRelative(input)
        const time = distance ?? parseInstant(input)
        const message = time === undefined ? notATime : distance !== undefined && !isNear(distance) ? tooFar : undefined
        return time === undefined || message !== undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ message }, input, options))
          : Effect.succeed(time)
      },
      encode: (time, options) => {
        if (!Duration.isDuration(time)) return Effect.succeed(Timestamp.format(time))
        return isNear(time)
          ? Effect.succeed(formatRelative(time))
          : Effect.fail(new SchemaIssue.InvalidValue({ message: tooFar }, time, options))
      }
    })
  )
)

/** The instant of a world's time, if the world is seeded at `now`. */
export const instantOf = (time: Time | null, now: DateTime.Utc): DateTime.Utc | null =>
  Duration.isDuration(time) ? DateTime.addDuration(now, time) : time
