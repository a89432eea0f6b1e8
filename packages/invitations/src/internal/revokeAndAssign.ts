import { RetryAmbiguousRevoke, SendWithin } from "@polar-seats/domain/CallOptions"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { mayHaveHappened, Unavailable } from "@polar-seats/domain/SeatError"
import type { AssignError, ListError, RevokeError } from "@polar-seats/domain/Seats"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { HolderRemoved, MailedSomebodyElse, type MailedRecently } from "../InvitationError.ts"
import * as Journal from "../Journal.ts"
import * as Reissues from "../Reissue.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { begin, type HeldAttempt, learn, newAttempt, settle, soonOrNever, withdraw } from "./attempt.ts"
import { type Engine, keyForId, keyForSeat } from "./engine.ts"
import { monotonicMillis } from "./clock.ts"
import type { Look } from "./seatsLook.ts"

const { Assigning, Revoked, Revoking } = Reissues.Phase.cases

/** Another process has taken the reissue over, and ends it. */
export class TakenOver extends Data.TaggedError("TakenOver") {}

/** A process that is not certain to be gone may still act. Nothing is done before `until`, and then the reissue goes on. */
export class StillOnItsWay extends Data.TaggedError("StillOnItsWay")<{
  readonly reissue: Reissues.Reissue
  readonly phase: Reissues.Phase
  readonly until: DateTime.Utc
}> {}

/** The read is too old by now to revoke a seat on it. Nothing was sent. */
class LookExpired extends Data.TaggedError("LookExpired") {}

/** The errors after which a reissue is incomplete. */
type HalfwayError =
  | ListError
  | RevokeError
  | AssignError
  | MailedRecently
  | HolderRemoved
  | Journal.JournalError
  | Journal.UnreadableEntry
  | TakenOver
  | StillOnItsWay

/** The errors of a reissue whose revocation may have reached Polar. */
export type ReissueStopped = Reissues.ReissueIncomplete | MailedSomebodyElse

