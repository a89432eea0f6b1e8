import { secretKinds } from "../secrets.ts"
import type { Random } from "./random.ts"

/** Texts that a parser may not expect. */
export const oddTexts: ReadonlyArray<string> = [
  "",
  " ",
  "0",
  "-1",
  "1e400",
  "null",
  "\0",
  "\n",
  "\r\n",
  "\u2028",
  "\u202e",
  "\ud800",
  "\u{1f600}",
  "ß",
  "İ",
  "%00",
  "%2f",
  "%zz",
  "../",
  "//",
  "?",
  "#",
  "&",
  "=",
  "__proto__",
  "constructor",
  "x".repeat(300),
  "2026-02-30T00:00:00Z",
  "0000-00-00T00:00:00.000000Z",
  "2026-08-22T10:00:00+02:00",
  "00000000-0000-0000-0000-000000000000",
  "9f1c2b3a-4d5e-1f60-8a7b-0c1d2e3f4a5b",
  "9f1c2b3a-4d5e-4f60-ca7b-0c1d2e3f4a5b",
  "9F1C2B3A4D5E4F608A7B0C1D2E3F4A5B",
  "{9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b}",
  "urn:uuid:9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
  "ann@acme.com",
  '"a"@[127.0.0.1]',
  "Ann <ann@acme.com>"
]

const oddValues: ReadonlyArray<unknown> = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  [],
  {},
  [null],
  [[[[[]]]]],
  { a: { b: [1, "x"] } },
  JSON.parse('{"__proto__": {"a": 1}}'),
  ...oddTexts
]

/** A text with a part inserted, removed, repeated or replaced. */
export const mutateText = (random: Random, text: string): string => {
  const from = random.int(text.length + 1)
  const to = Math.min(text.length, from + random.int(8))
  const [start, middle, end] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  switch (random.int(7)) {
    case 0:
      return start + end
    case 1:
      return start + middle + middle + end
    case 2:
      return start + random.pick(oddTexts) + end
    case 3:
      return start + random.pick(oddTexts) + middle + end
    case 4:
      return start + middle.toUpperCase() + end
    case 5:
      return start + String.fromCharCode(random.int(random.once(2) ? 128 : 65_536)) + middle + end
    default:
      return start
  }
}

/** A JSON value with one change at a random depth. */
const mutateJson = (random: Random, value: unknown): unknown => {
  if (random.once(6)) return random.pick(oddValues)
  if (typeof value === "string") return random.once(2) ? mutateText(random, value) : random.pick(oddValues)
  if (Array.isArray(value)) {
    const items: Array<unknown> = value.slice()
    const at = random.int(items.length + 1)
    if (random.once(3)) items.splice(at, random.int(2), random.pick(oddValues))
    else if (at < items.length) items[at] = mutateJson(random, items[at])
    return items
  }
  if (typeof value !== "object" || value === null) return random.pick(oddValues)
  const entries = Object.entries(value)
  const at = random.int(entries.length + 1)
  const found = entries[at]
  if (found === undefined) return { ...value, [random.pick(oddTexts)]: random.pick(oddValues) }
  const [key, old] = found
  if (random.once(4)) entries.splice(at, 1)
  else if (random.once(8)) entries[at] = [mutateText(random, key), old]
  else entries[at] = [key, mutateJson(random, old)]
  return Object.fromEntries(entries)
}

/** Bytes with some of them changed, dropped or doubled. */
export const mutateBytes = (random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const changed = Array.from(bytes)
  for (let left = random.int(4) + 1; left > 0; left--) {
    const at = random.int(changed.length + 1)
    switch (random.int(4)) {
      case 0:
        changed[Math.min(at, changed.length - 1)] = random.int(256)
        break
      case 1:
        changed.splice(at, random.int(6))
        break
      case 2:
        changed.splice(at, 0, ...Array.from({ length: random.int(6) }, () => random.int(256)))
        break
      default:
        changed.splice(at, 0, ...changed.slice(at, at + random.int(30)))
    }
  }
  return Uint8Array.from(changed)
}

/** The JSON of a value: usually changed as a value, sometimes as text. */
export const mutateDocument = (random: Random, value: unknown): string => {
  let changed = value
  for (let left = random.int(3); left >= 0; left--) changed = mutateJson(random, changed)
  const text = JSON.stringify(random.once(10) ? value : changed) ?? ""
  if (random.once(40)) return "[".repeat(random.int(2_000)) + text
  return random.once(5) ? mutateText(random, text) : text
}

/** A secret of any kind. */
export const anySecret = (random: Random): string => random.pick(Object.values(secretKinds))
