import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"

/** The width of the terminal on stdout in columns. It is infinite if stdout is not a terminal. */
export const stdoutColumns = Effect.map(
  Effect.flatMap(Stdio.Stdio, ({ stdoutIsTerminal }) => stdoutIsTerminal),
  (isTerminal) => (isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY)
)

/** Whether text on stdout may be coloured: on a terminal that can, unless `NO_COLOR` forbids it. */
export const canColorStdout = Effect.gen(function* () {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  // FORCE_COLOR is for tools that check programs. A pipe of seats goes to other programs
  return canColor && (yield* (yield* Stdio.Stdio).stdoutIsTerminal)
})

const styled = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`

/** Styles of text on a terminal. */
export const styles = { bold: styled(1), dim: styled(2), red: styled(31), green: styled(32), yellow: styled(33) }
