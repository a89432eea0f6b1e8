import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { root } from "../globalFlags.ts"

/**
 * The characters that a terminal obeys or a person cannot see: controls, line breaks, characters that set the direction
 * of text, invisible ones, and halves of a surrogate pair. A variation selector only chooses the form of an emoji.
 */
const hidden = /(?![\uFE00-\uFE0F])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Replaces each control and each invisible character by what `replacement` makes of its code point. */
export const replaceHidden = (text: string, replacement: (codePoint: number) => string): string =>
  text.replace(hidden, (character) => replacement(character.codePointAt(0) ?? 0))

/**
 * Text from outside as one line, in which each control and each invisible character shows as its code point, such as
 * `<U+000A>`.
 */
export const showHidden = (text: string): string =>
  replaceHidden(text, (codePoint) => `<U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}>`)

/** Text as lines to print. Each of them stays one line, so a line break inside cannot pretend to be another line. */
export type Lines = string | ReadonlyArray<string>

const formatLines = (lines: Lines): string => [lines].flat().map(showHidden).join("\n")

/** Prints a line of text on stdout, or several. */
export const printOut = (lines: Lines): Effect.Effect<void> => Console.log(formatLines(lines))

/** Prints a line of text on stderr, or several. */
export const printErr = (lines: Lines): Effect.Effect<void> => Console.error(formatLines(lines))

const escapeForJson = (codePoint: number): string =>
  // JSON escapes the two halves of a surrogate pair one by one
  String.fromCodePoint(codePoint)
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("")

/**
 * Prints a value as a line of JSON on stdout. People read it too, so each control and each invisible character is
 * escaped. The value stays the same.
 */
export const printJson = (value: unknown): Effect.Effect<void> =>
  Console.log(replaceHidden(JSON.stringify(value), escapeForJson))

/** Prints text for people, or a value as JSON with `--json`. */
export const printResult = (lines: Lines, value: unknown) =>
  Effect.flatMap(root, ({ json }) => (json ? printJson(value) : printOut(lines)))

/** The part of an error that a command prints. */
export interface PrintableError {
  readonly _tag: string
  readonly message: string
}

/** The JSON of an error, in the output of every command. */
export const toErrorJson = ({ _tag, message }: PrintableError) => ({ error: { _tag, message } })
