import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import {
  complain,
  Ended,
  errorJson,
  exitCode,
  exitCodeOf,
  outcomeOf,
  printJson,
  type Refusal
} from "../output/print.ts"
import { type Root, root } from "../globalFlags.ts"
import { type Account, open, summarize } from "../output/seatTally.ts"

const decodeId = Schema.decodeResult(SeatId)
const encodeSeat = Schema.encodeEffect(Schema.fromJsonString(SeatJson))
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Prints a seat as Polar sends it. */
export const printSeat = (seat: Seat): Effect.Effect<void> => Effect.flatMap(Effect.orDie(encodeSeat(seat)), printJson)

// From the one that another outweighs to the one that none does
const weights = [0, exitCode.refused, exitCode.wrongUse, exitCode.failed]

const heaviest = (codes: ReadonlyArray<number>): number =>
  weights[Math.max(...codes.map((each) => weights.indexOf(each)))] ?? 0

export const printFailure = (
  { id, outcome }: Pick<Account, "id" | "outcome">,
  error: { readonly _tag: string; readonly message: string }
) => printJson(JSON.stringify({ id, outcome, ...errorJson(error) }))

const notBegun = { _tag: "NotBegun", message: "The command was interrupted before it came to this seat." }

/**
 * Does something to several seats, one after the other, and says what came of each. One that fails stops none of the
 * others. An interruption is answered with what was done, what was not and what is unknown.
 */
export const eachSeat = Effect.fnUntraced(function* <E extends Refusal>({
  act,
  describe = ({ message }) => message,
  done,
  first = Effect.succeed([]),
  ids,
  interrupted,
  tell
}: {
  readonly ids: ReadonlyArray<string>
  /** What is to be said where `act` was interrupted and said nothing itself. */
  readonly interrupted: Refusal
  /** Is interrupted where it restores that alone. */
  readonly act: (
    id: SeatId,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) => Effect.Effect<Seat, E>
  /** What to say of an error. Default: its message. */
  readonly describe?: ((error: Refusal) => string) | undefined
  /** What comes before the seats, and the exit codes of that. */
  readonly first?: Effect.Effect<ReadonlyArray<number>, never, Root> | undefined
  /** What `act` has done, in a word. */
  readonly done: string
  readonly tell: (seat: Seat) => Effect.Effect<void>
}) {
  const { json } = yield* root
  const accounts = open(ids)
  // Who is named twice, however it is spelled, is told of twice and mailed once
  const exits = new Map<SeatId, Exit.Exit<Seat, E>>()

  const failed = Effect.fnUntraced(function* (
    account: Account,
    code: number,
    error: { readonly _tag: string; readonly message: string }
  ) {
    yield* complain(`${account.id}: ${error.message}`)
    if (json) yield* printFailure(account, error)
    return code
  })

  const refused = (account: Account, error: Refusal) => {
    account.outcome = outcomeOf(error)
    return failed(account, exitCodeOf(error), { _tag: error._tag, message: describe(error) })
  }

  // What has come of a seat is said even when the interruption comes in between
  const actOn = (account: Account) =>
    Effect.uninterruptibleMask(
      Effect.fnUntraced(function* (restore) {
        const id = decodeId(account.id)
        if (Result.isFailure(id)) {
          const message = formatIssue(id.failure.issue).issues[0]?.message ?? "is not a seat id"
          account.outcome = "failed"
          return yield* failed(account, exitCode.wrongUse, { _tag: "InvalidSeatId", message })
        }
        const seat = exits.get(id.success) ?? (yield* Effect.exit(act(id.success, restore)))
        exits.set(id.success, seat)
        if (Exit.isSuccess(seat)) {
          account.outcome = "done"
          yield* json ? printSeat(seat.value) : tell(seat.value)
          return 0
        }
        const error = Option.getOrUndefined(Cause.findErrorOption(seat.cause))
        if (error === undefined && !Cause.hasInterrupts(seat.cause)) return yield* Effect.failCause(seat.cause)
        return yield* refused(account, error ?? interrupted)
      })
    )

  const sayWhatCame = Effect.gen(function* () {
    if (json) {
      const left = accounts.filter(({ outcome }) => outcome === "not_begun")
      yield* Effect.forEach(left, (account) => printFailure(account, notBegun))
    }
    yield* complain(`Interrupted.\n${summarize(accounts, done)}`)
  })

  const codes = yield* Effect.onInterrupt(Effect.all([first, Effect.forEach(accounts, actOn)]), () => sayWhatCame)
  const code = heaviest(codes.flat())
  if (code !== 0) return yield* new Ended({ code })
})
