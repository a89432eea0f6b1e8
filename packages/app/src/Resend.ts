import { SeatId } from "@polar-seats/domain/Seat"
import type { SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatJson } from "@polar-seats/http/SeatJson"
import { Console, DateTime, Effect, Result, Schema, SchemaIssue } from "effect"
import { complain, Ended, exitCode, exitCodeOf, plain } from "./Outcome.ts"
import { describeInvitation } from "./SeatTable.ts"

const decodeId = Schema.decodeResult(SeatId)
const encodeSeat = Schema.encodeEffect(Schema.fromJsonString(SeatJson))
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const failed = (input: string, json: boolean, error: { readonly _tag: string; readonly message: string }) =>
  Effect.andThen(
    complain(`${input}: ${error.message}`),
    json ? Console.log(JSON.stringify({ id: input, error: { _tag: error._tag, message: error.message } })) : Effect.void
  )

const resendOne = Effect.fnUntraced(function* (input: string, json: boolean) {
  const id = decodeId(input)
  if (Result.isFailure(id)) {
    const message = formatIssue(id.failure.issue).issues[0]?.message ?? "is not a seat id"
    yield* failed(input, json, { _tag: "InvalidSeatId", message })
    return exitCode.wrongUse
  }
  const seat = yield* Effect.result((yield* Seats).resend(id.success))
  if (Result.isFailure(seat)) {
    const error: SeatError = seat.failure
    yield* failed(input, json, error)
    return exitCodeOf(error)
  }
  if (json) {
    yield* Console.log(yield* Effect.orDie(encodeSeat(seat.success)))
    return 0
  }
  const now = yield* DateTime.now
  const invitation = seat.success.invitation(now)
  yield* Console.log(
    plain(
      `${seat.success.id}: resent to ${seat.success.holderEmail ?? "nobody that Polar names"} (${describeInvitation(
        seat.success,
        now
      )})`
    )
  )
  if (invitation._tag === "Expired") {
    yield* complain(`${seat.success.id}: the link in that mail is dead. Revoke the seat and assign it again.`)
  }
  return 0
})

const worst = [0, exitCode.refused, exitCode.wrongUse, exitCode.failed]

/** Resends the invitations of several seats, one after the other. One that fails stops none of the others. */
export const resend = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, json: boolean) {
  const codes = yield* Effect.forEach(ids, (id) => resendOne(id, json))
  const code = worst[Math.max(...codes.map((each) => worst.indexOf(each)))] ?? 0
  if (code !== 0) return yield* new Ended({ code })
})
