import * as Result from "effect/Result"
import { excess, listOthers, periodProblem, unsafeProblem } from "./emailCharacters.ts"
import { readDomain } from "./emailDomain.ts"
import { type EmailParts, splitEmail } from "./emailParts.ts"

// Polar's `EmailStr` is Pydantic's, which takes the name in front away, and leaves the rest to the library email-validator.
// The sentences are theirs

const longestInput = 2048
const longestEmail = 254

const blank =
  "[\\t-\\r\\u{1c}-\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}]"
const word = "[\\p{L}\\p{N}_!#$%&'*+\\-\\/=?^`{\\|}~]"
const words = new RegExp(`^(?:${word}|${blank})*$`, "u")
const blanksBefore = new RegExp(`^${blank}+`, "u")
const isBlank = new RegExp(`^${blank}$`, "u")

/** Takes away the blanks that Python's `strip` takes away. */
const strip = (text: string): string => {
  let end = text.length
  while (end > 0 && isBlank.test(text[end - 1] ?? "")) end--
  return text.slice(0, end).replace(blanksBefore, "")
}

/**
 * The address of `Name <address>`, where the name is words or in quotes. Any other text is undefined. Pydantic has one regex for
 * it, and its time grows with the square of the text.
 */
const addressIn = (text: string): string | undefined => {
  const end = text.length - 1
  if (text[end] !== ">") return undefined
  if (!text.startsWith('"')) {
    const open = text.indexOf("<")
    const address = text.slice(open + 1, end)
    return open >= 0 && open + 1 < end && !address.includes("\n") && words.test(text.slice(0, open))
      ? address
      : undefined
  }
  const line = text.lastIndexOf("\n")
  // The name ends at the last quote that stands before the bracket of an address
  for (let open = text.lastIndexOf("<", end - 2); open > line; open = text.lastIndexOf("<", open - 1)) {
    let close = open - 1
    while (isBlank.test(text[close] ?? "")) close--
    if (close > 1 && text[close] === '"') return text.slice(open + 1, end)
  }
  return undefined
}

const ascii = "a-z0-9_!#$%&'*+\\-\\/=?^`{\\|}~"
const plainLocal = new RegExp(`^[${ascii}]+(?:\\.[${ascii}]+)*$`, "i")
const internationalLocal = new RegExp(`^[${ascii}\\u{80}-\\u{10ffff}]+(?:\\.[${ascii}\\u{80}-\\u{10ffff}]+)*$`, "iu")
const allowedInLocal = new RegExp(`^[.${ascii}\\u{80}-\\u{10ffff}]$`, "iu")

const localProblem = (local: string, isQuoted: boolean): string | undefined => {
  if (local === "") return "There must be something before the @-sign."
  if (plainLocal.test(local)) return undefined
  if (internationalLocal.test(local)) return unsafeProblem(local)
  if (isQuoted) {
    const others = listOthers(local, /^[ -~\u{80}-\u{10ffff}]$/u)
    return others === undefined
      ? unsafeProblem(local, true)
      : `The email address contains invalid characters in quotes before the @-sign: ${others}.`
  }
  const others = listOthers(local, allowedInLocal)
  return others === undefined
    ? periodProblem(
        local,
        (what) => `An email address cannot start with a ${what}.`,
        (what) => `An email address cannot have a ${what} immediately before the @-sign.`,
        false
      )
    : `The email address contains invalid characters before the @-sign: ${others}.`
}

// RFC 2142: these names mean the same in any case
const roles =
  /^(?:info|marketing|sales|support|abuse|noc|security|postmaster|hostmaster|usenet|news|webmaster|www|uucp|ftp)$/i

const readLocal = ({ isQuoted, local }: EmailParts): Result.Result<string, string> => {
  const problem = localProblem(local, isQuoted)
  if (problem !== undefined) return Result.fail(problem)
  const normal = local.normalize()
  const after = normal === local ? undefined : localProblem(normal, isQuoted)
  if (after !== undefined) return Result.fail(`After Unicode normalization: ${after}`)
  if (isQuoted) return Result.fail("Quoting the part before the @-sign is not allowed here.")
  return Result.succeed(roles.test(normal) ? normal.toLowerCase() : normal)
}

const literalProblem = (literal: string): string => {
  const isHost = (host: string) => URL.parse(`http://${host}`) !== null
  if (/^[0-9.]+$/.test(literal)) {
    return literal.split(".").length === 4 && isHost(literal)
      ? "A bracketed IP address after the @-sign is not allowed here."
      : "The address in brackets after the @-sign is not valid: It is not an IPv4 address or is missing an address literal tag."
  }
  if (literal.startsWith("IPv6:")) {
    return isHost(`[${literal.slice(5)}]`)
      ? "A bracketed IP address after the @-sign is not allowed here."
      : "The IPv6 address in brackets after the @-sign is not valid."
  }
  return literal.includes(":")
    ? "The part after the @-sign contains an invalid address literal tag in brackets."
    : "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag."
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

const lengthProblem = (original: string, normalized: string, dns: string): string | undefined => {
  const tooLong = (reason: string) => `The email address is too long ${reason}.`
  const bytes = bytesOf(original)
  if (bytes > longestEmail) {
    const most = bytes - longestEmail
    const characters = Array.from(original)
    const least = Math.max(1, Math.floor(most / Math.max(...characters.map(bytesOf))))
    return tooLong(
      characters.length === bytes || least === most ? excess(most) : excess(most).replace("(", `(${least}-`)
    )
  }
  for (const [address, when] of [
    [normalized, "after normalization"],
    [dns, "when the part after the @-sign is converted to IDNA ASCII"]
  ] as const) {
    const most = bytesOf(address) - longestEmail
    if (most > 0) return tooLong(`${when} ${excess(most, "byte")}`)
  }
  return undefined
}

/** Judges an address as Polar does, and spells it as Polar stores it. Fails with the reason of the refusal. */
const readEmail = (input: string): Result.Result<string, string> =>
  Result.gen(function* () {
    if (Array.from(input).length > longestInput) {
      return yield* Result.fail(`Length must not exceed ${longestInput} characters`)
    }
    const parts = yield* splitEmail(strip(addressIn(strip(input)) ?? input))
    const local = yield* readLocal(parts)
    const { domain, hasName } = parts
    if (domain === "") return yield* Result.fail("There must be something after the @-sign.")
    if (domain.startsWith("[") && domain.endsWith("]")) return yield* Result.fail(literalProblem(domain.slice(1, -1)))
    const { ascii: dns, unicode } = yield* readDomain(domain)
    const normalized = `${local}@${unicode}`
    const problem = lengthProblem(`${parts.local}@${domain}`, normalized, `${local}@${dns}`)
    if (problem !== undefined) return yield* Result.fail(problem)
    return hasName
      ? yield* Result.fail("A display name and angle brackets around the email address are not permitted here.")
      : normalized
  })

/** The reason why Polar refuses an address, in the words of its validator. Nobody looks at DNS. */
export const emailProblem = (input: string): string | undefined =>
  Result.match(readEmail(input), { onFailure: (reason) => reason, onSuccess: () => undefined })

/** An address as Polar stores it. One that Polar refuses stays as it is. */
export const normalizeEmail = (input: string): string => Result.getOrElse(readEmail(input), () => input)
