import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Journal from "../Journal.ts"
import * as Reissue from "../Reissue.ts"
import { Outcome, type SeatFailure, type SeatOptions, Skip, type Stopping } from "../Reminder.ts"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { InvitationUnavailable, mayHaveHappened } from "@polar-seats/domain/SeatError"
import { invitationLifetime } from "@polar-seats/domain/SeatLifecycle"
import type { Seats } from "@polar-seats/domain/Seats"
import type { Step } from "./retryQueue.ts"
import { settle } from "./journalWrites.ts"
import type { Reissuing as Reissuer, AddressChanged, TakenOver } from "./reissueSeat.ts"
import { pauseAfter, type Throttle } from "./adaptiveRate.ts"

const { InDoubt, Mailed, NotMailed, Reissuing, Resending } = Journal.Step.cases

/** How often something was refused for its rate, and since when. */
interface Tries {
  readonly times: number
  readonly since: number
}

/** What a run takes up: a seat, or a reissue that an earlier one, or an earlier step of this one, did not end. */
export type Item = Data.TaggedEnum<{
  Seat: { readonly seat: Seat; readonly tries?: Tries | undefined }
  Reissue: {
    readonly reissue: Reissue.Reissue
    readonly from: "Look" | "Assign"
    readonly again: boolean
    readonly tries?: Tries | undefined
  }
}>
export const Item = Data.taggedEnum<Item>()

const longestCall = Duration.minutes(2)
export const giveUpAfter = Duration.toMillis("1 hour")

export const done = (result: Outcome): Step<Item, Outcome> => ({ _tag: "Done", result })
const later = (item: Item, after: Duration.Duration): Step<Item, Outcome> => ({ _tag: "Later", item, after })

/** What is to be done to a seat, or why nothing is. */
const decision = (options: SeatOptions) => {
  const { address: isChosen, olderThan, onExpired = "fail" } = options
  const age = olderThan === undefined ? undefined : Duration.fromInputUnsafe(olderThan)

  const isOldEnough = (seat: Seat, now: DateTime.Utc) => {
    if (age === undefined) return true
    const end = seat.invitationTokenExpiresAt
    const invitedAt =
      end === null ? (seat.modifiedAt ?? seat.createdAt) : DateTime.subtractDuration(end, invitationLifetime)
    return DateTime.isLessThanOrEqualTo(DateTime.addDuration(invitedAt, age), now)
  }

  return (seat: Seat, now: DateTime.Utc): Skip | "Resend" | "Reissue" => {
    if (seat.status !== "pending") return Skip.NotPending()
    const address = seat.holderEmail
    if (!isOldEnough(seat, now) || (isChosen !== undefined && (address === null || !isChosen(address)))) {
      return Skip.FilteredOut()
    }
    const invitation = seat.invitation(now)
    if (invitation._tag !== "Expired" || onExpired === "resendAnyway") return "Resend"
    return onExpired === "reissue" ? "Reissue" : Skip.Expired({ expiredAt: invitation.expiredAt })
  }
}

/** Who is mailed, in the journal. Whom nobody can mail is told apart by the seat. */
export const keyForSeat = (seat: Seat): string => {
  const { source } = seat
  return source === null || seat.holderEmail === null ? `seat/${seat.id}` : Journal.keyFor(source, seat.holderEmail)
}

/** How items are worked on. */
export interface Reminding {
  /** Takes a step with an item: all of it, unless Polar limits the rate. */
  readonly step: (item: Item) => Effect.Effect<Step<Item, Outcome>, Stopping>
  /** What is to be told of an item of which a step was taken, and none is any more. */
  readonly giveUp: (item: Item) => Outcome | undefined
  /** Fails with what has stopped all, if anything has. */
  readonly stopped: Effect.Effect<void, Stopping>
}

