import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

// oxlint-disable-next-line typescript/no-extraneous-class
class ReturnGivenObject {
  constructor(instant: DateTime.Utc) {
    return instant
  }
}

// Polar sends microseconds, but a DateTime stores milliseconds. The other three digits stay in a private field on the
// DateTime, so that encoding reproduces the input exactly. The base constructor returns an object that exists already, which
// lets the subclass add the field to it. A WeakMap would double the decoding time of a long list
class MicrosecondTag extends ReturnGivenObject {
  readonly #microseconds: number

  constructor(instant: DateTime.Utc, microseconds: number) {
    super(instant)
    this.#microseconds = microseconds
  }

  static attach(instant: DateTime.Utc, microseconds: number): MicrosecondTag {
    return new MicrosecondTag(instant, microseconds)
  }

  static microsecondsOf(instant: DateTime.Utc): number {
    return #microseconds in instant ? instant.#microseconds : 0
  }
}

const microsecondDigits = /\.\d{3}(\d{3})/

// A date parser also accepts texts that are not dates: "1", or "hello 5"
const iso = /^[+-]?\d{4,6}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/

// The spelling that Polar writes, for the days that every month has
const canonical = /^20\d\d-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?Z$/
const daysBefore = [Number.NaN, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

const digit = (input: string, at: number) => input.charCodeAt(at) - 48
const digits = (input: string, at: number) => digit(input, at) * 10 + digit(input, at + 1)

// Milliseconds since 1970, or NaN. It takes a third of the time of a date parser
const canonicalTimestampMillis = (input: string): number => {
  const year = digits(input, 2)
  const month = digits(input, 5)
  const day = digits(input, 8)
  // From 2000 to 2099 every fourth year is a leap year, and its additional day comes before March
  const leapDays = Math.floor((year + 3) / 4) + (year % 4 === 0 && month > 2 ? 1 : 0)
  const days = 10_957 + year * 365 + leapDays + (daysBefore[month] ?? Number.NaN) + day - 1
  const seconds = ((days * 24 + digits(input, 11)) * 60 + digits(input, 14)) * 60 + digits(input, 17)
  return day === 0 ? Number.NaN : seconds * 1000 + (input.length === 20 ? 0 : digits(input, 20) * 10 + digit(input, 22))
}
const canonicalTimestampMicroseconds = (input: string): number =>
  input.length === 20 ? 0 : digits(input, 23) * 10 + digit(input, 25)

// New instants are mapped from this one, because `DateTime.make` with a number creates a `Date` first
const epoch = DateTime.makeUnsafe(0)

/** Reads a timestamp of Polar's wire. Undefined if the text is not a date and time. */
export const parse = (input: string): DateTime.Utc | undefined => {
  const millis = canonical.test(input) ? canonicalTimestampMillis(input) : Number.NaN
  const isCanonical = !Number.isNaN(millis)
  const instant = isCanonical ? DateTime.mapEpochMillis(epoch, () => millis) : parseAny(input)
  const microseconds = isCanonical
    ? canonicalTimestampMicroseconds(input)
    : Number(microsecondDigits.exec(input)?.[1] ?? 0)
  if (instant !== undefined && microseconds > 0) MicrosecondTag.attach(instant, microseconds)
  return instant
}

const parseAny = (input: string): DateTime.Utc | undefined =>
  iso.test(input) ? Option.getOrUndefined(Option.map(DateTime.make(input), DateTime.toUtc)) : undefined

/** Writes an instant as Polar does: UTC with a `Z`, and six fractional digits, or none if they are all zero. */
export const format = (instant: DateTime.Utc): string => {
  const iso = DateTime.formatIso(instant)
  const microseconds = MicrosecondTag.microsecondsOf(instant)
  if (microseconds > 0) return `${iso.slice(0, -1)}${String(microseconds).padStart(3, "0")}Z`
  return iso.endsWith(".000Z") ? `${iso.slice(0, -5)}Z` : `${iso.slice(0, -1)}000Z`
}

/** An instant on Polar's wire. Decoding reads any ISO 8601 spelling, and takes one without a zone as UTC. */
export const Timestamp = Schema.String.annotate({ format: "date-time" }).pipe(
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
