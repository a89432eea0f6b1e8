import { splitUrl, unescapePath } from "./http/starletteRouting.ts"

// A shorter secret may be part of a harmless word, so it is cut only if it stands alone
const unmistakableLength = 16
const wordCharacter = /[\w-]/
const words = /[\w-]+/g
const otherCharacter = /[^\w-]/

/** The secrets to cut out of a text before it is shown. */
export const make = () => {
  const secrets = new Set<string>()
  // There may be a hundred thousand secrets, but only a few lengths. So the lookup goes by length
  const lengths = new Set<number>()
  // Polar's tokens are single words. A seeded one may be anything
  let areWords = true
  // The shortest of those that may be inside a word, and how they begin
  let shortestUnmistakable = Number.POSITIVE_INFINITY
  const beginnings = new Map<string, number>()

  const mayBeginIn = (word: string): boolean => {
    for (let at = 0; at + shortestUnmistakable <= word.length; at++) {
      if (beginnings.has(word.slice(at, at + unmistakableLength))) return true
    }
    return false
  }
  // Most paths hold no secret, which their few words show sooner than a look at every character and length
  const mayHoldSecret = (text: string): boolean =>
    !areWords || (text.match(words) ?? []).some((word) => secrets.has(word) || mayBeginIn(word))

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
      if (secret === "" || secrets.has(secret)) return
      secrets.add(secret)
      lengths.add(secret.length)
      areWords &&= !otherCharacter.test(secret)
      if (secret.length < unmistakableLength) return
      shortestUnmistakable = Math.min(shortestUnmistakable, secret.length)
      const beginning = secret.slice(0, unmistakableLength)
      beginnings.set(beginning, (beginnings.get(beginning) ?? 0) + 1)
    },
    remove: (secret: string): void => {
      if (!secrets.delete(secret) || secret.length < unmistakableLength) return
      const beginning = secret.slice(0, unmistakableLength)
      const others = (beginnings.get(beginning) ?? 0) - 1
      if (others > 0) beginnings.set(beginning, others)
      else beginnings.delete(beginning)
    },
    /** Replaces each secret in a text by `…`. */
    cut: (text: string): string => {
      if (!mayHoldSecret(text)) return text
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

const beforeToken = /^(?:\/+api)?\/+v1\/+customer-seats\/+claim\/+(?=[^/])/i
// Without the lookbehind, the regex begins again at every slash
const afterToken = /(?:\/stream)?(?<!\/)\/*$/i

/** Cuts the token out of the path of a claim. Any other path is undefined. */
const cutClaim = (path: string): string | undefined => {
  const start = beforeToken.exec(path)?.[0]
  return start === undefined ? undefined : `${start}…${afterToken.exec(path.slice(start.length + 1))?.[0] ?? ""}`
}

/** Cuts invitation tokens out of a URL: the segment after `claim/`, and every secret that `cut` knows. */
export const redactUrl = (url: string, cut: (text: string) => string): string => {
  const [sent, query] = splitUrl(url)
  const claim = cutClaim(unescapePath(sent))
  const shown = claim === undefined ? url : claim + query
  // A URL inside a URL is escaped twice
  const plain = unescapePath(unescapePath(shown))
  const redacted = cut(plain)
  return redacted === plain ? shown : redacted
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * A copy of a text for a record, without its end if it is longer than `most` characters. A part of a string would keep
 * the whole string in memory, so the copy is a string of its own.
 */
export const shorten = (text: string, most: number): string => {
  const kept = decoder.decode(encoder.encode(text.slice(0, most)))
  return text.length > most ? `${kept}… (${text.length - most} more characters)` : kept
}
