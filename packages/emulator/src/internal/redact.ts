/** Secrets, and a way to cut them out of what is shown. */
export interface Secrets {
  readonly add: (secret: string) => void
  /** A text without them: `…` in the place of each. */
  readonly cut: (text: string) => string
}

// A shorter one may be part of an innocent word, and is cut only where it stands alone
const unmistakable = 16
const wordCharacter = /[\w-]/

export const make = (): Secrets => {
  const secrets = new Set<string>()
  // Looked up by their lengths, of which there are few, because of the secrets there may be a hundred thousand
  const lengths = new Set<number>()

  const standsAlone = (text: string, from: number, to: number): boolean =>
    !wordCharacter.test(text.charAt(from - 1)) && !wordCharacter.test(text.charAt(to))
  const lengthAt = (text: string, from: number): number => {
    let longest = 0
    for (const length of lengths) {
      const to = from + length
      if (
        length > longest &&
        to <= text.length &&
        secrets.has(text.slice(from, to)) &&
        (length >= unmistakable || standsAlone(text, from, to))
      ) {
        longest = length
      }
    }
    return longest
  }

  return {
    add: (secret) => {
      if (secret === "") return
      secrets.add(secret)
      lengths.add(secret.length)
    },
    cut: (text) => {
      let shown = ""
      for (let at = 0; at < text.length;) {
        const length = lengthAt(text, at)
        shown += length > 0 ? "…" : text.charAt(at)
        at += Math.max(1, length)
      }
      return shown
    }
  }
}
