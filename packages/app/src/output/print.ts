import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { root } from "../globalFlags.ts"
import type { CannotWrite } from "./CannotWrite.ts"
import { Output } from "./Output.ts"
import { cutSecrets, GivenWords } from "./secrets.ts"

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

const writeOut = (line: string): Effect.Effect<void> => Effect.flatMap(Output, ({ out }) => out.write(`${line}\n`))

const writeErr = (line: string): Effect.Effect<void> => Effect.flatMap(Output, ({ err }) => err.write(`${line}\n`))

const writeOutOrFail = (line: string): Effect.Effect<void, CannotWrite> =>
  Effect.flatMap(Output, ({ out }) => out.writeOrFail(`${line}\n`))

/** Prints a text without the secrets in it. A token may stand where something else was expected, and comes back in a message. */
const printWith = <E>(print: (text: string) => Effect.Effect<void, E>, text: string): Effect.Effect<void, E> =>
  Effect.flatMap(GivenWords, (given) => print(cutSecrets(text, given)))

const formatLines = (lines: Lines): string => [lines].flat().map(showHidden).join("\n")

/** Prints a line of text on stdout, or several, without the secrets in it. It waits until the system has taken them. */
export const printOut = (lines: Lines): Effect.Effect<void> => printWith(writeOut, formatLines(lines))

/** Prints lines on stdout that are styled already. The hidden characters of their texts must be shown before. */
export const printTable = (lines: ReadonlyArray<string>) => printWith(writeOut, lines.join("\n"))

/** Prints a line of text on stderr, or several, without the secrets in it. It waits until the system has taken them. */
export const printErr = (lines: Lines): Effect.Effect<void> => printWith(writeErr, formatLines(lines))

/** Says on stderr what the command has done, if stdout did not take all of its lines. */
export const printErrIfLost = (lines: Lines): Effect.Effect<void> =>
  Effect.flatMap(Output, ({ out }) => (out.state().missingLines > 0 ? printErr(lines) : Effect.void))

/** Prints a secret as a line on stdout, because the caller asked for it. */
export const printSecret = (secret: Redacted.Redacted<string>): Effect.Effect<void> =>
  writeOut(showHidden(Redacted.value(secret)))

const escapeForJson = (codePoint: number): string =>
  // JSON escapes the two halves of a surrogate pair one by one
  String.fromCodePoint(codePoint)
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("")

const formatJson = (value: unknown): string => replaceHidden(JSON.stringify(value), escapeForJson)

/**
 * Prints a value as a line of JSON on stdout, without the secrets in it. People read it too, so each control and each
 * invisible character is escaped. The rest of the value stays the same.
 */
export const printJson = (value: unknown): Effect.Effect<void> => printWith(writeOut, formatJson(value))

/** Prints a value with a secret in it, because the caller asked for the secret. */
export const printJsonWithSecret = (value: unknown): Effect.Effect<void> => writeOut(formatJson(value))

/** Prints text for people, or a value as JSON with `--json`. */
export const printResult = (lines: Lines, value: unknown) =>
  Effect.flatMap(root, ({ json }) => (json ? printJson(value) : printOut(lines)))

/** Prints as `printResult`, and fails if stdout does not take the line. */
export const printResultOrFail = (line: string, value: unknown) =>
  Effect.flatMap(root, ({ json }) => printWith(writeOutOrFail, json ? formatJson(value) : formatLines(line)))

/** The part of an error that a command prints. */
export interface PrintableError {
  readonly _tag: string
  readonly message: string
}

/** The JSON of an error, in the output of every command. */
export const toErrorJson = ({ _tag, message }: PrintableError) => ({ error: { _tag, message } })
