import * as CliOutput from "effect/cli/CliOutput"

// Each of these takes one cell
const plain = /^[ -~…]*$/

/** The number of terminal cells of a text: two for a Chinese character or an emoji, none for a combining mark. */
export const widthOf = (text: string): number => (plain.test(text) ? text.length : CliOutput.displayWidth(text))

const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** A text of at most `width` terminal cells. A longer one is cut between two characters, and ends in …. */
export const cutTo = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let kept = ""
  let used = 1
  for (const { segment } of characters.segment(text)) {
    used += widthOf(segment)
    if (used > width) break
    kept += segment
  }
  return `${kept}…`
}

/** A text with blanks up to `width` terminal cells. */
export const padTo = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)))
