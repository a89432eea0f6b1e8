import { codePoint } from "./emailCharacters.ts"

// IDNA 2008 permits less than UTS #46, which the labels have passed before: RFC 5892, sections 2 and 3, and appendix A.
// The tables of UTS #46 know the characters that are mapped, and are therefore not stable

const exceptions = /^[ßς\u{6fd}\u{6fe}\u{f0b}\u{3007}]$/u
const disallowed = /^[\u{302e}\u{302f}\u{640}\u{7fa}\u{3031}-\u{3035}\u{303b}]$/u
const lettersAndDigits = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}-]$/u
const ignorable =
  /^[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}\u{20d0}-\u{20ff}\u{1d100}-\u{1d24f}]$/u
const oldHangul = /^[\u{1100}-\u{11ff}\u{a960}-\u{a97f}\u{d7b0}-\u{d7ff}]$/u

/** The characters that are allowed only in some places. Each rule gets the label as characters, and the index. */
const contexts: ReadonlyArray<readonly [RegExp, (label: ReadonlyArray<string>, at: number) => boolean]> = [
  // The joiners, which UTS #46 has checked
  [/^[\u{200c}\u{200d}]$/u, () => true],
  [/^\u{b7}$/u, (label, at) => label[at - 1] === "l" && label[at + 1] === "l"],
  [/^\u{375}$/u, (label, at) => /^\p{Script=Greek}$/u.test(label[at + 1] ?? "")],
  [/^[\u{5f3}\u{5f4}]$/u, (label, at) => /^\p{Script=Hebrew}$/u.test(label[at - 1] ?? "")],
  [
    /^\u{30fb}$/u,
    (label) => label.some((character) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]$/u.test(character))
  ],
  [/^[\u{660}-\u{669}]$/u, (label) => !label.some((character) => /^[\u{6f0}-\u{6f9}]$/u.test(character))],
  [/^[\u{6f0}-\u{6f9}]$/u, (label) => !label.some((character) => /^[\u{660}-\u{669}]$/u.test(character))]
]

const isPermitted = (character: string): boolean =>
  exceptions.test(character) ||
  (lettersAndDigits.test(character) &&
    !disallowed.test(character) &&
    !oldHangul.test(character) &&
    !ignorable.test(character))

/** The problem of a label that UTS #46 has mapped, in the words of the Python library idna. It leaves bidi to UTS #46. */
export const labelProblem = (label: string): string | undefined => {
  if (label !== label.normalize()) return "Label must be in Normalization Form C"
  if (label.slice(2, 4) === "--") return "Label has disallowed hyphens in 3rd and 4th position"
  if (/^-|-$/.test(label)) return "Label must not start or end with a hyphen"
  if (/^\p{M}/u.test(label)) return "Label begins with an illegal combining character"
  const characters = Array.from(label)
  for (const [at, character] of characters.entries()) {
    const place = `position ${at + 1}`
    const context = contexts.find(([which]) => which.test(character))
    if (context === undefined && !isPermitted(character)) {
      return `Codepoint ${codePoint(character)} at ${place} of '${label}' not allowed`
    }
    if (context?.[1](characters, at) === false) {
      return `Codepoint ${codePoint(character)} not allowed at ${place} in '${label}'`
    }
  }
  return undefined
}
