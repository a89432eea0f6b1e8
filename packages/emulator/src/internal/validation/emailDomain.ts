import * as Result from "effect/Result"
import { toASCII, toUnicode } from "tr46"
import { excess, listOthers, periodProblem, unsafeProblem } from "./emailCharacters.ts"
import { labelProblem } from "./idna2008.ts"

const allowed = /^[a-z0-9\-.\u{80}-\u{10ffff}]$/iu
const longestDomain = 253
const longestLabel = 63
const specialUse = /(?:^|\.)(?:arpa|invalid|local|localhost|onion|test)$/

/** A domain in Unicode, and as DNS has it. */
interface Domain {
  readonly unicode: string
  readonly ascii: string
}

// A character such as "⒈" stands for a period and something else
const isHiddenPeriod = (character: string): boolean =>
  character !== "." &&
  character.normalize("NFKD").includes(".") &&
  !/^[\u{ff0e}\u{2010}-\u{2023}\u{2027}-\u{2060}]$/u.test(character)

const problemOfInput = (domain: string): string | undefined => {
  const others = listOthers(domain, allowed)
  if (others !== undefined) return `The part after the @-sign contains invalid characters: ${others}.`
  const hidden = Array.from(domain).filter(isHiddenPeriod).join("")
  return (
    unsafeProblem(domain) ??
    (hidden === "" ? undefined : `The part after the @-sign contains invalid characters: ${listOthers(hidden, /^$/)}.`)
  )
}

const problemOfMapped = (mapped: string): string | undefined => {
  const others = listOthers(mapped, allowed)
  if (others !== undefined) {
    return `The part after the @-sign contains invalid characters after Unicode normalization: ${others}.`
  }
  const problem = periodProblem(
    mapped,
    (what) => `An email address cannot have a ${what} immediately after the @-sign.`,
    (what) => `An email address cannot end with a ${what}.`,
    true
  )
  if (problem !== undefined) return problem
  return mapped.split(".").some((label) => /^(?!xn)..--/u.test(label))
    ? "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode."
    : undefined
}

const isAscii = (text: string): boolean => /^[ -~]*$/.test(text)
const checks = { checkHyphens: true, checkBidi: true, checkJoiners: true }

/** Maps a domain as UTS #46 does. Each label is judged by itself, as the Python library idna does. */
const toDomain = (input: string): Result.Result<Domain, string> => {
  const lower = input.toLowerCase()
  if (isAscii(lower) && !lower.includes("xn--")) return Result.succeed({ unicode: lower, ascii: lower })
  const mapped = toUnicode(input)
  const labels = mapped.domain.split(".")
  const fits = !mapped.error && labels.every((label) => !toUnicode(label, checks).error)
  const ascii = fits ? toASCII(mapped.domain) : null
  const problem = labels.map(labelProblem).find((each) => each !== undefined)
  return problem === undefined && ascii !== null
    ? Result.succeed({ unicode: mapped.domain, ascii })
    : Result.fail(problem ?? "Invalid label")
}

const problemOfHost = ({ ascii, unicode }: Domain, input: string): string | undefined => {
  const excessive = ascii.length - longestDomain
  if (excessive > 0) {
    const reason = ascii === input ? excess(excessive) : excess(excessive, "byte").replace(")", " after IDNA encoding)")
    return `The email address is too long after the @-sign ${reason}.`
  }
  const label = ascii.split(".").find(({ length }) => length > longestLabel)
  if (label !== undefined) {
    return isAscii(unicode)
      ? `After the @-sign, periods cannot be separated by so many characters ${excess(label.length - longestLabel)}.`
      : "The part after the @-sign is invalid (Label too long)."
  }
  if (!ascii.includes(".")) return "The part after the @-sign is not valid. It should have a period."
  if (!/[a-z]$/.test(ascii)) {
    return "The part after the @-sign is not valid. It is not within a valid top-level domain."
  }
  return specialUse.test(ascii)
    ? "The part after the @-sign is a special-use or reserved name that cannot be used with email."
    : undefined
}

/** Judges the part of an address after the @-sign, without a look at DNS. Fails with the sentence of a refusal. */
export const readDomain = (input: string): Result.Result<Domain, string> => {
  const problem =
    problemOfInput(input) ?? problemOfMapped(isAscii(input) ? input.toLowerCase() : toUnicode(input).domain)
  if (problem !== undefined) return Result.fail(problem)
  return Result.flatMap(
    Result.mapError(toDomain(input), (why) =>
      isAscii(input)
        ? `The part after the @-sign is not valid IDNA (${why}).`
        : `The part after the @-sign is invalid (${why}).`
    ),
    (domain) => {
      const wrong = problemOfHost(domain, input)
      return wrong === undefined ? Result.succeed(domain) : Result.fail(wrong)
    }
  )
}