export const make = (
  seats: Seats["Service"],
  journal: Journal.Journal["Service"],
  reissuer: Reissuer,
  options: SeatOptions,
  via: Throttle
): Reminding => {
  const { cooldown = "24 hours", dryRun = false, retryUnknown = false } = options
  const rest = Duration.fromInputUnsafe(cooldown)
  const decide = decision(options)
  let halted: Stopping | undefined

  /** What was found in the journal that keeps a seat from being mailed. */
  const obstacle = (
    seat: Seat,
    found: Journal.Entry | undefined,
    now: DateTime.Utc
  ): Outcome | "Unfinished" | undefined => {
    const of = { seatId: seat.id, address: seat.holderEmail }
    switch (found?.step._tag) {
      case undefined:
      case "NotMailed":
        return undefined
      case "Mailed": {
        const again = DateTime.addDuration(found.at, rest)
        return DateTime.isLessThan(now, again)
          ? Outcome.Skipped({ ...of, why: Skip.MailedRecently({ again }) })
          : undefined
      }
      case "Resending":
        // It may be on its way this very moment
        if (DateTime.isLessThan(now, DateTime.addDuration(found.at, longestCall))) return Outcome.InDoubt(of)
        return retryUnknown ? undefined : Outcome.InDoubt(of)
      case "InDoubt":
        return retryUnknown ? undefined : Outcome.InDoubt(of)
      case "Reissuing":
        return "Unfinished"
    }
  }

  const refused = (
    item: Item,
    of: { readonly seatId: SeatId; readonly address: string | null },
    error: SeatFailure | Stopping | TakenOver | AddressChanged
  ): Effect.Effect<Step<Item, Outcome>, Stopping> => {
    switch (error._tag) {
      case "Unauthorized":
      case "Forbidden":
      case "JournalError":
        return Effect.fail(error)
      case "TakenOver":
        return Effect.succeed(done(Outcome.Skipped({ ...of, why: Skip.InProgressElsewhere() })))
      case "AddressChanged":
        return Effect.succeed(later(Item.Seat({ seat: error.seat, tries: item.tries }), Duration.zero))
      case "AlreadyClaimed":
        return Effect.succeed(done(Outcome.Skipped({ ...of, why: Skip.NotPending() })))
      case "ResentRecently":
        return Effect.succeed(done(Outcome.Skipped({ ...of, why: Skip.MailedRecently({ again: error.again }) })))
      case "RateLimited":
        return Effect.map(DateTime.now, (at) => {
          const now = DateTime.toEpochMillis(at)
          const { since, times } = item.tries ?? { since: now, times: 0 }
          return now - since >= giveUpAfter
            ? done(Outcome.Failed({ ...of, error }))
            : later({ ...item, tries: { since, times: times + 1 } }, pauseAfter(error, times))
        })
      default:
        return Effect.succeed(done(Outcome.Failed({ ...of, error })))
    }
  }

  // What of a reissue that was begun may be half done: every failure says so
  const unfinished = (
    item: Item,
    of: { readonly seatId: SeatId; readonly address: string | null },
    incomplete: Reissue.ReissueIncomplete,
    again: boolean
  ): Effect.Effect<Step<Item, Outcome>, Stopping> => {
    const { error, reissue } = incomplete
    const failed = done(Outcome.Failed({ ...of, error: incomplete }))
    switch (error?._tag) {
      case "Unauthorized":
      case "Forbidden":
      case "JournalError":
        // It is told of this seat, and then nothing more is sent
        halted = error
        return Effect.succeed(failed)
      case "RateLimited":
        return Effect.map(
          refused(Item.Reissue({ reissue, from: "Assign", again, tries: item.tries }), of, error),
          (step) => (step._tag === "Done" ? failed : step)
        )
      case "Unavailable":
        // Whether it was done can be looked up, but not at once
        return Effect.succeed(
          again ? later(Item.Reissue({ reissue, from: "Look", again: false }), Duration.seconds(1)) : failed
        )
      default:
        return Effect.succeed(failed)
    }
  }

  const renew = (item: Item, due: Reissue.Reissue, found: Journal.Entry | undefined) => {
    const of = { seatId: due.seatId, address: Redacted.value(due.address) }
    const begin = (reissue: Reissue.Reissue) => journal.put(due.key, Reissuing.make({ reissue }), found)
    return Effect.matchEffect(reissuer.exclusively(due)(reissuer.renew(due, via, begin)), {
      onSuccess: ({ isMailed, seat }) =>
        Effect.succeed(
          done(
            isMailed ? Outcome.Reissued({ ...of, seat }) : Outcome.Skipped({ ...of, why: Skip.InProgressElsewhere() })
          )
        ),
      onFailure: (error) =>
        error._tag === "ReissueIncomplete" ? unfinished(item, of, error, true) : refused(item, of, error)
    })
  }

  const goOn = (
    item: Item,
    reissue: Reissue.Reissue,
    from: "Look" | "Assign",
    again: boolean
  ): Effect.Effect<Step<Item, Outcome>, Stopping> => {
    const of = { seatId: reissue.seatId, address: Redacted.value(reissue.address) }
    if (dryRun) return Effect.succeed(done(Outcome.Skipped({ ...of, why: Skip.DryRun({ would: "Reissue" }) })))
    const rest = from === "Look" ? reissuer.finish(reissue, via) : reissuer.assign(reissue, via)
    return Effect.matchEffect(reissuer.exclusively(reissue)(rest), {
      onSuccess: (seat) => Effect.succeed(done(Outcome.Reissued({ ...of, seat }))),
      onFailure: (error) => {
        if (error._tag === "JournalError" || error._tag === "TakenOver") return refused(item, of, error)
        if (error._tag === "RateLimited") {
          const incomplete = new Reissue.ReissueIncomplete({ reissue, error })
          return Effect.map(refused(item, of, error), (step) =>
            step._tag === "Done" ? done(Outcome.Failed({ ...of, error: incomplete })) : step
          )
        }
        const incomplete =
          error._tag === "ReissueIncomplete"
            ? error
            : new Reissue.ReissueIncomplete({ reissue, error: error._tag === "AlreadyClaimed" ? null : error })
        return unfinished(item, of, incomplete, again)
      }
    })
  }

  const resend = (item: Item, seat: Seat, found: Journal.Entry | undefined) => {
    const of = { seatId: seat.id, address: seat.holderEmail }
    const key = keyForSeat(seat)
    const step = { seatId: seat.id }
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        journal.put(key, Resending.make(step), found),
        (begun): Effect.Effect<Step<Item, Outcome>, Stopping> => {
          if (begun === undefined)
            return Effect.succeed(done(Outcome.Skipped({ ...of, why: Skip.InProgressElsewhere() })))
          // What came of a mail is told, even where it cannot be written down, and then nothing more is sent
          const close = (how: Journal.Step) =>
            Effect.catch(settle(journal, key, how, begun), (error) =>
              Effect.sync(() => {
                halted = error
              })
            )
          return Effect.matchCauseEffect(restore(via.send(seats.resend(seat.id))), {
            onSuccess: (resent) =>
              Effect.as(close(Mailed.make({ ...step, how: "Resent" })), done(Outcome.Resent({ ...of, seat: resent }))),
            onFailure: (cause): Effect.Effect<Step<Item, Outcome>, Stopping> => {
              const error = Cause.findError(cause)
              if (Result.isFailure(error)) {
                return Effect.andThen(close(InDoubt.make(step)), Effect.failCause(error.failure))
              }
              return mayHaveHappened(error.success)
                ? Effect.as(close(InDoubt.make(step)), done(Outcome.InDoubt(of)))
                : Effect.andThen(close(NotMailed.make(step)), refused(item, of, error.success))
            }
          })
        }
      )
    )
  }

  const ofSeat = Effect.fnUntraced(function* (item: Item, seat: Seat): Effect.fn.Return<Step<Item, Outcome>, Stopping> {
    const of = { seatId: seat.id, address: seat.holderEmail }
    const key = keyForSeat(seat)
    const skipped = (why: Skip) => done(Outcome.Skipped({ ...of, why }))

    const first = decide(seat, yield* DateTime.now)
    if (!Predicate.isString(first)) return skipped(first)
    // What is written down leaves at once, so the turn comes first, and some time may have passed then
    if (!dryRun) yield* via.turn
    // Nor does it leave where all was stopped meanwhile
    if (halted !== undefined) return yield* Effect.fail(halted)
    const now = yield* DateTime.now
    const what = decide(seat, now)
    if (!Predicate.isString(what)) return skipped(what)
    const found = yield* journal.get(key)
    const inTheWay = obstacle(seat, found, now)
    if (inTheWay !== undefined && inTheWay !== "Unfinished") return done(inTheWay)
    if (dryRun) return skipped(Skip.DryRun({ would: inTheWay === undefined ? what : "Reissue" }))
    if (found?.step._tag === "Reissuing") return yield* goOn(item, found.step.reissue, "Look", true)
    if (what === "Resend") return yield* resend(item, seat, found)
    const due = Reissue.fromSeat(seat)
    if (due === undefined) return done(Outcome.Failed({ ...of, error: new InvitationUnavailable({ seatId: seat.id }) }))
    return yield* renew(item, due, found)
  })

  const step = (item: Item): Effect.Effect<Step<Item, Outcome>, Stopping> => {
    if (halted !== undefined) return Effect.fail(halted)
    return Effect.tapError(
      item._tag === "Seat" ? ofSeat(item, item.seat) : goOn(item, item.reissue, item.from, item.again),
      (error) =>
        Effect.sync(() => {
          halted = error
        })
    )
  }

  return {
    step,
    // Of a reissue the seat may be revoked by now
    giveUp: (item) =>
      item._tag === "Seat" || halted === undefined
        ? undefined
        : Outcome.Failed({
            seatId: item.reissue.seatId,
            address: Redacted.value(item.reissue.address),
            error: new Reissue.ReissueIncomplete({ reissue: item.reissue, error: halted })
          }),
    stopped: Effect.suspend(() => (halted === undefined ? Effect.void : Effect.fail(halted)))
  }
}
