import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { mayHaveHappened, Unavailable } from "@polar-seats/domain/SeatError"
import type { ResendError } from "@polar-seats/domain/Seats"
import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InProgressElsewhere, MailedSomebodyElse, type MailedRecently } from "../InvitationError.ts"
import { type Attempt, type Entry, type JournalError, Mailed, type UnreadableEntry } from "../Journal.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { begin, type HeldAttempt, learn, newAttempt, settle, soonOrNever, withdraw } from "./attempt.ts"
import { now } from "./clock.ts"
import { type Engine, keyForId, keyForSeat } from "./engine.ts"

/** A resend to a person. `meant` is the seat as it was read, or undefined if only the id is known. */
export interface Resend {
  readonly key: string
  readonly seatId: SeatId
  readonly meant: Seat | undefined
  readonly found: Entry | undefined
  readonly rate: AdaptiveRate
  /** Fails if another attempt for the seat, under another key, is in the way. It runs once this one is written down. */
  readonly guard: Effect.Effect<void, MailedRecently | InProgressElsewhere | JournalError | UnreadableEntry>
}

type Ended =
  | { readonly _tag: "Sent"; readonly seat: Seat }
  | { readonly _tag: "InDoubt"; readonly error: Extract<ResendError, { readonly _tag: "Unavailable" }> }
  | { readonly _tag: "MailedSomebodyElse"; readonly error: MailedSomebodyElse }

/** How a resend ended. `unwritten` is the error of the journal that could not take the outcome down. */
export type ResendResult = Ended & { readonly unwritten: JournalError | undefined }

const afterWriting = (write: Effect.Effect<void, JournalError>, ended: Ended): Effect.Effect<ResendResult> =>
  Effect.match(write, {
    onFailure: (unwritten) => ({ ...ended, unwritten }),
    onSuccess: () => ({ ...ended, unwritten: undefined })
  })

const isSamePerson = (meant: Seat, answer: Seat): boolean =>
  (meant.memberId !== null && meant.memberId === answer.memberId) ||
  (meant.holderEmail === null || answer.holderEmail === null
    ? meant.holderEmail === answer.holderEmail
    : EmailAddress.isSame(meant.holderEmail, answer.holderEmail))

/** Writes down who was mailed, if it is not the person whom the attempt is about. */
const learnOfOther = (engine: Engine, held: HeldAttempt, key: string, mailed: Mailed) =>
  key === held.entry().key ? Effect.void : learn(engine.journal, key, { mailed }, undefined)

const afterAnswer = (
  engine: Engine,
  { key, meant, seatId }: Resend,
  held: HeldAttempt,
  answer: Seat,
  at: DateTime.Utc
): Effect.Effect<ResendResult> => {
  const { journal } = engine
  if (answer.id !== seatId) {
    // Polar has acted on some seat, and nobody can tell on which
    const reason = { _tag: "UnexpectedResponse", status: 200, description: "the answer is about another seat" } as const
    const error = new Unavailable({ operation: "Seats.resend", reason })
    return afterWriting(settle(journal, held, { doubt: { at, seatId } }), { _tag: "InDoubt", error })
  }
  const mailed: Mailed = { at, seatId, how: "Resent", revoked: null }
  const actual = keyForSeat(answer)
  const learnAndSettle = (learned: { readonly mailed?: Mailed }) =>
    Effect.andThen(learnOfOther(engine, held, actual, mailed), settle(journal, held, learned))
  if (meant !== undefined && !isSamePerson(meant, answer)) {
    const error = new MailedSomebodyElse({ seatId, meant: meant.holderEmail ?? seatId, seat: answer })
    return afterWriting(learnAndSettle({}), { _tag: "MailedSomebodyElse", error })
  }
  // An id alone does not say whom the journal's entry should be about. A bare id has an entry of its own
  const isMeant = key === actual || key === keyForId(seatId) || meant !== undefined
  return afterWriting(learnAndSettle(isMeant ? { mailed } : {}), { _tag: "Sent", seat: answer })
}

type NothingSent = ResendError | InProgressElsewhere | MailedRecently | JournalError | UnreadableEntry

const call = (engine: Engine, { guard, rate, seatId }: Resend, held: HeldAttempt) =>
  Effect.flatMap(guard, (): Effect.Effect<Seat, NothingSent> =>
    held.isFresh()
      ? held.keepAlive(rate.send(engine.seats.resend(seatId)))
      : // This process was paused: another one may count the mail as in doubt, or send it again
        Effect.fail(new InProgressElsewhere({ seatId }))
  )

const afterFailure = (
  engine: Engine,
  { seatId }: Resend,
  held: HeldAttempt,
  cause: Cause.Cause<NothingSent>,
  at: DateTime.Utc
): Effect.Effect<ResendResult, NothingSent> => {
  const doubt = { at, seatId }
  const error = Cause.findError(cause)
  if (Result.isFailure(error)) {
    return Effect.andThen(soonOrNever(settle(engine.journal, held, { doubt })), Effect.failCause(error.failure))
  }
  if (error.success._tag === "Unavailable" && mayHaveHappened(error.success)) {
    return afterWriting(settle(engine.journal, held, { doubt }), { _tag: "InDoubt", error: error.success })
  }
  return Effect.andThen(withdraw(held), Effect.fail(error.success))
}

/**
 * Writes the resend over the entry that was found, sends it, and writes down its outcome. Fails if nothing was mailed, and
 * the entry is then again what it was.
 */
export const resendSeat = (engine: Engine, resend: Resend): Effect.Effect<ResendResult, NothingSent> => {
  const { found, key, seatId } = resend
  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(newAttempt(engine.journal), (fields) => {
      const attempt: Attempt = { _tag: "Resend", ...fields, seatId }
      return Effect.flatMap(begin(engine.journal, key, attempt, found), (held) =>
        held === undefined
          ? Effect.fail(new InProgressElsewhere({ seatId }))
          : Effect.matchCauseEffect(restore(call(engine, resend, held)), {
              onSuccess: (answer) => Effect.flatMap(now, (at) => afterAnswer(engine, resend, held, answer, at)),
              onFailure: (cause) => Effect.flatMap(now, (at) => afterFailure(engine, resend, held, cause, at))
            })
      )
    })
  )
}
