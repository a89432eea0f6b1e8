import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/** The reason why Python cannot read a text as JSON, in its words, and where. */
export interface JsonError {
  readonly error: string
  readonly position: number
}

// Python stops at its recursion limit. The emulator stops there too, before a deeper value breaks its own code
const maxJsonDepth = 1000
const tooDeep = "maximum recursion depth exceeded while decoding a JSON document"
// Python reads 1e999 as infinity, which it can neither store nor send back. An integer has any length
const outOfRange = "Out of range float values are not JSON compliant"

type Mistake = JsonError | undefined

const blank = /[ \t\n\r]/
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

// Walks the grammar only to find the first mistake. The value comes from JSON.parse
const findMistake = (text: string, allowsInfinite: boolean): Mistake => {
  let at = 0
  let depth = 0
  const fail = (error: string, position = at): JsonError => ({ error, position })
  // Every scanner skips what it reads, and the blanks after it
  const skip = (length: number): undefined => {
    at += length
    while (blank.test(text.charAt(at))) at++
    return undefined
  }

  const scanString = (): Mistake => {
    const start = at++
    for (; at < text.length; at++) {
      const character = text.charAt(at)
      if (character < " ") return fail("Invalid control character at")
      if (character === '"') return skip(1)
      if (character !== "\\") continue
      at++
      if (text.charAt(at) === "u") {
        if (!/^[0-9a-fA-F]{4}/.test(text.slice(at + 1, at + 5))) return fail("Invalid \\uXXXX escape")
        at += 4
      } else if (!/["\\/bfnrt]/.test(text.charAt(at))) return fail("Invalid \\escape", at - 1)
    }
    return fail("Unterminated string starting at", start)
  }

  const scanDelimiter = (delimiter: string): Mistake =>
    text.charAt(at) === delimiter ? skip(1) : fail(`Expecting '${delimiter}' delimiter`)

  const scanProperty = (): Mistake =>
    text.charAt(at) === '"'
      ? (scanString() ?? scanDelimiter(":") ?? scanValue())
      : fail("Expecting property name enclosed in double quotes")

  const scanItems = (close: "}" | "]", scanItem: () => Mistake): Mistake => {
    if (depth++ === maxJsonDepth) return fail(tooDeep)
    skip(1)
    for (let isFirst = true; !isFirst || text.charAt(at) !== close; isFirst = false) {
      const wrong = scanItem()
      if (wrong !== undefined) return wrong
      if (text.charAt(at) === close) break
      const missing = scanDelimiter(",")
      if (missing !== undefined) return missing
    }
    depth--
    return skip(1)
  }

  const scanValue = (): Mistake => {
    const first = text.charAt(at)
    if (first === '"') return scanString()
    if (first === "{") return scanItems("}", scanProperty)
    if (first === "[") return scanItems("]", scanValue)
    scalar.lastIndex = at
    const [found] = scalar.exec(text) ?? []
    if (found === undefined) return fail("Expecting value")
    const isInfinite = /[.eE]/.test(found) && Math.abs(Number(found)) === Number.POSITIVE_INFINITY
    if (isInfinite && !allowsInfinite) return fail(outOfRange)
    return skip(found.length)
  }

  skip(0)
  return scanValue() ?? (at < text.length ? fail("Extra data") : undefined)
}

const codes = { quote: 0x22, comma: 0x2c, backslash: 0x5c }
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/**
 * The text as far as `parse` looks at it: it stops where a value nests too deep. Undefined if there are more than `most`
 * values, keys not counted. This costs no memory, but a value of a few bytes takes hundreds after it is read.
 */
export const bounded = (text: string, most: number): string | undefined => {
  if (text.length <= most) return text
  let count = 0
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length && count <= most; at++) {
    const character = text.charCodeAt(at)
    if (character === codes.quote) isInString = !isInString
    else if (isInString) at += character === codes.backslash ? 1 : 0
    else if (character === codes.comma) count++
    else if (closing.has(character)) depth--
    else if (opening.has(character)) {
      count++
      if (depth++ === maxJsonDepth) return text.slice(0, at + 1)
    }
  }
  return count > most ? undefined : text
}

const isReadable = (json: unknown, allowsInfinite: boolean): boolean => {
  const left = [{ value: json, depth: 1 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { depth, value } = next
    if (!allowsInfinite && (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)) return false
    if (!Predicate.isObjectOrArray(value)) continue
    if (depth > maxJsonDepth) return false
    for (const item of Object.values(value)) left.push({ value: item, depth: depth + 1 })
  }
  return true
}

/**
 * Reads JSON as Python does. Fails in Python's words if the text is not JSON, nests too deep, or has an infinite number,
 * unless the caller allows one.
 */
export const parse = (text: string, allowsInfinite = false): Result.Result<unknown, JsonError> => {
  const json = Result.try((): unknown => JSON.parse(text))
  if (Result.isSuccess(json) && isReadable(json.success, allowsInfinite)) return Result.succeed(json.success)
  const mistake = findMistake(text, allowsInfinite)
  return mistake === undefined ? Result.mapError(json, () => ({ error: tooDeep, position: 0 })) : Result.fail(mistake)
}
