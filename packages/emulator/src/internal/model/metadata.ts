import * as Schema from "effect/Schema"
import { holdsExactly, isExact, mapNumbers, parseFinite } from "@polar-seats/domain/ExactJson"
import type { Seat } from "@polar-seats/domain/Seat"

const isRecord = Schema.is(Schema.Record(Schema.String, Schema.Json))

/** The metadata that a seat has, from its text. */
export const metadataOf = (text: string): Pick<Seat, "seatMetadata" | "exactMetadata"> => {
  const json = parseFinite(text)
  const seatMetadata = isRecord(json) ? json : {}
  return holdsExactly(text) ? { seatMetadata } : { seatMetadata, exactMetadata: text }
}

/** The numbers of a text as Python reads and writes them: integers of any length, all else as a double. */
export const roundAsPython = (text: string): string =>
  mapNumbers(text, (number) => {
    if (/^-?\d+$/.test(number)) return number === "-0" ? "0" : number
    const value = Number(number)
    return Object.is(value, -0) ? "-0.0" : isExact(number) ? number : JSON.stringify(value)
  })
