import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Operation } from "@polar-seats/domain/SeatError"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { type CommandError, Ended, exitCode, exitCodeFor, makeInterrupted, outcomeFor } from "../exit.ts"
import { type Root, root } from "../globalFlags.ts"
import { describeError } from "../output/askedServer.ts"
import { formatAssignCommand } from "../output/followUpCommands.ts"
import { type PrintableError, printErr, printJson, toErrorJson } from "../output/print.ts"

/** Makes an effect interruptible inside a region that is not. */
export type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** The outcome of a command for one seat. `unknown` means that Polar may have done what it was asked. */
type SeatOutcome = "done" | "failed" | "unknown" | "not_begun"

/** A seat that was passed to a command, by the id as the caller spelled it, and its outcome so far. */
interface SeatEntry {
  readonly id: string
  outcome: SeatOutcome
}

const decodeId = Schema.decodeResult(SeatId)
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Prints a seat: with `print` for people, or as Polar sends it with `--json`. */
export const printSeat = <R>(seat: Seat, print: (seat: Seat) => Effect.Effect<void, never, R>) =>
  Effect.flatMap(root, ({ json }) => (json ? printJson(encodeSeat(seat)) : print(seat)))

// The exit code of a command is the last of these that a seat ended with
const codesByWeight = [0, exitCode.refused, exitCode.wrongUse, exitCode.failed]

const printFailureJson = ({ id, outcome }: SeatEntry, error: PrintableError) =>
  printJson({ id, outcome, ...toErrorJson(error) })

/** Prints why a seat is not done: a line on stderr, and JSON with `--json`. */
const printFailure = Effect.fnUntraced(function* (seat: SeatEntry, error: PrintableError) {
  const { json } = yield* root
  yield* printErr(`${seat.id}: ${error.message}`)
  if (json) yield* printFailureJson(seat, error)
})

// After these errors somebody may be without a seat, so the message ends with the command that assigns it again
const formatError = (error: CommandError): string => {
  // The command has no flag that overrides the cooldown
  if (error._tag === "MailedRecently") {
    return `The holder was mailed a short while ago, or may have been. Nothing was mailed now: try again from ${DateTime.formatIso(error.again)} on.`
  }
  if (error._tag !== "ReissueIncomplete" && error._tag !== "RevokedSomebodyElse") return error.message
  return error.reissue === null ? error.message : `${error.message} To finish it: ${formatAssignCommand(error.reissue)}`
}

/** Prints the error of a seat as `printFailure`, and returns its exit code. */
export const reportError = Effect.fnUntraced(function* (id: string, error: CommandError) {
  const message = yield* describeError(error, formatError(error))
  yield* printFailure({ id, outcome: outcomeFor(error) }, { _tag: error._tag, message })
  return exitCodeFor(error)
})

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

/** One line with the number of seats of each outcome, then a line of ids for each outcome. */
const summarizeSeats = (entries: ReadonlyArray<SeatEntry>, doneWord: string): ReadonlyArray<string> => {
  const names = { done: doneWord, failed: "failed", unknown: "unknown", not_begun: "not begun" }
  const groups = Object.entries(names).map(([outcome, name]): SeatGroup => [
    name,
    entries.filter((entry) => entry.outcome === outcome).map(({ id }) => id)
  ])
  const counts = groups.map(([name, ids]) => `${ids.length} ${name}`).join(", ")
  return [`Of ${entries.length}: ${counts}.`, ...formatGroups(groups)]
}

const notBegun = { _tag: "NotBegun", message: "The command was interrupted before it reached this seat." }

/**
 * Acts on several seats, one after the other, and prints the outcome of each. A failure does not stop the seats after
 * it. If the command is interrupted, it prints which seats are done, failed, unknown and not begun.
 */
export const forEachSeat = Effect.fnUntraced(function* <E extends CommandError, R = never>({
  act,
  doneWord,
  first = Effect.succeed([]),
  ids,
  operation,
  printDone
}: {
  readonly ids: ReadonlyArray<string>
  /** The operation that a seat's error names if `act` is interrupted and has no error of its own. */
  readonly operation: Operation
  /** Acts on one seat. It can be interrupted only inside `restore`. */
  readonly act: (id: SeatId, restore: Restore) => Effect.Effect<Seat, E, R>
  /** Runs before the first seat, and returns exit codes of its own. */
  readonly first?: Effect.Effect<ReadonlyArray<number>, never, Root | R>
  /** The word for a seat that is done, such as "resent". */
  readonly doneWord: string
  readonly printDone: (seat: Seat) => Effect.Effect<void, never, R>
}) {
  const { json } = yield* root
  const entries = ids.map((id): SeatEntry => ({ id, outcome: "not_begun" }))
  // An id that is passed twice, in any spelling, is acted on once and reported twice
  const exits = new Map<SeatId, Exit.Exit<Seat, E>>()

  // Uninterruptible, so that the outcome of a seat is printed even if the interruption comes before that
  const actOn = (entry: SeatEntry) =>
    Effect.uninterruptibleMask(
      Effect.fnUntraced(function* (restore) {
        const id = decodeId(entry.id)
        if (Result.isFailure(id)) {
          const message = formatIssue(id.failure.issue).issues[0]?.message ?? "is not a seat id"
          entry.outcome = "failed"
          yield* printFailure(entry, { _tag: "InvalidSeatId", message })
          return exitCode.wrongUse
        }
        const exit = exits.get(id.success) ?? (yield* Effect.exit(act(id.success, restore)))
        exits.set(id.success, exit)
        if (Exit.isSuccess(exit)) {
          entry.outcome = "done"
          yield* printSeat(exit.value, printDone)
          return 0
        }
        const found = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        if (found === undefined && !Cause.hasInterrupts(exit.cause)) return yield* Effect.failCause(exit.cause)
        const error: CommandError = found ?? makeInterrupted(operation)
        entry.outcome = outcomeFor(error)
        return yield* reportError(entry.id, error)
      })
    )

  const reportInterruption = Effect.gen(function* () {
    if (json) {
      const left = entries.filter(({ outcome }) => outcome === "not_begun")
      yield* Effect.forEach(left, (entry) => printFailureJson(entry, notBegun))
    }
    yield* printErr(["Interrupted.", ...summarizeSeats(entries, doneWord)])
  })

  const codes = yield* Effect.onInterrupt(Effect.all([first, Effect.forEach(entries, actOn)]), () => reportInterruption)
  const code = codesByWeight[Math.max(...codes.flat().map((code) => codesByWeight.indexOf(code)))] ?? 0
  if (code !== 0) return yield* new Ended({ code })
})
