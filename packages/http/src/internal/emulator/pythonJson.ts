import * as Result from "effect/Result"

/** Why Python reads no JSON in a text, in its words, and where. */
export interface JsonError {
  readonly error: string
  readonly position: number
}

// The grammar is walked for the place of the first mistake alone; the value comes from JSON.parse
const mistake = (text: string): JsonError => {
  let at = 0
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
    at += scalar[0].length
    return undefined
  }

  blank()
  const wrong = value()
  if (wrong !== undefined) return wrong
  blank()
  return fail("Extra data")
}

/** Reads JSON. What is wrong with a text that is none is told as Python tells it. */
export const parse = (text: string): Result.Result<unknown, JsonError> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => mistake(text) })
