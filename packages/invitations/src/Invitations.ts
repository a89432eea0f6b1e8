import { Invitation, type Seat, type SeatId } from "@polar-seats/domain/Seat"
import { InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { PolarTime } from "@polar-seats/domain/PolarTime"
import * as SeatError from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AdaptiveRate from "./internal/adaptiveRate.ts"
import * as Engine from "./internal/engine.ts"
import { JournalError, UnreadableEntry } from "./internal/journalError.ts"
import { checkOnExpired, checkSingleOptions, type SingleOptions } from "./internal/remindOptions.ts"
import { makeRemindOne, remindSources, unfinishedReissues } from "./internal/remindSources.ts"
import { seatsLookOf } from "./internal/seatsLook.ts"
import { timeFor } from "./internal/polarTime.ts"
import * as Single from "./internal/singleSeat.ts"
import { recordCall } from "./internal/telemetry.ts"
import * as InvitationError from "./InvitationError.ts"
import * as Journal from "./Journal.ts"
import * as Reissue from "./Reissue.ts"
import type { OnExpired, RemindError, ReminderOutcome, RemindOptions, SeatOptions, StoppingError } from "./Reminder.ts"

// A browser that reads these errors, as the client of an app's API does, must not load the service. A bundler drops it only
// if each call at the top of this file is annotated as pure

/** The errors of `Invitations.reissue` and `Invitations.finish`. */
export const ReissueError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound,
  SeatError.AlreadyClaimed,
  SeatError.InvitationUnavailable,
  SeatError.NoSeatAvailable,
  InvitationError.MailedRecently,
  InvitationError.InProgressElsewhere,
  InvitationError.HolderRemoved,
  InvitationError.InexactMetadata,
  InvitationError.MailedSomebodyElse,
  Reissue.ReissueIncomplete,
  Reissue.RevokedSomebodyElse,
  JournalError,
  UnreadableEntry,
  InvalidOption
])
export type ReissueError = typeof ReissueError.Type

/**
 * The errors of `Invitations.resend`. `NoSeatAvailable`, `HolderRemoved`, `InexactMetadata` and `RevokedSomebodyElse` come only
 * if `onExpired` is `reissue`, and `InvalidOption` only from the options. `ReissueIncomplete` comes also if the journal knows
 * a reissue of this person that did not end.
 */
export const ResendInvitationError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound,
  SeatError.AlreadyClaimed,
  SeatError.InvitationUnavailable,
  SeatError.NoSeatAvailable,
  InvitationError.MailedRecently,
  InvitationError.InProgressElsewhere,
  InvitationError.HolderRemoved,
  InvitationError.InexactMetadata,
  InvitationError.MailedSomebodyElse,
  Reissue.ReissueIncomplete,
  Reissue.RevokedSomebodyElse,
  JournalError,
  UnreadableEntry,
  InvalidOption,
  InvitationError.InvitationExpired
])
export type ResendInvitationError = typeof ResendInvitationError.Type

/** The state of a mailed link, and the clock that it was judged by. If it is `Machine`, Polar's time is not known. */
interface Judged extends Pick<PolarTime, "clock"> {
  readonly seat: Seat
  readonly invitation: Invitation
}

/** The mail that was sent, and the state of its link. */
export type Sent = Data.TaggedEnum<{
  /** The mail holds the same link as the first one. If `invitation` is `Expired`, nobody can use it. */
  Resent: Judged
  /** The mail holds a new link. `seat` is the person's seat now. Its id may differ from the id of the seat before. */
  Reissued: Judged
}>
export const Sent = /* @__PURE__ */ Data.taggedEnum<Sent>()

export type { SingleOptions } from "./internal/remindOptions.ts"

/** Options of `Invitations.resend`. */
export interface ResendOptions extends SingleOptions {
  /** How to treat an expired invitation. Default: `fail`. */
  readonly onExpired?: OnExpired | undefined
}

