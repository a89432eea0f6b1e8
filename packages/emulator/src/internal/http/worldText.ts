import * as Result from "effect/Result"
import { entriesOf, holdsExactly } from "@polar-seats/domain/ExactJson"
import * as PythonJson from "../validation/pythonJson.ts"

const rewrite = (
  object: string,
  write: (key: string, value: string) => readonly [key: string, value: string]
): string =>
  `{${entriesOf(object)
    .map((entry) => write(...entry))
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(",")}}`

// Metadata with numbers that JavaScript cannot hold goes into the world as text
const rewriteSeat = (seat: string): string =>
  rewrite(seat, (key, value) =>
    key !== "seat_metadata" || holdsExactly(value) || !value.startsWith("{")
      ? [key, value]
      : ["exact_metadata", JSON.stringify(value)]
  )

const rewriteSeats = (seats: string): string =>
  `[${entriesOf(seats)
    .map(([, seat]) => (seat.startsWith("{") ? rewriteSeat(seat) : seat))
    .join(",")}]`

/**
 * Reads the text of a world by the rules of Polar's part, so a text that nests too deep or has an infinite number is refused.
 * But the metadata of a seat may have any number of JSON.
 */
export const parseWorld = (text: string): Result.Result<unknown, PythonJson.JsonError> => {
  if (holdsExactly(text)) return PythonJson.parse(text)
  return Result.flatMap(PythonJson.parse(text, true), () =>
    PythonJson.parse(
      text.trimStart().startsWith("{")
        ? rewrite(text, (key, value) => [key, key === "seats" && value.startsWith("[") ? rewriteSeats(value) : value])
        : text
    )
  )
}
