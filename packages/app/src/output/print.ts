import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { root } from "../globalFlags.ts"

// Text from Polar or from a webhook may hold characters that a terminal obeys
const controls = /\p{Cc}/gu

/** Replaces control characters, so that a terminal can show text from outside. */
export const replaceControls = (text: string): string => text.replace(controls, "\u{FFFD}")

const replaceControlsInLines = (text: string): string => text.split("\n").map(replaceControls).join("\n")

/** Prints text on stdout. */
export const printOut = (text: string): Effect.Effect<void> => Console.log(replaceControlsInLines(text))

/** Prints text on stderr. */
export const printErr = (text: string): Effect.Effect<void> => Console.error(replaceControlsInLines(text))

/** Prints a value as a line of JSON on stdout, and escapes the control characters that JSON does not escape. */
export const printJson = (value: unknown): Effect.Effect<void> =>
  Console.log(
    JSON.stringify(value).replace(controls, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`)
  )

/** Prints text for people, or a value as JSON with `--json`. */
export const printResult = (text: string, value: unknown) =>
  Effect.flatMap(root, ({ json }) => (json ? printJson(value) : printOut(text)))

/** The part of an error that a command prints. */
export interface PrintableError {
  readonly _tag: string
  readonly message: string
}

/** The JSON of an error, in the output of every command. */
export const toErrorJson = ({ _tag, message }: PrintableError) => ({ error: { _tag, message } })
