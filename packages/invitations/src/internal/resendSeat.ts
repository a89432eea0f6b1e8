import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { mayHaveHappened, Unavailable } from "@polar-seats/domain/SeatError"
import type { ResendError } from "@polar-seats/domain/Seats"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InProgressElsewhere, MailedSomebodyElse, type ResentRecently } from "../InvitationError.ts"
import { Attempt, Doubt, type Entry, type JournalError, Mailed, type UnreadableEntry } from "../Journal.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { begin, type HeldAttempt, learn, newAttempt, settle, soonOrNever, withdraw } from "./attempt.ts"
import { type Engine, keyForId, keyForSeat } from "./engine.ts"

/** A resend to a person. `meant` is the seat as it was read, or undefined if only the id is known. */
export interface Resend {
  readonly key: string
  readonly seatId: SeatId
  readonly meant: Seat | undefined
  readonly found: Entry | undefined
  readonly rate: AdaptiveRate
  /** Fails if another attempt for the seat, under another key, is in the way. It runs once this one is written down. */
  readonly guard: Effect.Effect<void, ResentRecently | InProgressElsewhere | JournalError | UnreadableEntry>
}

/** How a resend ended. `unwritten` is the error of the journal that could not take the outcome down. */
export type ResendResult = (
  | { readonly _tag: "Sent"; readonly seat: Seat }
  | { readonly _tag: "InDoubt"; readonly error: Extract<ResendError, { readonly _tag: "Unavailable" }> }
  | { readonly _tag: "MailedSomebodyElse"; readonly error: MailedSomebodyElse }
) & { readonly unwritten: JournalError | undefined }

const isSamePerson = (meant: Seat, answer: Seat): boolean =>
  (meant.memberId !== null && meant.memberId === answer.memberId) ||
  meant.holderEmail?.toLowerCase() === answer.holderEmail?.toLowerCase()

/** Writes down who was mailed, if it is not the person whom the attempt is about. */
const learnOfOther = (engine: Engine, held: HeldAttempt, key: string, mailed: Mailed) =>
  key === held.entry().key ? Effect.void : learn(engine.journal, key, { mailed }, undefined)

const afterAnswer = (
  engine: Engine,
  { key, meant, seatId }: Resend,
  held: HeldAttempt,
  answer: Seat
): Effect.Effect<ResendResult> =>
  Effect.gen(function* () {
    const { journal } = engine
    const at = yield* DateTime.now
    if (answer.id !== seatId) {
      // Polar has acted on some seat, and nobody can tell on which
      const reason = {
        _tag: "UnexpectedResponse",
        status: 200,
        description: "the answer is about another seat"
      } as const
      const unwritten = yield* written(settle(journal, held, { doubt: new Doubt({ at, seatId }) }))
      return { _tag: "InDoubt", error: new Unavailable({ operation: "Seats.resend", reason }), unwritten }
    }
    const mailed = new Mailed({ at, seatId, how: "Resent" })
    const actual = keyForSeat(answer)
    if (meant !== undefined && !isSamePerson(meant, answer)) {
      const error = new MailedSomebodyElse({ seatId, meant: meant.holderEmail ?? seatId, seat: answer })
      const unwritten = yield* written(
        Effect.andThen(learnOfOther(engine, held, actual, mailed), settle(journal, held, {}))
      )
      return { _tag: "MailedSomebodyElse", error, unwritten }
    }
    // An id alone does not say whom the journal's entry should be about. A bare id has an entry of its own
    const isMeant = key === actual || key === keyForId(seatId) || meant !== undefined
    const unwritten = yield* written(
      Effect.andThen(learnOfOther(engine, held, actual, mailed), settle(journal, held, isMeant ? { mailed } : {}))
    )
    return { _tag: "Sent", seat: answer, unwritten }
  })

const written = (write: Effect.Effect<void, JournalError>): Effect.Effect<JournalError | undefined> =>
  Effect.match(write, { onFailure: (error) => error, onSuccess: () => undefined })

type NothingSent = ResendError | InProgressElsewhere | ResentRecently | JournalError | UnreadableEntry

const call = (engine: Engine, { guard, rate, seatId }: Resend, held: HeldAttempt) =>
  Effect.flatMap(Effect.andThen(guard, held.isFresh), (isFresh): Effect.Effect<Seat, NothingSent> =>
    // This process was paused: another one may count the mail as in doubt, or send it again
    isFresh ? held.keepAlive(rate.send(engine.seats.resend(seatId))) : Effect.fail(new InProgressElsewhere({ seatId }))
  )

/**
 * Writes the resend over the entry that was found, sends it, and writes down its outcome. Fails if nothing was mailed, and
 * the entry is then again what it was.
 */
export const resendSeat = (engine: Engine, resend: Resend): Effect.Effect<ResendResult, NothingSent> => {
  const { found, key, seatId } = resend
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const attempt = Attempt.cases.Resend.make({ ...(yield* newAttempt(engine.journal)), seatId })
      const held = yield* begin(engine.journal, key, attempt, found)
      if (held === undefined) return yield* new InProgressElsewhere({ seatId })
      const exit = yield* Effect.exit(restore(call(engine, resend, held)))
      if (exit._tag === "Success") return yield* afterAnswer(engine, resend, held, exit.value)
      const doubt = new Doubt({ at: yield* DateTime.now, seatId })
      const error = Cause.findError(exit.cause)
      if (Result.isFailure(error)) {
        yield* soonOrNever(settle(engine.journal, held, { doubt }))
        return yield* Effect.failCause(error.failure)
      }
      if (error.success._tag === "Unavailable" && mayHaveHappened(error.success)) {
        const unwritten = yield* written(settle(engine.journal, held, { doubt }))
        return { _tag: "InDoubt", error: error.success, unwritten }
      }
      yield* withdraw(held)
      return yield* Effect.fail(error.success)
    })
  )
}
