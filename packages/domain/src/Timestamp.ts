import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

// Polar writes microseconds, a DateTime holds milliseconds: the rest stays beside the object, so that what was read is
// written again to the digit
const microseconds = new WeakMap<DateTime.Utc, string>()

const finer = /\.\d{3}(\d{3})/

// A date parser takes much for a date that is none: "1", or "hello 5"
const iso = /^[+-]?\d{4,6}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/

const parse = (input: string): Option.Option<DateTime.Utc> =>
  Option.map(iso.test(input) ? DateTime.make(input) : Option.none(), (parsed) => {
    const instant = DateTime.toUtc(parsed)
    const digits = finer.exec(input)?.[1]
    if (digits !== undefined && digits !== "000") microseconds.set(instant, digits)
    return instant
  })

/** An instant as Polar writes it: UTC with a `Z`, and six digits of a second or, where they are all zero, none. */
export const format = (instant: DateTime.Utc): string => {
  const [seconds = "", milliseconds = ""] = DateTime.formatIso(instant).slice(0, -1).split(".")
  const fraction = milliseconds + (microseconds.get(instant) ?? "000")
  return fraction === "000000" ? `${seconds}Z` : `${seconds}.${fraction}Z`
}

/** An instant on Polar's wire. Any ISO 8601 spelling is read, and one without a zone is taken as UTC. */
export const Timestamp = Schema.String.pipe(
  Schema.decodeTo(
    Schema.DateTimeUtc,
    SchemaTransformation.transformEffect<DateTime.Utc, string>({
      decode: (input, options) =>
        Effect.mapError(
          Effect.fromOption(parse(input)),
          () => new SchemaIssue.InvalidValue({ message: "is not a date and time" }, input, options)
        ),
      encode: (instant) => Effect.succeed(format(instant))
    })
  )
)
