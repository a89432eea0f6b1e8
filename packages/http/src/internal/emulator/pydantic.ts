import { Uuid, UuidV4 } from "@polar-seats/domain/Uuid"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ValidationIssue } from "../../PolarApi.ts"

const decodeUuid = Schema.decodeUnknownOption(Uuid)
const decodeUuidV4 = Schema.decodeUnknownOption(UuidV4)

const groupLengths = [8, 4, 4, 4, 12]

/** Why a string is no UUID, in the words of the parser behind Pydantic. */
const whyNotUuid = (input: string): string => {
  const braced = /^\{(.*)\}$/s.exec(input)?.[1]
  const urn = /^urn:uuid:(.*)$/s.exec(input)?.[1]
  const text = braced ?? urn ?? input
  const offset = braced !== undefined ? 1 : urn !== undefined ? "urn:uuid:".length : 0
  const odd = /[^0-9a-fA-F-]/u.exec(text)
  if (odd !== null) return `invalid character: found \`${odd[0]}\` at ${odd.index + offset + 1}`
  const groups = text.split("-")
  if (groups.length === 1 && offset === 0)
    return `invalid length: expected length 32 for simple format, found ${input.length}`
  if (groups.length !== 5) return `invalid group count: expected 5, found ${groups.length}`
  const wrong = groups.findIndex((group, index) => group.length !== groupLengths[index])
  return `invalid group length in group ${wrong}: expected ${groupLengths[wrong]}, found ${groups[wrong]?.length}`
}

/** What Pydantic says to a string where it wants a UUID, or nothing. `strict` asks for version 4. */
export const uuidIssue = (
  input: string,
  loc: ValidationIssue["loc"],
  version: "any" | "v4"
): ValidationIssue | undefined => {
  if (Option.isNone(decodeUuid(input))) {
    const error = whyNotUuid(input)
    return { type: "uuid_parsing", loc, msg: `Input should be a valid UUID, ${error}`, input, ctx: { error } }
  }
  return version === "v4" && Option.isNone(decodeUuidV4(input))
    ? { type: "uuid_version", loc, msg: "UUID version 4 expected", input, ctx: { expected_version: 4 } }
    : undefined
}
