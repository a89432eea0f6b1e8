import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Uuid } from "@polar-seats/domain/Uuid"

const decode = Schema.decodeUnknownOption(Uuid)

/** A UUID in the spelling that Polar keeps. Any other text stays as it is. */
export const canonicalUuid = (input: string): string => Option.getOrElse(decode(input), () => input)

/** Reads a UUID as Python's own `UUID` does, which ignores hyphens, braces and `urn:uuid:`. Undefined if it is none. */
export const pythonUuid = (input: string): string | undefined => {
  const digits = input.replaceAll(/urn:|uuid:/g, "").replaceAll(/^[{}]+|[{}]+$|-/g, "")
  return digits.length === 32 ? Option.getOrUndefined(decode(digits)) : undefined
}

const groupLengths = [8, 4, 4, 4, 12]

/** The reason why a text is not a UUID, in the words of the parser behind Pydantic. Undefined if it is one. */
export const uuidProblem = (input: string): string | undefined => {
  if (Option.isSome(decode(input))) return undefined
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
