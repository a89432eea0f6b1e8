// Names and judges characters as the Python library email-validator does

// JavaScript knows no names of characters. These are the invisible ones that people paste
const names: Readonly<Record<string, string>> = {
  " ": "SPACE",
  "\u{a0}": "NO-BREAK SPACE",
  "\u{ad}": "SOFT HYPHEN",
  "\u{300}": "COMBINING GRAVE ACCENT",
  "\u{301}": "COMBINING ACUTE ACCENT",
  "\u{308}": "COMBINING DIAERESIS",
  "\u{200b}": "ZERO WIDTH SPACE",
  "\u{200c}": "ZERO WIDTH NON-JOINER",
  "\u{200d}": "ZERO WIDTH JOINER",
  "\u{200e}": "LEFT-TO-RIGHT MARK",
  "\u{200f}": "RIGHT-TO-LEFT MARK",
  "\u{2028}": "LINE SEPARATOR",
  "\u{202f}": "NARROW NO-BREAK SPACE",
  "\u{2060}": "WORD JOINER",
  "\u{3000}": "IDEOGRAPHIC SPACE",
  "\u{feff}": "ZERO WIDTH NO-BREAK SPACE"
}

const isVisible = (character: string) => /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)

/** A code point as Python's libraries write it. */
export const codePoint = (character: string, digits = 4): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(digits, "0")}`

/** A character as a refusal shows it: in quotes, or by its name, or by its number. */
const show = (character: string): string => {
  if (character === "\\" || character === "'") return `"${character}"`
  if (isVisible(character)) return `'${character}'`
  return names[character] ?? codePoint(character, character.length > 1 ? 8 : 4)
}

/** The characters of a text that an expression does not match, each once, as a refusal lists them. */
export const listOthers = (text: string, allowed: RegExp): string | undefined => {
  const others = new Set(
    Array.from(text)
      .filter((character) => !allowed.test(character))
      .map(show)
  )
  return others.size === 0 ? undefined : Array.from(others).toSorted().join(", ")
}

/** The characters that make a text ambiguous or invisible: controls, blanks, unknown ones, and a mark at its start. */
export const unsafeProblem = (text: string, allowsSpaces = false): string | undefined => {
  const isSafe = (character: string, index: number) =>
    isVisible(character) || (index > 0 && /^\p{M}$/u.test(character)) || (allowsSpaces && /^\p{Zs}$/u.test(character))
  const unsafe = Array.from(text).filter((character, index) => !isSafe(character, index))
  return unsafe.length === 0
    ? undefined
    : `The email address contains unsafe characters: ${Array.from(new Set(unsafe)).toSorted().map(show).join(", ")}.`
}

/** "(2 characters too many)" */
export const excess = (count: number, unit = "character"): string =>
  `(${count} ${unit}${count > 1 ? "s" : ""} too many)`

/** The periods and hyphens that an address cannot have. `start` and `end` make the sentences for its ends. */
export const periodProblem = (
  text: string,
  start: (what: string) => string,
  end: (what: string) => string,
  isHost: boolean
): string | undefined => {
  if (text.endsWith(".")) return end("period")
  if (text.startsWith(".")) return start("period")
  if (text.includes("..")) return "An email address cannot have two periods in a row."
  if (!isHost) return undefined
  if (text.endsWith("-")) return end("hyphen")
  if (text.startsWith("-")) return start("hyphen")
  return /\.-|-\./.test(text) ? "An email address cannot have a period and a hyphen next to each other." : undefined
}
