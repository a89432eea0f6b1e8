import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

// oxlint-disable-next-line typescript/no-extraneous-class
class Given {
  constructor(instant: DateTime.Utc) {
    return instant
  }
}

// Polar writes microseconds, a DateTime holds milliseconds: the rest stays with the object, where nobody else can look, so
// that what was read is written again to the digit. A private field costs nothing, and a WeakMap as much as all the rest of
// a long list. One can be put on an object that is there already, where a constructor gives back that one
class Finer extends Given {
  readonly #microseconds: number

  constructor(instant: DateTime.Utc, microseconds: number) {
    super(instant)
    this.#microseconds = microseconds
  }

  static keep(instant: DateTime.Utc, microseconds: number): Finer {
    return new Finer(instant, microseconds)
  }

  static microsecondsOf(instant: DateTime.Utc): number {
    return #microseconds in instant ? instant.#microseconds : 0
  }
}

const finer = /\.\d{3}(\d{3})/

// A date parser takes much for a date that is none: "1", or "hello 5"
const iso = /^[+-]?\d{4,6}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/

// As Polar writes it, of a day that every month has
const usual = /^20\d\d-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?Z$/
const daysBefore = [Number.NaN, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

const digit = (input: string, at: number) => input.charCodeAt(at) - 48
const digits = (input: string, at: number) => digit(input, at) * 10 + digit(input, at + 1)

// Milliseconds since 1970, or NaN: a third of what a date parser takes
const usualMillis = (input: string): number => {
  const year = digits(input, 2)
  const month = digits(input, 5)
  const day = digits(input, 8)
  // Of the years from 2000 to 2099 each fourth has a day more, and it comes before March
  const leapDays = Math.floor((year + 3) / 4) + (year % 4 === 0 && month > 2 ? 1 : 0)
  const days = 10_957 + year * 365 + leapDays + (daysBefore[month] ?? Number.NaN) + day - 1
  const seconds = ((days * 24 + digits(input, 11)) * 60 + digits(input, 14)) * 60 + digits(input, 17)
  return day === 0 ? Number.NaN : seconds * 1000 + (input.length === 20 ? 0 : digits(input, 20) * 10 + digit(input, 22))
}
const usualMicroseconds = (input: string): number =>
  input.length === 20 ? 0 : digits(input, 23) * 10 + digit(input, 25)

// Made out of another instant, because one that is made of a number makes a `Date` first
const epoch = DateTime.makeUnsafe(0)

/** The instant that a `Timestamp` on the wire is, or undefined where it is none. */
export const parse = (input: string): DateTime.Utc | undefined => {
  const millis = usual.test(input) ? usualMillis(input) : Number.NaN
  const isUsual = !Number.isNaN(millis)
  const instant = isUsual ? DateTime.mapEpochMillis(epoch, () => millis) : parseAny(input)
  const microseconds = isUsual ? usualMicroseconds(input) : Number(finer.exec(input)?.[1] ?? 0)
  if (instant !== undefined && microseconds > 0) Finer.keep(instant, microseconds)
  return instant
}

const parseAny = (input: string): DateTime.Utc | undefined => {
  const parsed = iso.test(input) ? DateTime.make(input) : Option.none()
  return Option.isNone(parsed) ? undefined : DateTime.toUtc(parsed.value)
}

/** An instant as Polar writes it: UTC with a `Z`, and six digits of a second or, where they are all zero, none. */
export const format = (instant: DateTime.Utc): string => {
  const [seconds = "", milliseconds = ""] = DateTime.formatIso(instant).slice(0, -1).split(".")
  const fraction = milliseconds + String(Finer.microsecondsOf(instant)).padStart(3, "0")
  return fraction === "000000" ? `${seconds}Z` : `${seconds}.${fraction}Z`
}

/** An instant on Polar's wire. Any ISO 8601 spelling is read, and one without a zone is taken as UTC. */
export const Timestamp = Schema.String.pipe(
  Schema.decodeTo(
    Schema.DateTimeUtc,
    SchemaTransformation.transformEffect<DateTime.Utc, string>({
      decode: (input, options) => {
        const instant = parse(input)
        return instant === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: "is not a date and time" }, input, options))
          : Effect.succeed(instant)
      },
      encode: (instant) => Effect.succeed(format(instant))
    })
  )
)