/** Mails invitations that work: a policy above `Seats` for what Polar does not tell or do. */
export class Invitations
  extends /* @__PURE__ */ Context.Service<
    Invitations,
    {
      /**
       * Mails the invitation of a seat again, unless its link is known to be dead. `onExpired` then decides (default: fail
       * with `InvitationExpired`). If you pass only an id, the expiry is not known in advance: the invitation is mailed, and
       * the result says whether its link still works.
       *
       * Polar's time decides, as `Seats.now` has it. If it is not known, the call believes this machine's clock that a link
       * is live, and reads the seats once before it believes that a link is dead. A doubtful time is treated alike. The
       * result names the clock.
       *
       * Fails with `MailedRecently` if the journal knows of a mail to this person within `cooldown` (default: 1 minute), or
       * of one that may have been sent. `again: true` mails all the same. Two calls for one seat at the same time send one
       * mail: the second one fails with `MailedRecently`.
       *
       * Polar: as `Seats.resend`, or as `reissue`.
       */
      readonly resend: (seat: Seat | SeatId, options?: ResendOptions) => Effect.Effect<Sent, ResendInvitationError>
      /**
       * Mails the holder of a pending seat a new invitation that lasts 24 hours: revokes the seat, and assigns one to the
       * same person with the same metadata.
       *
       * Reads the current seats first. Fails with `AlreadyClaimed` if the seat is no longer pending. Returns the person's seat
       * and mails nobody if its invitation has changed since and is live. Fails with `MailedRecently` as `resend` does, and with
       * `InexactMetadata` if the metadata has numbers that JavaScript would give back changed. Once
       * the revocation may have reached Polar, every failure is a `ReissueIncomplete`. If the call is interrupted, the
       * `ReissueIncomplete` is in the cause, and the reissue is listed by `unfinished`.
       *
       * Polar: as `Seats.list`, `Seats.revoke` and `Seats.assign`.
       */
      readonly reissue: (seat: Seat, options?: SingleOptions) => Effect.Effect<Seat, ReissueError>
      /**
       * Ends a reissue that began, from wherever it stopped. Reads the current seats first and never assigns a second seat,
       * so it is safe to call again. It assigns only if the journal, or else the `ReissueIncomplete`, shows that the reissue
       * revoked the seat: a person whom somebody else removed stays removed, and the call fails with `HolderRemoved`.
       *
       * Polar: as `reissue`.
       */
      readonly finish: (
        incomplete: Reissue.Reissue | Reissue.ReissueIncomplete,
        options?: SingleOptions
      ) => Effect.Effect<Seat, ReissueError>
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
       * Polar's time decides which links are dead, as `Seats.now` has it after the list of a source.
       *
       * Polar: as `Seats.list`, and for each seat as `resend` or `reissue`.
       */
      readonly remind: (
        sources: SeatSource | Iterable<SeatSource>,
        options?: RemindOptions
      ) => Stream.Stream<ReminderOutcome, RemindError>
      /**
       * Does to one seat what `remind` does to each. Use it for seats that come from elsewhere, such as a shared queue. If
       * Polar's time is not known, the first call reads the seats of the seat's source, because the answer tells it.
       *
       * Polar: as `resend` or `reissue`.
       */
      readonly remindOne: (
        seat: Seat,
        options?: SeatOptions
      ) => Effect.Effect<ReminderOutcome, StoppingError | InvalidOption>
    }
  >()("@polar-seats/invitations/Invitations")
{
  /**
   * Provides `Invitations` over the `Seats` and the `Journal` in the context. Each build makes new ones, so two tenants, or
   * a test inside a running program, never act through each other's `Seats`.
   *
   * Calls through several `Invitations` over one journal act as calls through one: the locks and the memory are the
   * journal's. So build `Invitations` as often as you like, and the journal once. If each request builds a
   * `Journal.layerMemory` of its own, no click knows of the others, and three clicks are three mails.
   */
  static readonly layer: Layer.Layer<Invitations, never, Seats | Journal.Journal> = /* @__PURE__ */ Layer.fresh(
    /* @__PURE__ */ Layer.effect(
      Invitations,
      /* @__PURE__ */ Effect.suspend(() => make)
    )
  )
}

