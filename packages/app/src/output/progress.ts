import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"

/** The state of some work. */
export interface ProgressState {
  readonly what: string
  readonly done: number
  readonly total: number
  /** Counts of the outcomes so far, such as "120 resent". */
  readonly details: ReadonlyArray<string>
}

/** A progress line on stderr. */
export interface Progress {
  /** Whether stderr is a terminal that shows the line. */
  readonly isShown: boolean
  /** Runs an effect that prints, with its output above the line. */
  readonly printAbove: <E, R>(print: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
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
  const full = [counted, ...details, ...rate].join(", ")
  const text = full.length <= width ? full : [counted, ...rate].join(", ")
  const room = Math.min(30, width - text.length - 3)
  if (room < 8) return text.slice(0, width)
  const filled = total === 0 ? room : Math.min(room, Math.floor((room * done) / total))
  return `[${"#".repeat(filled)}${"-".repeat(room - filled)}] ${text}`
}

const clear = "\r\u001b[2K"
const hidden: Progress = { isShown: false, printAbove: (print) => print }

/** Draws the progress line ten times a second until the scope ends. It draws nothing if stderr is not a terminal. */
export const showProgress = Effect.fnUntraced(function* (
  state: () => ProgressState
): Effect.fn.Return<Progress, never, Scope.Scope | Stdio.Stdio> {
  const term = Option.getOrElse(
    yield* Effect.orElseSucceed(Config.option(Config.String("TERM")), Option.none),
    () => ""
  )
  if (!(yield* (yield* Stdio.Stdio).stderrIsTerminal) || term === "dumb") return hidden
  // Console would end the line, and this one is drawn over
  const write = (text: string) => Effect.sync(() => void process.stderr.write(text))
  const start = yield* Clock.currentTimeMillis
  const draw = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    write(`${clear}${formatProgress(state(), now - start, process.stderr.columns || 80)}`)
  )
  yield* Effect.addFinalizer(() => write(clear))
  yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced(Duration.millis(100))))
  return { isShown: true, printAbove: (print) => Effect.andThen(write(clear), print) }
})
