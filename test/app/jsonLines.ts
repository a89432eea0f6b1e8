import { isExact, mapNumbers } from "@polar-seats/domain/ExactJson"
import { Result, Schema } from "effect"
import { assert } from "vitest"
import { CommandOutput } from "../../packages/app/src/CommandOutput.ts"

/** The commands whose JSON is a line for each seat, and a summary. */
export const seatCommands = ["list", "resend", "reissue", "remind", "assign", "revoke", "claim"] as const

const decode = Schema.decodeUnknownResult(CommandOutput, { onExcessProperty: "error" })

// Metadata is printed as it came, also a number that JavaScript would read as infinite
const parseLine = (line: string) => JSON.parse(mapNumbers(line, (number) => (isExact(number) ? number : "0")))

const parseLines = (stdout: string) => (stdout === "" ? [] : stdout.trimEnd().split("\n").map(parseLine))

/** The lines of JSON for the seats, without the summary. */
export const linesOf = (stdout: string) => parseLines(stdout).slice(0, -1)

/** The summary, which is the last line of JSON. */
export const summaryOf = (stdout: string) => parseLines(stdout).at(-1)

/**
 * Asserts that each line of a command's JSON fits the schema and has nothing else, that a line of a seat has a seat or an
 * error, and that the last line counts the others. Nothing is printed after wrong use alone.
 */
export const assertJsonLines = (
  args: ReadonlyArray<string>,
  { code, stdout }: { readonly code: number | null; readonly stdout: string }
) => {
  const isOfSeats = seatCommands.some((command) => args.includes(command))
  if (!isOfSeats || !args.includes("--json") || args.includes("--info") || args.includes("--help")) return
  if (code === 2 && stdout === "") return
  assert.isTrue(stdout.endsWith("\n"), `with code ${code}, the JSON ends with a whole line: ${stdout}`)
  const lines = parseLines(stdout)
  for (const line of lines) {
    const decoded = decode(line)
    if (Result.isFailure(decoded)) assert.fail(`the schema does not fit ${JSON.stringify(line)}: ${decoded.failure}`)
  }
  const { summary } = lines.pop()
  assert.isDefined(summary, "the last line is the summary")
  const counts: Record<string, number> = Object.fromEntries(Object.keys(summary).map((outcome) => [outcome, 0]))
  for (const { error, id, outcome, reason, seat } of lines) {
    assert.isDefined(outcome, "only the last line is the summary")
    assert.property(counts, outcome, "the summary counts each outcome")
    counts[outcome] = (counts[outcome] ?? 0) + 1
    assert.isAtMost([error, seat, reason].filter((part) => part !== undefined).length, 1, `${id} ${outcome}`)
  }
  assert.deepEqual(summary, counts, "the summary counts the lines")
}