/** One reissue under way. */
export interface Reissuing {
  readonly engine: Engine
  readonly held: HeldAttempt
  readonly reissue: Reissues.Reissue
  readonly rate: AdaptiveRate
  /** How old a read may be that a revocation rests on. */
  readonly maxLookAge: Duration.Duration
  /** Lifts the uninterruptibility of the region around a call. */
  readonly restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

const ends = new Set(["ReissueIncomplete", "MailedSomebodyElse", "TakenOver", "StillOnItsWay"])
const saysHowItEnds = (error: HalfwayError | ReissueStopped): error is ReissueStopped | TakenOver | StillOnItsWay =>
  ends.has(error._tag)

/**
 * From the revocation on, every failure is a `ReissueIncomplete`, except that another process ends the reissue. If
 * interrupted, the cause holds both.
 */
export const failIncomplete = (
  held: HeldAttempt,
  reissue: Reissues.Reissue,
  cause: Cause.Cause<HalfwayError | ReissueStopped>
): Effect.Effect<never, ReissueStopped | TakenOver | StillOnItsWay> => {
  const found = Cause.findError(cause)
  const { attempt } = held.entry()
  const phase = attempt?._tag === "Reissue" ? attempt.phase : Revoked.make({ revokedAt: null })
  if (Result.isFailure(found)) {
    const incomplete = new Reissues.ReissueIncomplete({ reissue, phase, error: null })
    return Effect.failCause(Cause.combine(Cause.fail(incomplete), found.failure))
  }
  const error = found.success
  return Effect.fail(saysHowItEnds(error) ? error : new Reissues.ReissueIncomplete({ reissue, phase, error }))
}

/**
 * Ends an attempt that leaves nobody without a seat, and fails with the reason. If another process has taken the attempt
 * over, that one tells how the reissue ends.
 */
export const giveUp = <E>(held: HeldAttempt, error: E): Effect.Effect<never, E | TakenOver | Journal.JournalError> =>
  Effect.flatMap(held.write({ attempt: null }), (isOurs) => Effect.fail(isOurs ? error : new TakenOver()))

/** Writes a phase down, and with it that this process is alive. Returns false if another process has taken over. */
export const writePhase = (
  { engine, held, reissue }: Pick<Reissuing, "engine" | "held" | "reissue">,
  phase: Reissues.Phase
) =>
  Effect.gen(function* () {
    const { attempt } = held.entry()
    const fields = yield* newAttempt(engine.journal)
    const { id, startedAt } = attempt ?? fields
    return yield* held.write({
      attempt: Journal.Attempt.cases.Reissue.make({ ...fields, id, startedAt, reissue, phase })
    })
  })

/** The first phase, which is written before the revocation leaves. Polar's clock, because Polar dates the revocation. */
export const revoking = ({ journal: { lease }, seats }: Engine): Effect.Effect<Reissues.Phase> =>
  Effect.map(seats.now, ({ now: from }) =>
    Revoking.make({ from, until: DateTime.addDuration(from, lease), endedAt: null })
  )

/** Keeps a person whose seat was revoked by mistake among the unfinished reissues. */
const keepUnfinished = (
  { journal }: Engine,
  reissue: Reissues.Reissue,
  revokedAt: DateTime.Utc | null,
  startedAt: DateTime.Utc | undefined
) =>
  Effect.gen(function* () {
    const found = yield* journal.get(reissue.key)
    const phase = Revoked.make({ revokedAt })
    const fields = yield* newAttempt(journal)
    const since = startedAt ?? fields.startedAt
    const attempt = Journal.Attempt.cases.Reissue.make({ ...fields, startedAt: since, reissue, phase })
    if ((found?.attempt ?? null) === null) yield* begin(journal, reissue.key, attempt, found)
  })

/** The error holds all that is needed, so it is reported even if the journal fails. */
const reportVictim = (engine: Engine, meant: Reissues.Reissue, answer: Seat) =>
  Effect.gen(function* () {
    const reissue = Reissues.fromRevoked(answer, meant.source)
    // Every mail to the victim counts, also one before this attempt
    const startedAt = DateTime.makeUnsafe(0)
    if (reissue !== undefined) yield* Effect.ignore(keepUnfinished(engine, reissue, answer.revokedAt, startedAt))
    return new Reissues.RevokedSomebodyElse({
      seatId: answer.id,
      meant: Redacted.value(meant.address),
      reissue: reissue ?? null
    })
  })

/** Reads the seats anew. */
const lookNow = ({ engine, rate, reissue }: Reissuing) =>
  Effect.andThen(
    rate.waitForTurn,
    engine.looks.look(reissue.source, { key: reissue.key, maxAgeMillis: 0, send: rate.send })
  )

/** Waits while another process is at work on a person. One that gives no sign of life for a lease is gone. */
const waitForOther = ({ engine, reissue }: Reissuing) =>
  Effect.clockWith((clock) =>
    Effect.timeoutOption(
      Effect.repeat(engine.journal.get(reissue.key), {
        schedule: Schedule.spaced("1 second"),
        until: (entry) => entry === undefined || engine.isAbandoned(entry, clock)
      }),
      // Its calls end long before
      "10 minutes"
    )
  )

/**
 * Another process has taken over after this one's revocation succeeded. The revocation may have hit the seat that the other
 * one has assigned: if the person has no seat when the other one has ended, the reissue is unfinished again. If the other
 * one is gone, the reissue that it has begun goes on here.
 */
const lookAfterTakeover = (reissuing: Reissuing, answer: Seat): Effect.Effect<never, HalfwayError | ReissueStopped> =>
  Effect.gen(function* () {
    const { engine, held, reissue } = reissuing
    const { revokedAt } = answer
    const other = Option.getOrUndefined(yield* waitForOther(reissuing))
    const { index } = yield* lookNow(reissuing)
    if (index.heldBy(reissue).length > 0) return yield* new TakenOver()
    const phase = Revoked.make({ revokedAt })
    if ((other?.attempt ?? null) !== null) {
      return yield* new StillOnItsWay({ reissue, phase, until: (yield* engine.seats.now).now })
    }
    // The mail of the other process counts for this attempt
    yield* keepUnfinished(engine, reissue, revokedAt, held.entry().attempt?.startedAt)
    return yield* new Reissues.ReissueIncomplete({ reissue, phase, error: null })
  })

/** The seat that the person holds after Polar has said that they have one already. */
const seatOfAssigned = (reissuing: Reissuing) =>
  Effect.map(lookNow(reissuing), ({ index }) => index.heldBy(reissuing.reissue).at(0))

const assign = (reissuing: Reissuing): Effect.Effect<Seat, AssignError | ListError> => {
  const { engine, held, rate, reissue } = reissuing
  return held.keepAlive(rate.send(engine.seats.assign(reissue.assignment))).pipe(
    // An earlier attempt has succeeded after all
    Effect.catchTag("AlreadyAssigned", (error) =>
      Effect.flatMap(seatOfAssigned(reissuing), (seat) =>
        seat === undefined ? Effect.fail(error) : Effect.succeed(seat)
      )
    )
  )
}

/** Makes the memory of a mail that a reissue has sent. The revocation in it tells others who has taken a seat away. */
export const mailedNow = ({ held, reissue }: Pick<Reissuing, "held" | "reissue">, seat: Seat) =>
  Effect.map(DateTime.now, (at): Journal.Mailed => {
    const { attempt } = held.entry()
    const phase = attempt?._tag === "Reissue" ? attempt.phase : undefined
    const revoked =
      phase === undefined || phase._tag === "Revoking" ? null : { seatId: reissue.seatId, revokedAt: phase.revokedAt }
    return { at, seatId: seat.id, how: "Reissued", revoked }
  })

/** Writes down that the person was mailed. If Polar seated somebody else, that person was. */
const settleAssigned = ({ engine, held, reissue }: Pick<Reissuing, "engine" | "held" | "reissue">, seat: Seat) =>
  Effect.gen(function* () {
    const mailed = yield* mailedNow({ held, reissue }, seat)
    engine.looks.noteChange(reissue.key)
    // Polar gives any free row: a look before this one shows somebody else there
    engine.looks.noteChange(keyForId(seat.id))
    if (reissue.isSamePerson(seat)) {
      yield* settle(engine.journal, held, { mailed })
      return seat
    }
    yield* learn(engine.journal, keyForSeat(seat), { mailed }, undefined)
    return yield* new MailedSomebodyElse({ seatId: seat.id, meant: Redacted.value(reissue.address), seat })
  })

/** Writes down that the assignment is about to leave. Fails if another process may have assigned the seat instead. */
export const startAssigning = (reissuing: Reissuing, revokedAt: DateTime.Utc | null) =>
  Effect.flatMap(writePhase(reissuing, Assigning.make({ revokedAt })), (isOurs) =>
    isOurs ? Effect.void : Effect.fail(new TakenOver())
  )

/** Assigns the seat again. */
export const assignAgain = (reissuing: Reissuing) =>
  Effect.suspend(() => {
    reissuing.engine.looks.noteChange(reissuing.reissue.key)
    return Effect.flatMap(reissuing.restore(assign(reissuing)), (seat) => settleAssigned(reissuing, seat))
  })

/** A revocation of ours. `sentAt` is on the monotonic clock. */
export interface Revocation {
  readonly revokedAt: DateTime.Utc | null
  readonly sentAt: number
}

type RevokeResult<A> = Effect.Effect<
  A,
  | RevokeError
  | Journal.JournalError
  | HolderRemoved
  | ReissueStopped
  | Reissues.RevokedSomebodyElse
  | LookExpired
  | TakenOver
  | StillOnItsWay
>

/** Compares the answer to a revocation with what was meant, and writes down what it says. */
const afterRevocation = (
  reissuing: Reissuing,
  phase: Reissues.Phase,
  seatId: SeatId,
  answer: Seat
): RevokeResult<DateTime.Utc | null> =>
  Effect.gen(function* () {
    const { engine, held, reissue, restore } = reissuing
    if (answer.id !== seatId) {
      const reason = {
        _tag: "UnexpectedResponse",
        status: 200,
        description: "the answer is about another seat"
      } as const
      const error = new Unavailable({ operation: "Seats.revoke", reason })
      return yield* new Reissues.ReissueIncomplete({ reissue, phase, error })
    }
    // Polar names the holder only to the request that has revoked the seat. Somebody else was first, and meant it
    if (answer.member === null && answer.customerEmail === null) {
      return yield* giveUp(held, new HolderRemoved({ seatId }))
    }
    engine.looks.noteRevocation(answer)
    if (!reissue.wasHolder(answer)) {
      const error = yield* reportVictim(engine, reissue, answer)
      yield* Effect.ignore(withdraw(held))
      return yield* error
    }
    const { revokedAt } = answer
    return yield* Effect.flatMap(writePhase(reissuing, Revoked.make({ revokedAt })), (isOurs) =>
      isOurs ? Effect.succeed(revokedAt) : restore(lookAfterTakeover(reissuing, answer))
    ).pipe(Effect.catchCause((cause) => failIncomplete(held, reissue, cause)))
  })

/** Revokes the seat that the look has shown, and checks the answer. `phase` is written down already. */
export const revoke = (
  reissuing: Reissuing,
  phase: Reissues.Phase,
  seatId: SeatId,
  look: Look
): RevokeResult<Revocation> => {
  const { engine, held, maxLookAge, rate, reissue, restore } = reissuing
  return Effect.gen(function* () {
    const sentAt = yield* monotonicMillis
    const left = Duration.toMillis(maxLookAge) - (sentAt - look.readAt)
    const isChanged = engine.looks.isChangedSince(look, keyForId(seatId))
    if (left <= 0 || isChanged || !held.isFresh()) {
      yield* withdraw(held)
      return yield* new LookExpired()
    }
    engine.looks.noteChange(reissue.key)
    const call = Effect.provideService(engine.seats.revoke(seatId), SendWithin, Duration.millis(left)).pipe(
      // An ambiguous revocation is not retried: by then Polar may have given the row to somebody else
      Effect.provideService(RetryAmbiguousRevoke, false)
    )
    const exit = yield* Effect.exit(restore(held.keepAlive(rate.send(call))))
    engine.looks.noteChange(reissue.key)
    if (exit._tag === "Success") {
      return { revokedAt: yield* afterRevocation(reissuing, phase, seatId, exit.value), sentAt }
    }
    const error = Cause.findError(exit.cause)
    if (Result.isFailure(error) || mayHaveHappened(error.success)) {
      const ended = phase._tag === "Revoking" ? { ...phase, endedAt: (yield* engine.seats.now).now } : phase
      yield* soonOrNever(writePhase(reissuing, ended))
      return yield* failIncomplete(held, reissue, exit.cause)
    }
    return yield* giveUp(held, error.success)
  })
}
