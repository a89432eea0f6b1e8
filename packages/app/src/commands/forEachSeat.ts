import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Operation } from "@polar-seats/domain/SeatError"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { type CommandError, Ended, exitCode, exitCodeFor, makeInterrupted, outcomeFor } from "../exit.ts"
import { type Root, root } from "../globalFlags.ts"
import { type PrintableError, printErr, printJson, toErrorJson } from "../output/print.ts"
import { type SeatEntry, summarizeSeats } from "../output/seatTally.ts"

const decodeId = Schema.decodeResult(SeatId)
const encodeSeat = Schema.encodeEffect(Schema.fromJsonString(SeatJson))
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Prints a seat as Polar sends it. */
export const printSeatJson = (seat: Seat): Effect.Effect<void> =>
  Effect.flatMap(Effect.orDie(encodeSeat(seat)), printJson)

// The exit code of a command is the last of these that a seat ended with
const codesByWeight = [0, exitCode.refused, exitCode.wrongUse, exitCode.failed]

const pickExitCode = (codes: ReadonlyArray<number>): number =>
  codesByWeight[Math.max(...codes.map((code) => codesByWeight.indexOf(code)))] ?? 0

type FailedSeat = Pick<SeatEntry, "id" | "outcome">

const printFailureJson = ({ id, outcome }: FailedSeat, error: PrintableError) =>
  printJson(JSON.stringify({ id, outcome, ...toErrorJson(error) }))

/** Prints why a seat is not done: a line on stderr, and JSON with `--json`. Returns the exit code. */
export const reportFailure = Effect.fnUntraced(function* (seat: FailedSeat, code: number, error: PrintableError) {
  const { json } = yield* root
  yield* printErr(`${seat.id}: ${error.message}`)
  if (json) yield* printFailureJson(seat, error)
  return code
})

const notBegun = { _tag: "NotBegun", message: "The command was interrupted before it reached this seat." }

/**
 * Acts on several seats, one after the other, and prints the outcome of each. A failure does not stop the seats after
 * it. If the command is interrupted, it prints which seats are done, failed, unknown and not begun.
 */
export const forEachSeat = Effect.fnUntraced(function* <E extends CommandError>({
  act,
  doneWord,
  first = Effect.succeed([]),
  formatError = ({ message }) => message,
  ids,
  operation,
  printDone
}: {
  readonly ids: ReadonlyArray<string>
  /** The operation that a seat's error names if `act` is interrupted and has no error of its own. */
  readonly operation: Operation
  /** Acts on one seat. It can be interrupted only inside `restore`. */
  readonly act: (
    id: SeatId,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) => Effect.Effect<Seat, E>
  /** Formats an error for people and in JSON. Default: its message. */
  readonly formatError?: ((error: CommandError) => string) | undefined
  /** Runs before the first seat, and returns exit codes of its own. */
  readonly first?: Effect.Effect<ReadonlyArray<number>, never, Root> | undefined
  /** The word for a seat that is done, such as "resent". */
  readonly doneWord: string
  readonly printDone: (seat: Seat) => Effect.Effect<void>
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
          return yield* reportFailure(entry, exitCode.wrongUse, { _tag: "InvalidSeatId", message })
        }
        const exit = exits.get(id.success) ?? (yield* Effect.exit(act(id.success, restore)))
        exits.set(id.success, exit)
        if (Exit.isSuccess(exit)) {
          entry.outcome = "done"
          yield* json ? printSeatJson(exit.value) : printDone(exit.value)
          return 0
        }
        const found = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        if (found === undefined && !Cause.hasInterrupts(exit.cause)) return yield* Effect.failCause(exit.cause)
        const error: CommandError = found ?? makeInterrupted(operation)
        entry.outcome = outcomeFor(error)
        return yield* reportFailure(entry, exitCodeFor(error), { _tag: error._tag, message: formatError(error) })
      })
    )

  const reportInterruption = Effect.gen(function* () {
    if (json) {
      const left = entries.filter(({ outcome }) => outcome === "not_begun")
      yield* Effect.forEach(left, (entry) => printFailureJson(entry, notBegun))
    }
    yield* printErr(`Interrupted.\n${summarizeSeats(entries, doneWord)}`)
  })

  const codes = yield* Effect.onInterrupt(Effect.all([first, Effect.forEach(entries, actOn)]), () => reportInterruption)
  const code = pickExitCode(codes.flat())
  if (code !== 0) return yield* new Ended({ code })
})
