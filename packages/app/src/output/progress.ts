import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"
import { Output } from "./Output.ts"
import { showHidden } from "./print.ts"

/** The state of some work. */
export interface ProgressState {
  readonly what: string
  readonly done: number
  readonly total: number
  /** Counts of the outcomes so far, such as "120 resent". */
  readonly details: ReadonlyArray<string>
}

const formatDuration = (millis: number): string => {
  const seconds = Math.ceil(millis / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

/** The progress line, without colours and narrower than the terminal. */
export const formatProgress = (
  { details, done, total, what }: ProgressState,
  millis: number,
  columns: number
): string => {
  const width = Math.max(1, columns - 1)
  const counted = `${what} ${done}/${total}`
  const rate =
    done > 0 && millis > 0
      ? [`${Math.round((done * 60_000) / millis)}/min`, `${formatDuration((millis * (total - done)) / done)} left`]
      : []
  const full = showHidden([counted, ...details, ...rate].join(", "))
  const text = full.length <= width ? full : showHidden([counted, ...rate].join(", "))
  const room = Math.min(30, width - text.length - 3)
  if (room < 8) return text.slice(0, width)
  const filled = total === 0 ? room : Math.min(room, Math.floor((room * done) / total))
  return `[${"#".repeat(filled)}${"-".repeat(room - filled)}] ${text}`
}

const clear = "\r\u001b[2K"

/**
 * Draws the progress line ten times a second until the scope ends. It draws nothing if stderr is not a terminal.
 * `printAbove` runs an effect that prints, with its output above the line.
 */
export const showProgress = Effect.fnUntraced(function* (state: () => ProgressState) {
  const term = yield* Effect.orElseSucceed(Config.String("TERM"), () => "")
  const isShown = (yield* (yield* Stdio.Stdio).stderrIsTerminal) && term !== "dumb"
  const { err } = yield* Output
  const write = (text: string) => (isShown ? err.write(text) : Effect.void)
  const start = yield* Clock.currentTimeMillis
  const draw = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    write(`${clear}${formatProgress(state(), now - start, process.stderr.columns || 80)}`)
  )
  yield* Effect.addFinalizer(() => write(clear))
  if (isShown) yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("100 millis")))
  return { isShown, printAbove: <E, R>(print: Effect.Effect<void, E, R>) => Effect.andThen(write(clear), print) }
})
