import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"

/** How far some work is. */
export interface State {
  readonly what: string
  readonly done: number
  readonly total: number
  /** What came of it, in words. */
  readonly details: ReadonlyArray<string>
}

/** Work that is watched. */
export interface Progress {
  /** Whether anybody sees it. */
  readonly isShown: boolean
  /** Says something that stays, above what changes. */
  readonly above: <E, R>(said: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
}

const span = (millis: number): string => {
  const seconds = Math.ceil(millis / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

/** One line that is never wider than the terminal. It has no colours. */
export const render = ({ details, done, total, what }: State, millis: number, columns: number): string => {
  const width = Math.max(1, columns - 1)
  const counted = `${what} ${done}/${total}`
  const pace =
    done > 0 && millis > 0
      ? [`${Math.round((done * 60_000) / millis)}/min`, `${span((millis * (total - done)) / done)} left`]
      : []
  const full = [counted, ...details, ...pace].join(", ")
  const text = full.length <= width ? full : [counted, ...pace].join(", ")
  const room = Math.min(30, width - text.length - 3)
  if (room < 8) return text.slice(0, width)
  const filled = total === 0 ? room : Math.min(room, Math.floor((room * done) / total))
  return `[${"#".repeat(filled)}${"-".repeat(room - filled)}] ${text}`
}

const clear = "\r\u001b[2K"
const invisible: Progress = { isShown: false, above: (said) => said }

/** Shows how far it is on a terminal, ten times a second, until its scope ends. Elsewhere it shows nothing. */
export const watch = Effect.fnUntraced(function* (
  state: () => State
): Effect.fn.Return<Progress, never, Scope.Scope | Stdio.Stdio> {
  const term = Option.getOrElse(
    yield* Effect.orElseSucceed(Config.option(Config.String("TERM")), Option.none),
    () => ""
  )
  if (!(yield* (yield* Stdio.Stdio).stderrIsTerminal) || term === "dumb") return invisible
  // It is drawn over, so it has to be the stream itself
  const write = (text: string) => Effect.sync(() => void process.stderr.write(text))
  const start = yield* Clock.currentTimeMillis
  const draw = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    write(`${clear}${render(state(), now - start, process.stderr.columns || 80)}`)
  )
  yield* Effect.addFinalizer(() => write(clear))
  yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced(Duration.millis(100))))
  return { isShown: true, above: (said) => Effect.andThen(write(clear), said) }
})
