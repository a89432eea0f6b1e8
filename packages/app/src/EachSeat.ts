import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import type { SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { complain, Ended, errorJson, exitCode, exitCodeOf, printJson } from "./Outcome.ts"
import * as Polar from "./Polar.ts"
import { root } from "./Root.ts"

const decodeId = Schema.decodeResult(SeatId)
const encodeSeat = Schema.encodeEffect(Schema.fromJsonString(SeatJson))
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Prints a seat as Polar sends it. */
export const printSeat = (seat: Seat): Effect.Effect<void> => Effect.flatMap(Effect.orDie(encodeSeat(seat)), printJson)

// From the one that another outweighs to the one that none does
const weights = [0, exitCode.refused, exitCode.wrongUse, exitCode.failed]

/**
 * Does something to several seats, one after the other, and says what came of each. One that fails stops none of the
 * others.
 */
export const eachSeat = Effect.fnUntraced(function* <E extends SeatError>(
  ids: ReadonlyArray<string>,
  act: (seats: Seats["Service"], id: SeatId) => Effect.Effect<Seat, E>,
  tell: (seat: Seat) => Effect.Effect<void>
) {
  const { json } = yield* root
  const seats = yield* Seats

  const failed = Effect.fnUntraced(function* (
    id: string,
    code: number,
    error: { readonly _tag: string; readonly message: string }
  ) {
    yield* complain(`${id}: ${error.message}`)
    if (json) yield* printJson(JSON.stringify({ id, ...errorJson(error) }))
    return code
  })

  const actOn = Effect.fnUntraced(function* (input: string) {
    const id = decodeId(input)
    if (Result.isFailure(id)) {
      const message = formatIssue(id.failure.issue).issues[0]?.message ?? "is not a seat id"
      return yield* failed(input, exitCode.wrongUse, { _tag: "InvalidSeatId", message })
    }
    const seat = yield* Effect.result(act(seats, id.success))
    if (Result.isFailure(seat)) return yield* failed(input, exitCodeOf(seat.failure), seat.failure)
    yield* json ? printSeat(seat.success) : tell(seat.success)
    return 0
  })

  const codes = yield* Effect.forEach(ids, actOn)
  const code = weights[Math.max(...codes.map((each) => weights.indexOf(each)))] ?? 0
  if (code !== 0) return yield* new Ended({ code })
}, Effect.provide(Polar.seats))
