import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

// Polar writes microseconds, a DateTime holds milliseconds: the rest stays with the object, where nobody else looks, so
// that what was read is written again to the digit. A WeakMap would cost as much as all the rest of a long list
const microseconds = Symbol("@polar-seats/domain/Timestamp/microseconds")

const finer = /\.\d{3}(\d{3})/

// A date parser takes much for a date that is none: "1", or "hello 5"
const iso = /^[+-]?\d{4,6}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/

// As Polar writes it, of a day that every month has
const usual = /^20\d\d-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?Z$/
const daysBefore = [Number.NaN, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

// Milliseconds since 1970, or NaN: a third of what a date parser takes
const usualMillis = (input: string): number => {
  const digits = (at: number) => (input.charCodeAt(at) - 48) * 10 + input.charCodeAt(at + 1) - 48
  const year = digits(2)
  const month = digits(5)
  const day = digits(8)
  // Of the years from 2000 to 2099 each fourth has a day more, and it comes before March
  const leapDays = Math.floor((year + 3) / 4) + (year % 4 === 0 && month > 2 ? 1 : 0)
  const days = 10_957 + year * 365 + leapDays + (daysBefore[month] ?? Number.NaN) + day - 1
  const seconds = ((days * 24 + digits(11)) * 60 + digits(14)) * 60 + digits(17)
  return day === 0
    ? Number.NaN
    : seconds * 1000 + (input.length === 20 ? 0 : digits(20) * 10 + input.charCodeAt(22) - 48)
}

/** The instant that a `Timestamp` on the wire is, or undefined where it is none. */
export const parse = (input: string): DateTime.Utc | undefined => {
  const millis = usual.test(input) ? usualMillis(input) : Number.NaN
  const isUsual = !Number.isNaN(millis)
  const instant = isUsual ? DateTime.makeUnsafe(millis) : parseAny(input)
  const digits = isUsual ? input.slice(23, 26) : finer.exec(input)?.[1]
  if (instant !== undefined && digits !== undefined && Number(digits) > 0) {
    Object.defineProperty(instant, microseconds, { value: digits })
  }
  return instant
}

const parseAny = (input: string): DateTime.Utc | undefined => {
  const parsed = iso.test(input) ? DateTime.make(input) : Option.none()
  return Option.isNone(parsed) ? undefined : DateTime.toUtc(parsed.value)
}

/** An instant as Polar writes it: UTC with a `Z`, and six digits of a second or, where they are all zero, none. */
export const format = (instant: DateTime.Utc): string => {
  const [seconds = "", milliseconds = ""] = DateTime.formatIso(instant).slice(0, -1).split(".")
  const rest: unknown = Reflect.get(instant, microseconds)
  const fraction = milliseconds + (Predicate.isString(rest) ? rest : "000")
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
