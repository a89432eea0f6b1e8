import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const canonicalVersion4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const hyphenated = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const unhyphenated = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i

// Polar reads four spellings of a UUID: hyphenated, 32 digits, in braces, and as a URN
const canonicalise = (input: string): string | undefined => {
  const bare = /^\{(.*)\}$/.exec(input)?.[1] ?? /^urn:uuid:(.*)$/i.exec(input)?.[1] ?? input
  if (hyphenated.test(bare)) return bare.toLowerCase()
  return unhyphenated.test(input) ? input.replace(unhyphenated, "$1-$2-$3-$4-$5").toLowerCase() : undefined
}

const spelledAs = (rule: (uuid: string) => string | undefined) =>
  SchemaTransformation.transformEffect<string, string>({
    decode: (input, options) => {
      const uuid = canonicalise(input)
      const message =
        uuid === undefined ? "is not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are expected" : rule(uuid)
      return uuid === undefined || message !== undefined
        ? Effect.fail(new SchemaIssue.InvalidValue({ message }, input, options))
        : Effect.succeed(uuid)
    },
    encode: Effect.succeed
  })

const whyNotVersion4 = (uuid: string): string | undefined => {
  if (canonicalVersion4.test(uuid)) return undefined
  if (uuid === "00000000-0000-0000-0000-000000000000") return "is the nil UUID: Polar's ids are UUIDs of version 4"
  return uuid[14] === "4"
    ? `is a UUID of an unknown variant (its 17th digit is ${uuid[19]}, not 8, 9, a or b): Polar's ids are UUIDs of version 4`
    : `is a UUID of version ${uuid[14]}: Polar's ids are UUIDs of version 4`
}

/** A UUID of any version, in each spelling that Polar reads; decoding gives the canonical one, lower case with hyphens. */
export const Uuid = Schema.String.pipe(
  Schema.decodeTo(
    Schema.String.check(Schema.isPattern(canonical, { message: "is not a UUID in lower case with hyphens" })),
    spelledAs(() => undefined)
  )
)

/** Like `Uuid`, but of version 4, which is what Polar asks of the ids in a path or a query. */
export const UuidV4 = Schema.String.pipe(
  Schema.decodeTo(
    Schema.String.check(
      Schema.isPattern(canonicalVersion4, { message: "is not a UUID of version 4 in lower case with hyphens" })
    ),
    spelledAs(whyNotVersion4)
  )
)

const groupLengths = [8, 4, 4, 4, 12]

/** Why a string is no UUID, in the words of the parser behind Pydantic. */
export const whyNotUuid = (input: string): string => {
  const braced = /^\{(.*)\}$/s.exec(input)?.[1]
  const urn = /^urn:uuid:(.*)$/s.exec(input)?.[1]
  const text = braced ?? urn ?? input
  const offset = braced !== undefined ? 1 : urn !== undefined ? "urn:uuid:".length : 0
  const odd = /[^0-9a-fA-F-]/u.exec(text)
  if (odd !== null) return `invalid character: found \`${odd[0]}\` at ${odd.index + offset + 1}`
  const groups = text.split("-")
  if (groups.length === 1 && offset === 0) {
    return `invalid length: expected length 32 for simple format, found ${input.length}`
  }
  if (groups.length !== 5) return `invalid group count: expected 5, found ${groups.length}`
  const wrong = groups.findIndex((group, index) => group.length !== groupLengths[index])
  return `invalid group length in group ${wrong}: expected ${groupLengths[wrong]}, found ${groups[wrong]?.length}`
}
