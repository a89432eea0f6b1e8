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
// Python reads 1e999 as infinity, which it can neither store nor send back
const outOfRange = "Out of range float values are not JSON compliant"
const wantsName = "Expecting property name enclosed in double quotes"

interface Scanner {
  readonly text: string
  at: number
  depth: number
}
type Mistake = JsonError | undefined

const fail = (scanner: Scanner, error: string, position = scanner.at): JsonError => ({ error, position })

const current = ({ at, text }: Scanner): string => text.charAt(at)

const skipBlanks = (scanner: Scanner): void => {
  while (/[ \t\n\r]/.test(current(scanner))) scanner.at++
}

const scanString = (scanner: Scanner): Mistake => {
  const { text } = scanner
  const start = scanner.at++
  for (; scanner.at < text.length; scanner.at++) {
    const character = current(scanner)
    if (character === '"') {
      scanner.at++
      return undefined
    }
    if (character < " ") return fail(scanner, "Invalid control character at")
    if (character !== "\\") continue
    scanner.at++
    if (current(scanner) === "u") {
      if (!/^[0-9a-fA-F]{4}/.test(text.slice(scanner.at + 1))) return fail(scanner, "Invalid \\uXXXX escape")
      scanner.at += 4
    } else if (!/["\\/bfnrt]/.test(current(scanner))) return fail(scanner, "Invalid \\escape", scanner.at - 1)
  }
  return fail(scanner, "Unterminated string starting at", start)
}

const scanProperty = (scanner: Scanner): Mistake => {
  if (current(scanner) !== '"') return fail(scanner, wantsName)
  const wrong = scanString(scanner)
  if (wrong !== undefined) return wrong
  skipBlanks(scanner)
  if (current(scanner) !== ":") return fail(scanner, "Expecting ':' delimiter")
  scanner.at++
  skipBlanks(scanner)
  return scanValue(scanner)
}

const scanItems = (scanner: Scanner, close: "}" | "]", scanItem: (scanner: Scanner) => Mistake): Mistake => {
  if (scanner.depth === maxJsonDepth) return fail(scanner, tooDeep)
  scanner.depth++
  scanner.at++
  skipBlanks(scanner)
  for (let isFirst = true; !(isFirst && current(scanner) === close); isFirst = false) {
    const wrong = scanItem(scanner)
    if (wrong !== undefined) return wrong
    skipBlanks(scanner)
    if (current(scanner) === close) break
    if (current(scanner) !== ",") return fail(scanner, "Expecting ',' delimiter")
    scanner.at++
    skipBlanks(scanner)
  }
  scanner.at++
  scanner.depth--
  return undefined
}

const scanValue = (scanner: Scanner): Mistake => {
  const { at, text } = scanner
  switch (current(scanner)) {
    case '"':
      return scanString(scanner)
    case "{":
      return scanItems(scanner, "}", scanProperty)
    case "[":
      return scanItems(scanner, "]", scanValue)
  }
  const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(text.slice(at, at + 400))
  if (scalar === null) return fail(scanner, "Expecting value")
  if (Math.abs(Number(scalar[0])) === Number.POSITIVE_INFINITY) return fail(scanner, outOfRange)
  scanner.at += scalar[0].length
  return undefined
}

// Walks the grammar only to find the first mistake. The value comes from JSON.parse
const findMistake = (text: string): JsonError => {
  const scanner: Scanner = { text, at: 0, depth: 0 }
  skipBlanks(scanner)
  const wrong = scanValue(scanner)
  if (wrong !== undefined) return wrong
  skipBlanks(scanner)
  return fail(scanner, "Extra data")
}

const isReadable = (json: unknown): boolean => {
  const left = [{ value: json, depth: 1 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { depth, value } = next
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return false
    if (!Predicate.isObjectOrArray(value)) continue
    if (depth > maxJsonDepth) return false
    for (const item of Object.values(value)) left.push({ value: item, depth: depth + 1 })
  }
  return true
}

/** Reads JSON as Python does. Fails in Python's words if the text is not JSON, nests too deep, or has an infinite number. */
export const parse = (text: string): Result.Result<unknown, JsonError> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => findMistake(text) }).pipe(
    Result.filterOrFail(isReadable, () => findMistake(text))
  )
