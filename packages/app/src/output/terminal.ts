import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"

/** The width of the terminal on stdout in columns. It is infinite if stdout is not a terminal. */
export const stdoutColumns = Effect.map(
  Effect.flatMap(Stdio.Stdio, ({ stdoutIsTerminal }) => stdoutIsTerminal),
  (isTerminal) => (isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY)
)

const styled = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`

/** Styles of text on a terminal. */
export const styles = { bold: styled(1), dim: styled(2), red: styled(31), green: styled(32), yellow: styled(33) }
