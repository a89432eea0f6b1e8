import { splitUrl, unescapePath } from "./http/starletteRouting.ts"

// A shorter secret may be part of a harmless word, so it is cut only if it stands alone
const unmistakableLength = 16
const wordCharacter = /[\w-]/

/** The secrets to cut out of a text before it is shown. */
export const make = () => {
  const secrets = new Set<string>()
  // There may be a hundred thousand secrets, but only a few lengths. So the lookup goes by length
  const lengths = new Set<number>()

  const standsAlone = (text: string, from: number, to: number): boolean =>
    !wordCharacter.test(text.charAt(from - 1)) && !wordCharacter.test(text.charAt(to))
  const secretLengthAt = (text: string, from: number): number => {
    let longest = 0
    for (const length of lengths) {
      const to = from + length
      if (
        length > longest &&
        to <= text.length &&
        secrets.has(text.slice(from, to)) &&
        (length >= unmistakableLength || standsAlone(text, from, to))
      ) {
        longest = length
      }
    }
    return longest
  }

  return {
    add: (secret: string): void => {
      if (secret === "") return
      secrets.add(secret)
      lengths.add(secret.length)
    },
    /** Replaces each secret in a text by `…`. */
    cut: (text: string): string => {
      let shown = ""
      for (let at = 0; at < text.length;) {
        const length = secretLengthAt(text, at)
        shown += length > 0 ? "…" : text.charAt(at)
        at += Math.max(1, length)
      }
      return shown
    }
  }
}

const claimPath = /^((?:\/+api)?\/+v1\/+customer-seats\/+claim\/+)[^/].*?((?:\/stream)?\/*)$/is

/** Cuts invitation tokens out of a URL: the segment after `claim/`, and every secret that `cut` knows. */
export const redactUrl = (url: string, cut: (text: string) => string): string => {
  const [sent, query] = splitUrl(url)
  const path = unescapePath(sent)
  const shown = claimPath.test(path) ? path.replace(claimPath, "$1…$2") + query : url
  // A URL inside a URL is escaped twice
  const plain = unescapePath(unescapePath(shown))
  const redacted = cut(plain)
  return redacted === plain ? shown : redacted
}
