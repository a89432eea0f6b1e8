const hostOf = (domain: string): string | undefined => URL.parse(`http://${domain}`)?.hostname

/** An address without a name around it, in lower case, and with its domain as DNS has it. */
const toDnsForm = (input: string): string => {
  const address = (/<([^<>]*)>\s*$/.exec(input)?.[1] ?? input)
    // Polar's server is written in Python, which counts some control characters among the blanks
    .replace(/\p{Cc}/gu, " ")
    .trim()
    .toLowerCase()
    .normalize()
  const at = address.lastIndexOf("@")
  const domain = address.slice(at + 1)
  // A URL may hold more than a host, and may read a host as an IP address
  const isInternational = /[^!-~]|xn--/.test(domain) && !/[\s/\\?#:@%[\]]/.test(domain)
  return isInternational ? address.slice(0, at + 1) + (hostOf(domain) ?? domain) : address
}

/** Whether two spellings are one address, so that Polar gives one seat and one mail to the person who has it. */
export const isSame = (one: string, other: string): boolean => toDnsForm(one) === toDnsForm(other)

// Visible ASCII without angle brackets
const plain = /^[!-;=?-~]+$/
const base = 36
const maxIndex = 2 ** 31
const digitOf = (character: string | undefined): number => (Number.parseInt(character ?? "", base) + 26) % base

const adaptBias = (delta: number, length: number): number => {
  let left = delta + Math.floor(delta / length)
  let bias = 0
  for (; left > 455; bias += base) left = Math.floor(left / 35)
  return bias + Math.floor((base * left) / (left + 38))
}

/** Decodes the Punycode of a label, as RFC 3492 has it. `undefined` if it cannot be decoded. */
const fromPunycode = (label: string): string | undefined => {
  const delimiter = label.lastIndexOf("-")
  const decoded = Array.from(label.slice(0, Math.max(delimiter, 0)))
  let bias = 72
  let point = 128
  let index = 0
  for (let at = delimiter + 1; at < label.length;) {
    const before = index
    for (let weight = 1, k = base; ; k += base) {
      const digit = digitOf(label[at++])
      if (Number.isNaN(digit)) return undefined
      index += digit * weight
      if (index > maxIndex) return undefined
      const threshold = Math.min(26, Math.max(1, k - bias))
      if (digit < threshold) break
      weight *= base - threshold
    }
    const length = decoded.length + 1
    bias = adaptBias(Math.floor((index - before) / (before === 0 ? 700 : 2)), length)
    point += Math.floor(index / length)
    index %= length
    if (point > 0x10ffff) return undefined
    decoded.splice(index++, 0, String.fromCodePoint(point))
  }
  return decoded.join("")
}

/**
 * An address in the one spelling that names a person: as Polar stores it, and in lower case, because Polar ignores case.
 * An address that Polar would refuse keeps what makes it invalid.
 */
export const canonicalise = (address: string): string => {
  const lower = address.toLowerCase()
  if (plain.test(lower) && !lower.includes("xn--")) return lower
  const known = toDnsForm(address)
  const at = known.lastIndexOf("@") + 1
  const domain = known.slice(at).replace(/(?<=^|\.)xn--([^.]{1,59})(?=\.|$)/g, (label: string, encoded: string) => {
    const decoded = fromPunycode(encoded)
    return decoded !== undefined && hostOf(decoded) === label ? decoded : label
  })
  return known.slice(0, at) + domain
}
