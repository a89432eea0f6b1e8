import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Operation } from "@polar-seats/domain/SeatError"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { type CommandError, Ended, exitCode, exitCodeFor, makeInterrupted, outcomeFor } from "../exit.ts"
import { type Root, root } from "../globalFlags.ts"
import { describeError } from "../output/askedServer.ts"
import { formatAssignCommand, formatReissueCommand } from "../output/followUpCommands.ts"
import { printErr, printErrIfLost, toErrorJson } from "../output/print.ts"
import { type DoneWord, notBegunLine, type OutcomeWord, printLine, summaryLine } from "../output/seatLines.ts"
import type { NamedSeat } from "./namedSeats.ts"

/** Makes an effect interruptible inside a region that is not. */
export type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** A seat that a command has done. */
export interface DoneSeat {
  readonly outcome: Exclude<DoneWord, "listed" | "assigned" | "claimed">
  readonly seat: Seat
  /** If the link was mailed once more and is dead: a warning for people, and the exit code. */
  readonly deadLink?: { readonly warning: string; readonly code: number }
}

// The exit code of a command is the last of these that a seat ended with
const codesByWeight = [0, exitCode.deadLink, exitCode.refused, exitCode.wrongUse, exitCode.failed]

// After some errors somebody may be without a seat, so the message ends with the command that assigns it again
const formatError = (error: CommandError, seat: Seat | undefined): string => {
  switch (error._tag) {
    case "MailedRecently":
      return `The holder was mailed a short while ago, or may have been. Nothing was mailed now: try again from ${DateTime.formatIso(error.again)} on, or pass --again to mail at once.`
    case "InvitationExpired":
      return seat === undefined ? error.message : `${error.message} To do that: ${formatReissueCommand(seat)}`
    case "ReissueIncomplete":
    case "RevokedSomebodyElse":
      return error.reissue === null
        ? error.message
        : `${error.message} To finish it: ${formatAssignCommand(error.reissue)}`
    default:
      return error.message
  }
}

// The list tells the holder of a seat, before anything happens to it
const addressOf = ({ seat }: NamedSeat) => (seat === undefined ? {} : { address: seat.holderEmail })

/** Reports what became of each seat: a line for people, or JSON with `--json`. Keeps the outcomes for the summary. */
export interface Report<R> {
  /** Reports a seat that is done, and returns the exit code for it. */
  readonly done: (named: NamedSeat, done: DoneSeat) => Effect.Effect<number, never, Root | R>
  /** Reports a seat that is not done, and returns the exit code for it. */
  readonly failed: (named: NamedSeat, error: CommandError) => Effect.Effect<number, never, Root>
}

const makeReport = <R>(
  words: ReadonlyArray<DoneWord>,
  printDone: (done: DoneSeat) => Effect.Effect<void, never, R>
) => {
  const outcomes: Array<OutcomeWord> = []
  const report: Report<R> = {
    done: Effect.fnUntraced(function* (named, done) {
      const { json } = yield* root
      const { deadLink, outcome, seat } = done
      outcomes.push(outcome)
      if (json) {
        const line = { id: named.id, ...addressOf(named), outcome, seat: encodeSeat(seat) }
        yield* printLine(deadLink === undefined ? line : { ...line, outcome: "resent", link: "dead" })
      } else yield* printDone(done)
      if (deadLink !== undefined) yield* printErr(`${named.name}: ${deadLink.warning}`)
      return deadLink?.code ?? 0
    }),
    failed: Effect.fnUntraced(function* (named, error) {
      const { json } = yield* root
      const outcome = outcomeFor(error)
      const message = yield* describeError(error, formatError(error, named.seat))
      outcomes.push(outcome)
      yield* printErr(`${named.name}: ${message}`)
      if (json) {
        const { _tag } = error
        yield* printLine({ id: named.id, ...addressOf(named), outcome, ...toErrorJson({ _tag, message }) })
      }
      return exitCodeFor(error)
    })
  }
  /** Prints the end of the JSON: the seats that were not begun, and the summary. */
  const conclude = Effect.fnUntraced(function* (notBegun: ReadonlyArray<NamedSeat>, interrupted: boolean) {
    const { json } = yield* root
    if (!json) return
    outcomes.push(...notBegun.map(() => "not_begun" as const))
    yield* Effect.forEach(notBegun, (named) => printLine(notBegunLine(named.id, addressOf(named))))
    yield* printLine(summaryLine(outcomes, words, interrupted))
  })
  return { report, conclude }
}

