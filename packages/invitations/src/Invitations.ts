import * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bulk, type Step } from "./internal/retryQueue.ts"
import * as Reissuing from "./internal/reissueSeat.ts"
import * as Reminding from "./internal/remindSeat.ts"
import * as Throttle from "./internal/adaptiveRate.ts"
import * as Journal from "./Journal.ts"
import * as Reissue from "./Reissue.ts"
import type { OnExpired, Outcome, RemindError, RemindOptions, SeatOptions, Stopping } from "./Reminder.ts"
import { Invitation, type Seat, SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, InvitationUnavailable, type NoSeatAvailable } from "@polar-seats/domain/SeatError"
import { type ListError, type ResendError, type RevokeError, Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The invitation is expired, so nothing was mailed: the link would be dead. */
export class InvitationExpired extends Schema.TaggedError<InvitationExpired>()("InvitationExpired", {
  seatId: SeatId,
  expiredAt: Schema.DateTimeUtcFromString
}) {
  override get message() {
    return `The invitation of seat ${this.seatId} expired at ${DateTime.formatIso(this.expiredAt)}, and a resend would mail a dead link: reissue it.`
  }
}

/** What `Invitations.reissue` and `Invitations.finish` fail with. */
export type ReissueError =
  | ListError
  | RevokeError
  | AlreadyClaimed
  | InvitationUnavailable
  | NoSeatAvailable
  | Reissue.ReissueIncomplete
  | Journal.JournalError

/** What was mailed, and the state of its link. */
export type Sent = Data.TaggedEnum<{
  /** The link of the first mail, once more. Where `invitation` is `Expired`, nobody can use it. */
  Resent: { readonly seat: Seat; readonly invitation: Invitation }
  /** A new link. `seat` is the person's seat now: its id may be that of another one, which was revoked before. */
  Reissued: { readonly seat: Seat; readonly invitation: Invitation }
}>
export const Sent = Data.taggedEnum<Sent>()

/** Invitations that work: a policy above `Seats`, for what Polar does not tell or do. */
export class Invitations extends Context.Service<
  Invitations,
  {
    /**
     * Mails the invitation of a seat once more, unless its link is known to be dead: then `onExpired` says what to do
     * instead (default: fail with `InvitationExpired`). Of an id alone nothing is known before, so it is mailed, and the
     * result tells the state of the link.
     *
     * Polar: as `Seats.resend`, or as `reissue`.
     */
    readonly resend: (
      seat: Seat | SeatId,
      options?: { readonly onExpired?: OnExpired | undefined }
    ) => Effect.Effect<Sent, ResendError | InvitationExpired | ReissueError>
    /**
     * Gives the holder of a pending seat a new invitation, good for 24 hours: revokes the seat, and assigns one to the
     * same person with the same metadata. Looks first: what is not pending any more is `AlreadyClaimed`, and where
     * somebody else has reissued it since, that seat is the result. Once that the first half may have been done, every
     * failure is `ReissueIncomplete`, an interruption included: it is in the cause, and among `unfinished`.
     *
     * Polar: as `Seats.list`, `Seats.revoke` and `Seats.assign`.
     */
    readonly reissue: (seat: Seat) => Effect.Effect<Seat, ReissueError>
    /**
     * Ends a reissue that was begun, wherever it stopped. Looks first, and never assigns a second seat, so it may be
     * repeated.
     *
     * Polar: as `reissue`.
     */
    readonly finish: (incomplete: Reissue.Reissue | Reissue.ReissueIncomplete) => Effect.Effect<Seat, ReissueError>
    /** The reissues that were begun and not ended, as far as the journal knows: what `finish` takes. */
    readonly unfinished: Stream.Stream<Reissue.Reissue, Journal.JournalError>
    /**
     * Mails each pending seat of some subscriptions and orders once, and tells what came of every seat as soon as it is
     * known, in no promised order. One seat's failure stops nobody else. `Unauthorized` and `Forbidden` stop all: what is
     * on its way is told, and nothing more is sent. Who waits after a 429 holds up nobody; several in a row slow all.
     *
     * Each mail is written in the journal before it leaves. A run that was cut off goes on when it is started again with
     * the same journal: it first finishes what was left incomplete, and mails nobody of whom it cannot tell. One source
     * is read at a time, when its turn comes. A seat that Polar still limits after an hour is `Failed`.
     *
     * Polar: as `Seats.list`, and for each seat as `resend` or `reissue`.
     */
    readonly remind: (
      sources: SeatSource | Iterable<SeatSource>,
      options?: RemindOptions
    ) => Stream.Stream<Outcome, RemindError>
    /**
     * What `remind` does to each seat, for one that comes from elsewhere, like a queue that workers share.
     *
     * Polar: as `resend` or `reissue`.
     */
    readonly remindOne: (seat: Seat, options?: SeatOptions) => Effect.Effect<Outcome, Stopping>
  }
>()("@polar-seats/invitations/Invitations") {
  /** The policy above these `Seats`, with this journal. */
  static readonly layer: Layer.Layer<Invitations, never, Seats | Journal.Journal> = Layer.effect(
    Invitations,
    Effect.suspend(() => make)
  )
}

const isSource = (sources: SeatSource | Iterable<SeatSource>): sources is SeatSource =>
  Predicate.hasProperty(sources, "_tag")

const make = Effect.gen(function* () {
  const seats = yield* Seats
  const journal = yield* Journal.Journal
  const reissuer = yield* Reissuing.make(seats, journal)
  // Those who come one by one go as fast as Polar lets them, together
  const shared = Throttle.make(Number.POSITIVE_INFINITY)

  // Somebody else finishes it, and who asks again is told how. What is in a cause beside an interruption comes through this
  // only where nothing more can be interrupted
  const toItsEnd = <E>(reissue: Reissue.Reissue, effect: Effect.Effect<Seat, E | Reissuing.TakenOver>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.catchIf(
        restore(reissuer.exclusively(reissue)(effect)),
        (error): error is Reissuing.TakenOver => error instanceof Reissuing.TakenOver,
        () => Effect.fail(new Reissue.ReissueIncomplete({ reissue, error: null }))
      )
    )

  const reissue: (seat: Seat) => Effect.Effect<Seat, ReissueError> = Effect.fn("Invitations.reissue")(function* (
    seat: Seat
  ): Effect.fn.Return<Seat, ReissueError> {
    const { id: seatId } = seat
    if (seat.status !== "pending") return yield* new AlreadyClaimed({ seatId })
    const known = Reissue.fromSeat(seat)
    if (known === undefined) return yield* new InvitationUnavailable({ seatId })
    const renewed = Effect.flatMap(journal.get(known.key), (found) =>
      reissuer.renew(known, Throttle.none, (due) =>
        journal.put(known.key, Journal.Step.cases.Reissuing.make({ reissue: due }), found)
      )
    )
    const ended = toItsEnd(
      known,
      Effect.map(renewed, ({ seat }) => seat)
    )
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.catchIf(
        restore(ended),
        (error): error is Reissuing.AddressChanged => error instanceof Reissuing.AddressChanged,
        (error) => restore(reissue(error.seat))
      )
    )
  })

  const finish = Effect.fn("Invitations.finish")(function* (
    incomplete: Reissue.Reissue | Reissue.ReissueIncomplete
  ): Effect.fn.Return<Seat, ReissueError> {
    const due = Predicate.isTagged(incomplete, "ReissueIncomplete") ? incomplete.reissue : incomplete
    return yield* toItsEnd(due, reissuer.finish(due, Throttle.none))
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

  const unfinished = Stream.filterMap(journal.entries, ({ step }) =>
    step._tag === "Reissuing" ? Result.succeed(step.reissue) : Result.failVoid
  )

  /** The seats of a source. It is no seat's failure if they do not come, so they are waited for. */
  const listed = (source: SeatSource, via: Throttle.Throttle) => {
    const ask = (times: number, since: number): Effect.Effect<ReadonlyArray<Seat>, ListError> =>
      Effect.andThen(via.turn, via.send(seats.list(source))).pipe(
        Effect.map((list) => list.seats),
        Effect.catchTag("RateLimited", (error) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            now - since >= Reminding.giveUpAfter
              ? Effect.fail(error)
              : Effect.andThen(Effect.sleep(Throttle.pauseAfter(error, times)), ask(times + 1, since))
          )
        )
      )
    return Effect.flatMap(Clock.currentTimeMillis, (now) => ask(0, now))
  }

  const remind = (sources: SeatSource | Iterable<SeatSource>, options: RemindOptions = {}) => {
    const { concurrency = 16, pace } = options
    return Stream.suspend(() => {
      const all = isSource(sources) ? [sources] : Array.from(sources)
      const via = Throttle.make(
        pace === undefined
          ? Number.POSITIVE_INFINITY
          : pace.limit / Duration.toMillis(Duration.fromInputUnsafe(pace.window))
      )
      const isMeant = ({ source }: Reissue.Reissue) =>
        all.some(({ _tag, id }) => _tag === source._tag && id === source.id)
      const left = Effect.map(Stream.runCollect(Stream.filter(unfinished, isMeant)), (reissues) => {
        const keys = new Set(reissues.map(({ key }) => key))
        const ids = new Set(reissues.map(({ seatId }) => seatId))
        // Each of these seats has its outcome from there
        const isTaken = (seat: Seat) =>
          keys.has(Reminding.keyForSeat(seat)) || (seat.status === "revoked" && ids.has(seat.id))
        return Stream.concat(
          Stream.map(Stream.fromIterable(reissues), (reissue) =>
            Reminding.Item.Reissue({ reissue, from: "Look", again: true })
          ),
          Stream.fromIterable(all).pipe(
            Stream.flatMap((source) => Stream.fromIterableEffect(listed(source, via))),
            Stream.filter((seat) => !isTaken(seat)),
            Stream.map((seat) => Reminding.Item.Seat({ seat }))
          )
        )
      })
      const { giveUp, step, stopped } = Reminding.make(seats, journal, reissuer, options, via)
      return Stream.concat(
        bulk(Stream.unwrap(left), Math.max(1, Math.floor(concurrency)), step, giveUp),
        // Nobody may have come after the one that it was told of
        Stream.drain(Stream.fromEffect(stopped))
      )
    }).pipe(Stream.withSpan("Invitations.remind"))
  }

  const remindOne = Effect.fn("Invitations.remindOne")(function* (
    seat: Seat,
    options: SeatOptions = {}
  ): Effect.fn.Return<Outcome, Stopping> {
    const { giveUp, step: take } = Reminding.make(seats, journal, reissuer, options, shared)
    let item: Reminding.Item = Reminding.Item.Seat({ seat })
    while (true) {
      const taken: Reminding.Item = item
      const step: Step<Reminding.Item, Outcome> = yield* Effect.catch(take(taken), (error) => {
        const result = giveUp(taken)
        return result === undefined ? Effect.fail(error) : Effect.succeed(Reminding.done(result))
      })
      if (step._tag === "Done") return step.result
      item = step.item
      yield* Effect.sleep(step.after)
    }
  })

  return Invitations.of({ resend, reissue, finish, unfinished, remind, remindOne })
})
