import * as Predicate from "effect/Predicate"

// JSON has numbers of any size and length, and JavaScript reads each as a double. These functions find the numbers that a
// double changes. They work on texts that `JSON.parse` accepts, and take time in proportion to their length. `JSON.rawJSON`
// and the source of a reviver would do, but not every browser has them

/** The digits of a number without the zeros around them. */
const digitsOf = (number: string): string => {
  const digits = number
    .replace(/e.*/i, "")
    .replace(/^[-0.]+/, "")
    .replace(".", "")
  let end = digits.length
  while (digits.charAt(end - 1) === "0") end--
  return digits.slice(0, end)
}

/**
 * Whether JavaScript holds a number of JSON exactly, and writes an equal one. It does not beyond 2^53, where an id would
 * lose its last digits. It does not if there are more digits than a double has, or for a negative zero.
 */
export const isExact = (number: string): boolean => {
  const value = Number(number)
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER || Object.is(value, -0)) return false
  const written = JSON.stringify(value)
  // The double next to a number has another power of ten only if it is 0, which has no digits
  return number === written || digitsOf(number) === digitsOf(written)
}

// Most texts are told apart without a look at their strings. It also matches some texts whose numbers are all exact
const mayBeInexact = /(?:^|[:[,])\s*(?:-0|-?\d(?:[\d.]{15}|[\d.]*[eE]))/

/** Visits each match of `token` outside of strings. The token matches a quote too. */
const walk = (json: string, token: RegExp, visit: (text: string, index: number) => void): void => {
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    const { 0: text, index } = found
    if (text !== '"') visit(text, index)
    else token.lastIndex = endOfString(json, index) + 1
  }
}

/** The index of the quote that ends the string which begins at `at`. */
const endOfString = (json: string, at: number): number => {
  for (let end = json.indexOf('"', at + 1); end > 0; end = json.indexOf('"', end + 1)) {
    let slashes = 0
    while (json.charAt(end - 1 - slashes) === "\\") slashes++
    if (slashes % 2 === 0) return end
  }
  return json.length
}

const walkNumbers = (json: string, visit: (number: string, index: number) => void): void =>
  walk(json, /"|-?\d[\d.eE+-]*/g, visit)

/** Whether JavaScript holds every number of a JSON text exactly. */
export const holdsExactly = (json: string): boolean => {
  if (!mayBeInexact.test(json)) return true
  let isHeld = true
  walkNumbers(json, (number) => (isHeld &&= isExact(number)))
  return isHeld
}

/** Replaces each number of a JSON text. */
export const mapNumbers = (json: string, replace: (number: string) => string): string => {
  let mapped = ""
  let at = 0
  walkNumbers(json, (number, index) => {
    mapped += json.slice(at, index) + replace(number)
    at = index + number.length
  })
  return mapped + json.slice(at)
}

/** The keys of a JSON object with the text of each value, and the items of an array with empty keys, as they are written. */
export const entriesOf = (json: string): ReadonlyArray<readonly [key: string, value: string]> => {
  const entries: Array<readonly [string, string]> = []
  let depth = 0
  let key = ""
  let start = 0
  const endValue = (end: number) => {
    const value = json.slice(start, end).trim()
    if (value !== "") entries.push([key, value])
    start = end + 1
  }
  walk(json, /["{}[\],:]/g, (text, index) => {
    if (text === "{" || text === "[") {
      if (depth++ === 0) start = index + 1
    } else if (text === "}" || text === "]") {
      if (--depth === 0) endValue(index)
    } else if (depth === 1 && text === ",") endValue(index)
    else if (depth === 1) {
      key = JSON.parse(json.slice(start, index))
      start = index + 1
    }
  })
  return entries
}

/** The keys of a JSON object under which JavaScript does not hold every number exactly. */
export const inexactKeys = (json: string): ReadonlyArray<string> =>
  entriesOf(json)
    .filter(([, value]) => !holdsExactly(value))
    .map(([key]) => key)

/** Reads JSON, with the largest or smallest number of JavaScript for one that is larger or smaller still. */
export const parseFinite = (json: string): unknown =>
  JSON.parse(json, (_, value: unknown) =>
    Predicate.isNumber(value) ? Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE) : value
  )