/** Seats with the same outcome, under the name that people read. */
export type SeatGroup = readonly [name: string, ids: ReadonlyArray<string>]

/** One line of ids for each group that is not empty: of all of them, or of the first `most`. */
export const formatGroups = (
  groups: ReadonlyArray<SeatGroup>,
  most = Number.POSITIVE_INFINITY
): ReadonlyArray<string> =>
  groups
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => {
      const more = ids.length > most ? ` … and ${ids.length - most} more` : ""
      return `${name}: ${ids.slice(0, most).join(" ")}${more}`
    })

/** A named seat and its outcome so far. */
interface Entry {
  readonly named: NamedSeat
  outcome: OutcomeWord
}

/** One line with the number of seats of each outcome, then a line of names for each outcome. */
const summarizeSeats = (entries: ReadonlyArray<Entry>, words: ReadonlyArray<DoneWord>): ReadonlyArray<string> => {
  const groups = [...words, "failed", "unknown", "not_begun"].map((word): SeatGroup => [
    word.replace("_", " "),
    entries.filter(({ outcome }) => outcome === word).map(({ named }) => named.name)
  ])
  const counts = groups.map(([name, names]) => `${names.length} ${name}`).join(", ")
  return [`Of ${entries.length}: ${counts}.`, ...formatGroups(groups)]
}

/**
 * Acts on several seats, one after the other, and prints the outcome of each. A failure does not stop the seats after
 * it. If the command is interrupted, it prints which seats are done, failed, unknown and not begun.
 */
export const forEachSeat = Effect.fnUntraced(function* <E extends CommandError, R = never>({
  act,
  first = () => Effect.succeed([]),
  operation,
  printDone,
  seats,
  words
}: {
  readonly seats: ReadonlyArray<NamedSeat>
  /** The operation that a seat's error names if `act` is interrupted and has no error of its own. */
  readonly operation: Operation
  /** Acts on one seat. It can be interrupted only inside `restore`. */
  readonly act: (named: NamedSeat, restore: Restore) => Effect.Effect<DoneSeat, E, R>
  /** Runs before the first seat, reports other seats, and returns their exit codes. */
  readonly first?: (report: Report<R>) => Effect.Effect<ReadonlyArray<number>, never, Root | R>
  /** The words for a seat that is done, such as "resent". */
  readonly words: ReadonlyArray<DoneWord>
  /** Prints a seat that is done, for people. */
  readonly printDone: (done: DoneSeat) => Effect.Effect<void, never, R>
}) {
  const { conclude, report } = makeReport(words, printDone)
  const entries = seats.map((named): Entry => ({ named, outcome: "not_begun" }))
  // A seat that is named twice is acted on once and reported twice
  const exits = new Map<SeatId, Exit.Exit<DoneSeat, E>>()

  // Uninterruptible, so that the outcome of a seat is printed even if the interruption comes before that
  const actOn = (entry: Entry) =>
    Effect.uninterruptibleMask(
      Effect.fnUntraced(function* (restore) {
        const { named } = entry
        const exit = exits.get(named.id) ?? (yield* Effect.exit(act(named, restore)))
        exits.set(named.id, exit)
        if (Exit.isSuccess(exit)) {
          entry.outcome = exit.value.outcome
          return yield* report.done(named, exit.value)
        }
        const found = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        if (found === undefined && !Cause.hasInterrupts(exit.cause)) return yield* Effect.failCause(exit.cause)
        const error: CommandError = found ?? makeInterrupted(operation)
        entry.outcome = outcomeFor(error)
        return yield* report.failed(named, error)
      })
    )

  const reportInterruption = Effect.gen(function* () {
    yield* conclude(
      entries.filter(({ outcome }) => outcome === "not_begun").map(({ named }) => named),
      true
    )
    yield* printErr(["Interrupted.", ...summarizeSeats(entries, words)])
  })

  const codes = yield* Effect.uninterruptibleMask((restore) =>
    restore(Effect.all([first(report), Effect.forEach(entries, actOn)])).pipe(
      Effect.onInterrupt(() => reportInterruption),
      // The last line may be the first that stdout does not take, when nothing is left to interrupt
      Effect.tap(() => Effect.andThen(conclude([], false), printErrIfLost(summarizeSeats(entries, words))))
    )
  )
  const code = codesByWeight[Math.max(...codes.flat().map((code) => codesByWeight.indexOf(code)))] ?? 0
  if (code !== 0) return yield* new Ended({ code })
})
