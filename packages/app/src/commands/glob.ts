/**
 * Matches whole texts with a pattern, in which `*` is any text and `?` any one character. The time is at most the length of
 * the text times the length of the pattern, however many stars it has.
 */
export const makeGlob = (pattern: string): ((text: string) => boolean) => {
  const wanted = Array.from(pattern.replaceAll(/\*+/g, "*"))
  const least = wanted.filter((character) => character !== "*").length
  return (text) => {
    const given = Array.from(text)
    // No text stands for more than its own characters, so a long pattern needs no look
    if (given.length < least) return false
    let at = 0
    // The last star, and where the text after it is tried. An earlier star need not take more, because this one can
    let star = -1
    let tried = 0
    for (let position = 0; position < given.length;) {
      const character = wanted[at]
      if (character === "*") {
        star = at++
        tried = position
      } else if (character === "?" || (character !== undefined && character === given[position])) {
        at++
        position++
      } else if (star >= 0) {
        at = star + 1
        position = ++tried
      } else {
        return false
      }
    }
    return wanted.slice(at).every((character) => character === "*")
  }
}