type Unfinished = Reissue.Reissue | Reissue.ReissueIncomplete
const isIncomplete = (unfinished: Unfinished): unfinished is Reissue.ReissueIncomplete =>
  Predicate.isTagged(unfinished, "ReissueIncomplete")
const reissueOf = (unfinished: Unfinished): Reissue.Reissue =>
  isIncomplete(unfinished) ? unfinished.reissue : unfinished

/**
 * Makes `Invitations` over the `Seats` and the `Journal` in the context. It is cheap enough for one a request, if all requests
 * share one journal: see `Invitations.layer`. One a request remembers nothing between requests but what the journal knows, so
 * the pace that `remindOne` learns from 429 responses starts anew.
 *
 * A journal answers before Polar sees the token. If callers with tokens of their own share one, a stranger who knows the id
 * of a seat learns by `MailedRecently` that it was mailed. Call `Seats.list` first, which Polar refuses to strangers, and
 * pass the seat that it finds.
 */
export const make: Effect.Effect<Invitations["Service"], never, Seats | Journal.Journal> = /* @__PURE__ */ Effect.gen(
  function* () {
    const seats = yield* Seats
    const journal = yield* Journal.Journal
    const engine = Engine.make(seats, journal, seatsLookOf(seats))

    const reissue = Effect.fn("Invitations.reissue")(
      function* (seat: Seat, options: SingleOptions = {}): Effect.fn.Return<Seat, ReissueError> {
        const { id: seatId } = seat
        if (seat.status !== "pending") return yield* new SeatError.AlreadyClaimed({ seatId })
        const known = Reissue.fromSeat(seat)
        if (known === undefined) return yield* new SeatError.InvitationUnavailable({ seatId })
        return yield* Single.reissueOne(engine, known, yield* checkSingleOptions(options))
      },
      (call, seat, _options) => recordCall(call, "Invitations.reissue", seat.id)
    )

    const finish = Effect.fn("Invitations.finish")(
      function* (incomplete: Unfinished, options: SingleOptions = {}): Effect.fn.Return<Seat, ReissueError> {
        const phase = isIncomplete(incomplete) ? incomplete.phase : undefined
        return yield* Single.finishOne(engine, reissueOf(incomplete), phase, yield* checkSingleOptions(options))
      },
      (call, incomplete, _options) => recordCall(call, "Invitations.finish", reissueOf(incomplete).seatId)
    )

    const resend = Effect.fn("Invitations.resend")(
      function* (
        seat: Seat | SeatId,
        { onExpired: wanted = "fail", ...options }: ResendOptions = {}
      ): Effect.fn.Return<Sent, ResendInvitationError> {
        const checked = yield* checkSingleOptions(options)
        const onExpired = yield* checkOnExpired(wanted)
        const judge = (sent: Seat) =>
          Effect.map(seats.now, ({ clock, now }): Judged => ({ seat: sent, invitation: sent.invitation(now), clock }))
        const known = Predicate.isString(seat) ? undefined : seat
        if (known !== undefined && onExpired !== "resendAnyway") {
          let time = yield* seats.now
          if (known.invitation(time.now)._tag === "Expired")
            time = yield* timeFor(engine, known, { ...checked, rate: AdaptiveRate.unlimited })
          const { clock, now } = time
          const before = known.invitation(now)
          if (before._tag === "Expired") {
            if (onExpired === "reissue") return Sent.Reissued(yield* judge(yield* reissue(known, options)))
            return yield* new InvitationError.InvitationExpired({
              seatId: known.id,
              expiredAt: before.expiredAt,
              clock
            })
          }
        }
        return Sent.Resent(yield* judge(yield* Single.resendOne(engine, seat, checked)))
      },
      (call, seat, _options) => recordCall(call, "Invitations.resend", Predicate.isString(seat) ? seat : seat.id)
    )

    return Invitations.of({
      resend,
      reissue,
      finish,
      unfinished: unfinishedReissues(journal),
      remind: (sources, options = {}) => Stream.withSpan(remindSources(engine, sources, options), "Invitations.remind"),
      remindOne: makeRemindOne(engine, AdaptiveRate.make(Number.POSITIVE_INFINITY))
    })
  }
)
