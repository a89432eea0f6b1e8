import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { TakenOver } from "./internal/journalWrites.ts"
import type { AddressChanged } from "./internal/reissuePlan.ts"
import * as Reissuer from "./internal/reissueSeat.ts"
import { makeRemindOne, remindSources, unfinishedReissues } from "./internal/remindSources.ts"
import * as Journal from "./Journal.ts"
import * as Reissue from "./Reissue.ts"
import type { OnExpired, RemindError, ReminderOutcome, RemindOptions, SeatOptions, StoppingError } from "./Reminder.ts"
import { Invitation, type Seat, SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, InvitationUnavailable, type NoSeatAvailable } from "@polar-seats/domain/SeatError"
import { type ListError, type ResendError, type RevokeError, type Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The invitation has expired. Nothing was mailed, because the link would be dead. */
export class InvitationExpired extends Schema.TaggedError<InvitationExpired>()("InvitationExpired", {
  seatId: SeatId,
  expiredAt: Schema.DateTimeUtcFromString
}) {
  override get message() {
    return `The invitation of seat ${this.seatId} expired at ${DateTime.formatIso(this.expiredAt)}, and a resend would mail a dead link. Nothing was mailed: reissue the seat to mail a new link.`
  }
}

/** The errors of `Invitations.reissue` and `Invitations.finish`. */
export type ReissueError =
  | ListError
  | RevokeError
  | AlreadyClaimed
  | InvitationUnavailable
  | NoSeatAvailable
  | Reissue.ReissueIncomplete
  | Journal.JournalError

/** The mail that was sent, and the state of its link. */
export type Sent = Data.TaggedEnum<{
  /** The mail holds the same link as the first one. If `invitation` is `Expired`, nobody can use it. */
  Resent: { readonly seat: Seat; readonly invitation: Invitation }
  /** The mail holds a new link. `seat` is the person's seat now. Its id may differ from the id of the seat before. */
  Reissued: { readonly seat: Seat; readonly invitation: Invitation }
}>
export const Sent = Data.taggedEnum<Sent>()

/** Mails invitations that work: a policy above `Seats` for what Polar does not tell or do. */
export class Invitations extends Context.Service<
  Invitations,
  {
    /**
     * Mails the invitation of a seat again, unless its link is known to be dead. `onExpired` then decides (default: fail
     * with `InvitationExpired`). If you pass only an id, the expiry is not known in advance: the invitation is mailed, and
     * the result says whether its link still works.
     *
     * Polar: as `Seats.resend`, or as `reissue`.
     */
    readonly resend: (
      seat: Seat | SeatId,
      options?: { readonly onExpired?: OnExpired | undefined }
    ) => Effect.Effect<Sent, ResendError | InvitationExpired | ReissueError>
    /**
     * Mails the holder of a pending seat a new invitation that lasts 24 hours: revokes the seat, and assigns one to the
     * same person with the same metadata.
     *
     * Reads the current seats first. Fails with `AlreadyClaimed` if the seat is no longer pending, and returns the new seat
     * if someone has already reissued it. Once the revocation may have reached Polar, every failure is a
     * `ReissueIncomplete`. If the call is interrupted, the `ReissueIncomplete` is in the cause, and the reissue is listed
     * by `unfinished`.
     *
     * Polar: as `Seats.list`, `Seats.revoke` and `Seats.assign`.
     */
    readonly reissue: (seat: Seat) => Effect.Effect<Seat, ReissueError>
    /**
     * Ends a reissue that began, from wherever it stopped. Reads the current seats first and never assigns a second seat,
     * so it is safe to call again.
     *
     * Polar: as `reissue`.
     */
    readonly finish: (incomplete: Reissue.Reissue | Reissue.ReissueIncomplete) => Effect.Effect<Seat, ReissueError>
    /** The reissues that began and did not end, according to the journal. Pass each to `finish`. */
    readonly unfinished: Stream.Stream<Reissue.Reissue, Journal.JournalError>
    /**
     * Mails each pending seat of some subscriptions and orders once. Reports the outcome of every seat as soon as it is
     * known, in no promised order.
     *
     * One seat's failure does not stop the others. `Unauthorized`, `Forbidden` and `JournalError` stop the run: the
     * requests in progress are reported, and nothing more is sent. A seat that waits after a 429 holds up no other seat,
     * and several 429 in a row slow all of them. A seat that Polar still refuses after an hour is `Failed`.
     *
     * Each mail is written to the journal before it leaves. To continue an interrupted run, start it again with the same
     * journal. It finishes incomplete reissues first, and mails nobody who is in doubt. Sources are read one at a time.
     *
     * Polar: as `Seats.list`, and for each seat as `resend` or `reissue`.
     */
    readonly remind: (
      sources: SeatSource | Iterable<SeatSource>,
      options?: RemindOptions
    ) => Stream.Stream<ReminderOutcome, RemindError>
    /**
     * Does to one seat what `remind` does to each. Use it for seats that come from elsewhere, such as a shared queue.
     *
     * Polar: as `resend` or `reissue`.
     */
    readonly remindOne: (seat: Seat, options?: SeatOptions) => Effect.Effect<ReminderOutcome, StoppingError>
  }
>()("@polar-seats/invitations/Invitations") {
  /** Provides `Invitations` over the `Seats` and the `Journal` in the context. */
  static readonly layer: Layer.Layer<Invitations, never, Seats | Journal.Journal> = Layer.effect(
    Invitations,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const engine = yield* Reissuer.makeEngine
  const { journal, seats } = engine

  // The mask keeps an error that stands beside an interruption in the cause
  const untilDone = (
    known: Reissue.Reissue,
    effect: Effect.Effect<Seat, ReissueError | TakenOver | AddressChanged>
  ): Effect.Effect<Seat, ReissueError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.catchTags(restore(Reissuer.exclusively(engine, known, effect)), {
        AddressChanged: ({ seat }) => restore(reissue(seat)),
        TakenOver: () => Effect.fail(new Reissue.ReissueIncomplete({ reissue: known, error: null }))
      })
    )

  const reissue = Effect.fn("Invitations.reissue")(function* (seat: Seat): Effect.fn.Return<Seat, ReissueError> {
    const { id: seatId } = seat
    if (seat.status !== "pending") return yield* new AlreadyClaimed({ seatId })
    const known = Reissue.fromSeat(seat)
    if (known === undefined) return yield* new InvitationUnavailable({ seatId })
    const reissued = Effect.flatMap(journal.get(known.key), (found) => Reissuer.reissue(engine, known, found))
    return yield* untilDone(
      known,
      Effect.map(reissued, ({ seat }) => seat)
    )
  })

  const finish = Effect.fn("Invitations.finish")(function* (
    incomplete: Reissue.Reissue | Reissue.ReissueIncomplete
  ): Effect.fn.Return<Seat, ReissueError> {
    const reissue = Predicate.isTagged(incomplete, "ReissueIncomplete") ? incomplete.reissue : incomplete
    return yield* untilDone(reissue, Reissuer.finish(engine, reissue))
  })

  const resend = Effect.fn("Invitations.resend")(function* (
    seat: Seat | SeatId,
    options: { readonly onExpired?: OnExpired | undefined } = {}
  ): Effect.fn.Return<Sent, ResendError | InvitationExpired | ReissueError> {
    const { onExpired = "fail" } = options
    const known = Predicate.isString(seat) ? undefined : seat
    const before = known?.invitation(yield* DateTime.now)
    if (known !== undefined && before?._tag === "Expired" && onExpired !== "resendAnyway") {
      if (onExpired === "fail") {
        return yield* new InvitationExpired({ seatId: known.id, expiredAt: before.expiredAt })
      }
      const reissued = yield* reissue(known)
      return Sent.Reissued({ seat: reissued, invitation: reissued.invitation(yield* DateTime.now) })
    }
    const resent = yield* seats.resend(Predicate.isString(seat) ? seat : seat.id)
    return Sent.Resent({ seat: resent, invitation: resent.invitation(yield* DateTime.now) })
  })

  return Invitations.of({
    resend,
    reissue,
    finish,
    unfinished: unfinishedReissues(engine),
    remind: (sources, options = {}) => Stream.withSpan(remindSources(engine, sources, options), "Invitations.remind"),
    remindOne: makeRemindOne(engine)
  })
})
