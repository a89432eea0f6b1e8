/** The fewest letters to change, add, leave out or swap with the next one, to make one word of another. */
const countTypos = (one: string, other: string): number => {
  let before: ReadonlyArray<number> = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let at = 1; at <= other.length; at++) {
      const isSame = one[row - 1] === other[at - 1]
      const isSwapped = one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1]
      next.push(
        Math.min(
          (last[at] ?? 0) + 1,
          (next[at - 1] ?? 0) + 1,
          (last[at - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (before[at - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
        )
      )
    }
    before = last
    last = next
  }
  return last.at(-1) ?? 0
}

const longestWord = 40

/**
 * The known word that somebody most likely wanted to write, in small letters or capitals. Undefined if none is near: more
 * than a third differs.
 */
export const findNearest = (given: string, known: Iterable<string>): string | undefined => {
  if (given.length > longestWord) return undefined
  const written = given.toLowerCase()
  let nearest: string | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const word of known) {
    const isBeginning = written.length >= 3 && word.startsWith(written)
    const typos = isBeginning ? 0.5 : countTypos(written, word)
    if (typos < fewest && typos <= Math.max(1, Math.ceil(word.length / 3))) {
      nearest = word
      fewest = typos
    }
  }
  return nearest
}
