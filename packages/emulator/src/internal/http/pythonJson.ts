import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/** Why Python reads no JSON in a text, in its words, and where. */
export interface JsonError {
  readonly error: string
  readonly position: number
}

// Python gives up at its recursion limit. So do we, before what comes after falls over it
const deepest = 1000
const tooDeep = "maximum recursion depth exceeded while decoding a JSON document"
// Python reads 1e999 as infinity, which it can neither store nor send back
const outOfRange = "Out of range float values are not JSON compliant"

// The grammar is walked for the place of the first mistake alone; the value comes from JSON.parse
const mistake = (text: string): JsonError => {
  let at = 0
  let depth = 0
  const fail = (error: string, position = at): JsonError => ({ error, position })
  const blank = () => {
    while (/[ \t\n\r]/.test(text.charAt(at))) at++
  }

  const string = (): JsonError | undefined => {
    const start = at++
    for (; at < text.length; at++) {
      const character = text.charAt(at)
      if (character === '"') {
        at++
        return undefined
      }
      if (character < " ") return fail("Invalid control character at")
      if (character === "\\") {
        at++
        if (text.charAt(at) === "u") {
          if (!/^[0-9a-fA-F]{4}/.test(text.slice(at + 1))) return fail("Invalid \\uXXXX escape")
          at += 4
        } else if (!/["\\/bfnrt]/.test(text.charAt(at))) return fail("Invalid \\escape", at - 1)
      }
    }
    return fail("Unterminated string starting at", start)
  }

  const items = (close: "}" | "]", item: () => JsonError | undefined, first: string): JsonError | undefined => {
    if (depth === deepest) return fail(tooDeep)
    depth++
    const wrong = members(close, item, first)
    depth--
    return wrong
  }

  const members = (close: "}" | "]", item: () => JsonError | undefined, first: string): JsonError | undefined => {
    at++
    blank()
    if (text.charAt(at) === close) {
      at++
      return undefined
    }
    for (let expected = first; ;) {
      if (close === "}" && text.charAt(at) !== '"') return fail(expected)
      const wrong = item()
      if (wrong !== undefined) return wrong
      blank()
      if (text.charAt(at) === close) {
        at++
        return undefined
      }
      if (text.charAt(at) !== ",") return fail("Expecting ',' delimiter")
      at++
      blank()
      expected = "Expecting property name enclosed in double quotes"
    }
  }

  const property = (): JsonError | undefined => {
    const wrong = string()
    if (wrong !== undefined) return wrong
    blank()
    if (text.charAt(at) !== ":") return fail("Expecting ':' delimiter")
    at++
    blank()
    return value()
  }

  const value = (): JsonError | undefined => {
    switch (text.charAt(at)) {
      case '"':
        return string()
      case "{":
        return items("}", property, "Expecting property name enclosed in double quotes")
      case "[":
        return items("]", value, "Expecting value")
    }
    const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(text.slice(at, at + 400))
    if (scalar === null) return fail("Expecting value")
    if (Math.abs(Number(scalar[0])) === Number.POSITIVE_INFINITY) return fail(outOfRange)
    at += scalar[0].length
    return undefined
  }

  blank()
  const wrong = value()
  if (wrong !== undefined) return wrong
  blank()
  return fail("Extra data")
}

const isBearable = (json: unknown): boolean => {
  const left = [{ value: json, depth: 1 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { depth, value } = next
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return false
    if (!Predicate.isObjectOrArray(value)) continue
    if (depth > deepest) return false
    for (const item of Object.values(value)) left.push({ value: item, depth: depth + 1 })
  }
  return true
}

/** Reads JSON. What is wrong with a text that is none, or more than Python bears, is told as Python tells it. */
export const parse = (text: string): Result.Result<unknown, JsonError> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => mistake(text) }).pipe(
    Result.filterOrFail(isBearable, () => mistake(text))
  )
