import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const canonicalVersion4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const unhyphenated = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i

// Polar reads four spellings of a UUID: hyphenated, 32 digits, in braces, and as a URN
const canonicalise = (input: string): string | undefined => {
  const bare = (/^\{(.*)\}$/.exec(input)?.[1] ?? /^urn:uuid:(.*)$/i.exec(input)?.[1] ?? input).toLowerCase()
  if (canonical.test(bare)) return bare
  return unhyphenated.test(input) ? input.replace(unhyphenated, "$1-$2-$3-$4-$5").toLowerCase() : undefined
}

const canonicalSpelling = (problemOf: (uuid: string) => string | undefined) =>
  SchemaTransformation.transformEffect<string, string>({
    decode: (input, options) => {
      const uuid = canonicalise(input)
      const message =
        uuid === undefined
          ? "is not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are expected"
          : problemOf(uuid)
      return uuid === undefined || message !== undefined
        ? Effect.fail(new SchemaIssue.InvalidValue({ message }, input, options))
        : Effect.succeed(uuid)
    },
    encode: Effect.succeed
  })

const version4Problem = (uuid: string): string | undefined => {
  if (canonicalVersion4.test(uuid)) return undefined
  if (uuid === "00000000-0000-0000-0000-000000000000") return "is the nil UUID: Polar's ids are UUIDs of version 4"
  return uuid[14] === "4"
    ? `is a UUID of an unknown variant (its 17th digit is ${uuid[19]}, not 8, 9, a or b): Polar's ids are UUIDs of version 4`
    : `is a UUID of version ${uuid[14]}: Polar's ids are UUIDs of version 4`
}

const uuidString = Schema.String.annotate({ format: "uuid" })

/** A UUID of any version. Decoding accepts every spelling that Polar reads, and gives lower case with hyphens. */
export const Uuid = uuidString.pipe(
  Schema.decodeTo(
    Schema.String.check(Schema.isPattern(canonical, { message: "is not a UUID in lower case with hyphens" })),
    canonicalSpelling(() => undefined)
  )
)

/** A UUID of version 4, which Polar requires for the ids in a path or a query. Decoding works like that of `Uuid`. */
export const UuidV4 = uuidString.pipe(
  Schema.decodeTo(
    Schema.String.check(
      Schema.isPattern(canonicalVersion4, { message: "is not a UUID of version 4 in lower case with hyphens" })
    ),
    canonicalSpelling(version4Problem)
  )
)
