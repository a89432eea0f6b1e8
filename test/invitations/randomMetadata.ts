// Random metadata with a seed, and an oracle for its numbers that shares nothing with the packages: decimals are BigInts

/** Random numbers from a seed (mulberry32). */
export const randomFrom = (seed: number) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <A>(values: ReadonlyArray<A>) => values[below(values.length)] as A
  return { below, pick, chance: (probability: number) => next() < probability }
}

const numbers = [
  "0",
  "-7",
  "1.0",
  "1e2",
  "1.5E-7",
  "0.1",
  "0.30000000000000004",
  "9007199254740991",
  "-9007199254740991",
  "9007199254740991.0",
  "9007199254740992",
  "9007199254740993",
  "12345678901234567890",
  "-12345678901234567890",
  "0.1000000000000000055511151231257827",
  "1.00000000000000000001",
  "1e400",
  "-1e400",
  "1e-400",
  "123456789012345678e-3",
  "1e300",
  "-0",
  "-0.0"
]
const strings = ["core", "", "12345678901234567890", 'a":-0,"b":1e400', "\\", "ü🪑", "2026-11-23T00:00:00Z"]
const keys = ["ref", "desk", "__proto__", "ключ", "2", "10", "", 'q"uote\\', "toJSON", "a.b"]

/** The text of a metadata object within Polar's limits. */
export const randomMetadata = ({ below, chance, pick }: ReturnType<typeof randomFrom>): string => {
  const digits = (count: number) => Array.from({ length: count }, () => below(10)).join("")
  const number = () => {
    if (chance(0.5)) return pick(numbers)
    const whole = chance(0.3) ? "0" : `${1 + below(9)}${digits(below(20))}`
    const fraction = chance(0.4) ? `.${digits(1 + below(20))}` : ""
    const exponent = chance(0.2) ? `e${pick(["", "+", "-"])}${below(30)}` : ""
    return `${pick(["", "-"])}${whole}${fraction}${exponent}`
  }
  const blank = () => (chance(0.1) ? pick([" ", "\n\t", "  "]) : "")
  const value = (depth: number): string => {
    const kind = below(depth > 1 ? 7 : 9)
    if (kind < 3) return number()
    if (kind < 5) return chance(0.1) ? '"\\ud800"' : JSON.stringify(pick(strings))
    if (kind === 5) return pick(["true", "false", "null"])
    const items = Array.from({ length: below(3) }, () => value(depth + 1))
    if (kind < 8) return `[${blank()}${items.join(`${blank()},`)}]`
    return `{${items.map((item, index) => `"k${index}"${blank()}:${item}`).join(",")}}`
  }
  const chosen = keys.filter(() => chance(0.3))
  return `{${blank()}${chosen.map((key) => `${JSON.stringify(key)}:${blank()}${value(0)}`).join(",")}}`
}

/** A decimal in one spelling. */
const decimal = (number: string): string => {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? []
  let mantissa = BigInt(whole + fraction)
  if (mantissa === 0n) return "0"
  let power = BigInt(exponent) - BigInt(fraction.length)
  for (; mantissa % 10n === 0n; power++) mantissa /= 10n
  return `${sign}${mantissa}e${power}`
}

/** Whether JavaScript gives a number back as it came. */
const isSafe = (number: string): boolean =>
  Math.abs(Number(number)) <= Number.MAX_SAFE_INTEGER &&
  !/^-0(\.0+)?(e.*)?$/i.test(number) &&
  decimal(number) === decimal(JSON.stringify(Number(number)))

interface Source {
  readonly source?: string
}
const parse = (json: string, read: (number: string) => unknown): unknown =>
  JSON.parse(json, (_key, value: unknown, ...[context]: ReadonlyArray<Source>) =>
    typeof value === "number" ? read(context?.source ?? "") : value
  )

/** JSON with each number in one spelling, to compare two texts. */
export const withDecimals = (json: string): unknown => parse(json, decimal)

/** The keys under which JavaScript changes a number. */
export const unsafeKeys = (json: string): ReadonlyArray<string> => {
  const marked = parse(json, (number) => (isSafe(number) ? 0 : { unsafe: true })) as object
  return Object.entries(marked)
    .filter(([, value]) => JSON.stringify(value).includes('"unsafe":true'))
    .map(([key]) => key)
}
