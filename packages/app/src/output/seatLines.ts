import type { CommandOutput, SeatLine, SummaryLine } from "../CommandOutput.ts"
import type { FailureJson } from "../exit.ts"
import { type PrintableError, printJson, printJsonWithSecret, toErrorJson } from "./print.ts"

/** The word for what became of a seat. */
export type OutcomeWord = (typeof SeatLine.Encoded)["outcome"]

/** The word for a seat that a command has done. */
export type DoneWord = Exclude<OutcomeWord, "skipped" | "failed" | "unknown" | "not_begun">

/** Prints a line of JSON. Each command with seats prints its lines through this, so that they fit the schema. */
export const printLine = (line: typeof CommandOutput.Encoded) => printJson(line)

/** Prints a line with a secret in it, because the caller asked for the secret. */
export const printLineWithSecret = (line: typeof SeatLine.Encoded) => printJsonWithSecret(line)

const notBegun = { _tag: "NotBegun", message: "The command ended before it reached this seat." }

/** The line of a seat that a command did not come to. */
export const notBegunLine = (
  id: string | null,
  address: { readonly address?: string | null }
): typeof SeatLine.Encoded => ({ id, ...address, outcome: "not_begun", ...toErrorJson(notBegun) })

/** The last line, with a count for each outcome. `words` are those that the command has for a seat that is done. */
export const summaryLine = (
  outcomes: ReadonlyArray<OutcomeWord>,
  words: ReadonlyArray<DoneWord | "skipped">,
  interrupted: boolean,
  error?: PrintableError
): typeof SummaryLine.Encoded => {
  const countOf = (word: OutcomeWord) => outcomes.filter((outcome) => outcome === word).length
  return {
    summary: {
      ...Object.fromEntries(words.map((word) => [word, countOf(word)])),
      failed: countOf("failed"),
      unknown: countOf("unknown"),
      not_begun: countOf("not_begun")
    },
    interrupted,
    ...(error === undefined ? {} : toErrorJson(error))
  }
}

/** The JSON of a command for one seat that failed, before the command knew the id of the seat. */
export const seatFailure =
  (word: DoneWord): FailureJson =>
  (outcome, error, interrupted) => [
    { id: null, outcome, ...toErrorJson(error) },
    summaryLine([outcome], [word], interrupted)
  ]

/** The JSON of a command that an error ended before the first seat. */
export const commandFailure =
  (words: ReadonlyArray<DoneWord | "skipped">): FailureJson =>
  (_outcome, error, interrupted) => [summaryLine([], words, interrupted, error)]
