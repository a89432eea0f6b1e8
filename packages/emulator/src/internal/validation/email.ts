const longestEmail = 254
const named = /^[^<>]*<([^<>]*)>\s*$/
const oddBefore = /[^\w!#$%&'*+\-/=?^`{|}~.\u{80}-\u{10ffff}]/u
const oddAfter = /[^a-z0-9\-.\u{80}-\u{10ffff}]/iu

const shown = (character: string) => (character === " " ? "SPACE" : `'${character}'`)

const bareAddress = (input: string): string => (named.exec(input)?.[1] ?? input).trim()

/** The problem that Polar finds in an address, in the words of the Python library that it uses. The DNS is not looked up. */
export const emailProblem = (input: string): string | undefined => {
  const email = bareAddress(input)
  const at = email.indexOf("@")
  if (at === -1) return "An email address must have an @-sign."
  const before = email.slice(0, at)
  const after = email.slice(at + 1)
  if (before === "") return "There must be something before the @-sign."
  if (after === "") return "There must be something after the @-sign."
  const [odd] = oddBefore.exec(before) ?? []
  if (odd !== undefined) return `The email address contains invalid characters before the @-sign: ${shown(odd)}.`
  const [oddHost] = oddAfter.exec(after) ?? []
  if (oddHost !== undefined) return `The part after the @-sign contains invalid characters: ${shown(oddHost)}.`
  if (before.startsWith(".")) return "An email address cannot start with a period."
  if (before.endsWith(".")) return "An email address cannot have a period immediately before the @-sign."
  if (after.startsWith(".")) return "An email address cannot have a period immediately after the @-sign."
  if (after.endsWith(".")) return "An email address cannot end with a period."
  if (email.includes("..")) return "An email address cannot have two periods in a row."
  if (!after.includes(".")) return "The part after the @-sign is not valid. It should have a period."
  const excess = email.length - longestEmail
  return excess > 0
    ? `The email address is too long (${excess} character${excess > 1 ? "s" : ""} too many).`
    : undefined
}

/** An address as Polar keeps it: without the name in front and the blanks around it, its host in lower case. */
export const normalizeEmail = (input: string): string => {
  const email = bareAddress(input)
  const host = email.indexOf("@") + 1
  return email.slice(0, host) + email.slice(host).toLowerCase()
}
