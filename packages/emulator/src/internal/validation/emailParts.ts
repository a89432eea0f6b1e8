import * as Result from "effect/Result"
import { listOthers, unsafeProblem } from "./emailCharacters.ts"

/** The parts of an address. `hasName` if it stands in angle brackets, with or without a name before them. */
export interface EmailParts {
  readonly local: string
  readonly isQuoted: boolean
  readonly domain: string
  readonly hasName: boolean
}

/** The part of a text before the first character of `specials` that is not in quotes, and the rest. */
const splitAt = (text: string, specials: string): Result.Result<readonly [string, string], string> => {
  let isInQuotes = false
  let isEscaped = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ""
    // A mark that combines with the character makes another character of it
    if (`${specials}"\\`.includes(character) && !text.slice(at).normalize().startsWith(character)) continue
    if (isInQuotes) {
      if (character === '"' && !isEscaped) isInQuotes = false
      isEscaped = character === "\\" && !isEscaped
    } else if (character === '"') {
      isInQuotes = true
    } else if (specials.includes(character)) {
      return Result.succeed([text.slice(0, at), text.slice(at)])
    }
  }
  if (text.includes("＠")) {
    return Result.fail('The email address has the "full-width" at-sign (@) character instead of a regular at-sign.')
  }
  return Result.fail(
    text.includes("﹫")
      ? 'The email address has the "small commercial at" character instead of a regular at-sign.'
      : "An email address must have an @-sign."
  )
}

/** A text without the quotes around it, and whether it had any. */
const unquote = (text: string): Result.Result<readonly [string, boolean], string> => {
  if (!text.startsWith('"')) return Result.succeed([text, false])
  let value = ""
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "\\") {
      value += text[++at] ?? ""
    } else if (text[at] === '"') {
      const rest = listOthers(text.slice(at + 1), /^$/)
      return rest === undefined
        ? Result.succeed([value, true])
        : Result.fail(`Extra character(s) found after close quote: ${rest}`)
    } else {
      value += text[at]
    }
  }
  return Result.succeed([value, true])
}

const nameProblem = ([name, isQuoted]: readonly [string, boolean]): string | undefined => {
  const others = isQuoted ? undefined : listOthers(name, /^[\w!#$%&'*+\-/=?^`{|}~ ]$/)
  return others === undefined
    ? unsafeProblem(name, true)
    : `The display name contains invalid characters when not quoted: ${others}.`
}

/** Takes an address apart. Fails with the sentence of a refusal. */
export const splitEmail = (email: string): Result.Result<EmailParts, string> =>
  Result.gen(function* () {
    const [left, right] = yield* splitAt(email, "@<")
    if (!right.startsWith("<")) {
      const [local, isQuoted] = yield* unquote(left)
      return { local, isQuoted, domain: right.slice(1), hasName: false }
    }
    const problem = nameProblem(yield* unquote(left.trimEnd()))
    if (problem !== undefined) return yield* Result.fail(problem)
    if (!right.includes(">")) {
      return yield* Result.fail(
        "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end."
      )
    }
    // The lookbehind keeps a regex from beginning again at every blank
    const bracketed = right.replace(/(?<! ) +$/, "")
    if (!bracketed.endsWith(">")) return yield* Result.fail("There can't be anything after the email address.")
    const [start, end] = yield* splitAt(bracketed.slice(1).replace(/(?<!>)>+$/, ""), "@")
    const [local, isQuoted] = yield* unquote(start)
    return { local, isQuoted, domain: end.slice(1), hasName: true }
  })
