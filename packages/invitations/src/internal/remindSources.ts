import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Seat } from "@polar-seats/domain/Seat"
import type { ListError } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type { Journal, JournalError } from "../Journal.ts"
import type { Reissue } from "../Reissue.ts"
import type { RemindError, ReminderOutcome, RemindOptions, SeatOptions, StoppingError } from "../Reminder.ts"
import * as AdaptiveRate from "./adaptiveRate.ts"
import { millisBeforeGivingUp } from "./refusal.ts"
import * as Reminder from "./remindSeat.ts"
import { processItems } from "./retryQueue.ts"
import { done, type Engine, keyForSeat, type RunAttempt, RunItem } from "./runState.ts"

/** The reissues that began and did not end, according to the journal. */
export const unfinishedReissues = ({ entries }: Journal["Service"]): Stream.Stream<Reissue, JournalError> =>
  Stream.filterMap(entries, ({ step }) =>
    step._tag === "ReissueStarted" ? Result.succeed(step.reissue) : Result.failVoid
  )

/** The seats of a source. A run cannot continue without them, so a 429 is waited for. */
const listSeats = (
  { seats }: Engine,
  source: SeatSource,
  rate: AdaptiveRate.AdaptiveRate
): Effect.Effect<ReadonlyArray<Seat>, ListError> => {
  const attempt = (times: number, since: number): Effect.Effect<ReadonlyArray<Seat>, ListError> =>
    Effect.andThen(rate.waitForTurn, rate.send(seats.list(source))).pipe(
      Effect.map((list) => list.seats),
      Effect.catchTag("RateLimited", (error) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now - since >= millisBeforeGivingUp
            ? Effect.fail(error)
            : Effect.andThen(Effect.sleep(AdaptiveRate.pauseAfter(error, times)), attempt(times + 1, since))
        )
      )
    )
  return Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(0, now))
}

/** The items of a run: first the unfinished reissues of its sources, then the other seats. */
const itemsOf = (
  engine: Engine,
  sources: ReadonlyArray<SeatSource>,
  rate: AdaptiveRate.AdaptiveRate
): Stream.Stream<RunItem, RemindError> => {
  const isOfSource = ({ source }: Reissue) => sources.some(({ _tag, id }) => _tag === source._tag && id === source.id)
  const unfinishedHere = Stream.runCollect(Stream.filter(unfinishedReissues(engine.journal), isOfSource))
  return Stream.unwrap(
    Effect.map(unfinishedHere, (reissues) => {
      const keys = new Set(reissues.map(({ key }) => key))
      const ids = new Set(reissues.map(({ seatId }) => seatId))
      const hasReissue = (seat: Seat) => keys.has(keyForSeat(seat)) || (seat.status === "revoked" && ids.has(seat.id))
      return Stream.concat(
        Stream.map(Stream.fromIterable(reissues), (reissue) =>
          RunItem.Reissue({ reissue, next: "Look", mayLookAgain: true })
        ),
        Stream.fromIterable(sources).pipe(
          Stream.flatMap((source) => Stream.fromIterableEffect(listSeats(engine, source, rate))),
          Stream.filter((seat) => !hasReissue(seat)),
          Stream.map((seat) => RunItem.Seat({ seat }))
        )
      )
    })
  )
}

const isSource = (sources: SeatSource | Iterable<SeatSource>): sources is SeatSource =>
  Predicate.hasProperty(sources, "_tag")

/** One run over the seats of some sources. */
export const remindSources = (
  engine: Engine,
  sources: SeatSource | Iterable<SeatSource>,
  { concurrency = 16, pace, ...options }: RemindOptions
): Stream.Stream<ReminderOutcome, RemindError> =>
  Stream.suspend(() => {
    const all = isSource(sources) ? [sources] : Array.from(sources)
    const rate = AdaptiveRate.make(
      pace === undefined
        ? Number.POSITIVE_INFINITY
        : pace.limit / Duration.toMillis(Duration.fromInputUnsafe(pace.window))
    )
    const { attempt, failIfStopped, giveUp } = Reminder.make(engine, options, rate)
    return Stream.concat(
      processItems(itemsOf(engine, all, rate), Math.max(1, Math.floor(concurrency)), attempt, giveUp),
      // The run may stop after its last item, when no other attempt fails
      Stream.drain(Stream.fromEffect(failIfStopped))
    )
  })

/** Makes `Invitations.remindOne`, whose calls share one rate. */
export const makeRemindOne = (engine: Engine, rate: AdaptiveRate.AdaptiveRate) =>
  Effect.fn("Invitations.remindOne")(function* (
    seat: Seat,
    options: SeatOptions = {}
  ): Effect.fn.Return<ReminderOutcome, StoppingError> {
    const { attempt, giveUp } = Reminder.make(engine, options, rate)
    let item: RunItem = RunItem.Seat({ seat })
    while (true) {
      const current: RunItem = item
      const result: RunAttempt = yield* Effect.catch(attempt(current), (error) => {
        const outcome = giveUp(current)
        return outcome === undefined ? Effect.fail(error) : Effect.succeed(done(outcome))
      })
      if (result._tag === "Done") return result.result
      item = result.item
      yield* Effect.sleep(result.after)
    }
  })
