import type { InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { Seat } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type { ListError } from "@polar-seats/domain/Seats"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Journal, JournalError } from "../Journal.ts"
import type { Reissue } from "../Reissue.ts"
import type { RemindError, ReminderOutcome, RemindOptions, SeatOptions, StoppingError } from "../Reminder.ts"
import * as AdaptiveRate from "./adaptiveRate.ts"
import { type Engine, keyForSeat } from "./engine.ts"
import { monotonicMillis } from "./clock.ts"
import { noteAsked } from "./polarTime.ts"
import { itemOf, maxWaitMillis } from "./refusal.ts"
import { checkRunOptions, checkSeatOptions } from "./remindOptions.ts"
import * as Reminder from "./remindSeat.ts"
import { processItems } from "./retryQueue.ts"
import { outcomeOfReminder, recordCall } from "./telemetry.ts"
import { done, type RunAttempt, RunItem } from "./runState.ts"

const unfinishedAttempts = ({ attempts }: Journal["Service"]) =>
  Stream.filterMap(attempts, ({ attempt }) => (attempt?._tag === "Reissue" ? Result.succeed(attempt) : Result.failVoid))

/** The reissues that began and did not end, according to the journal. */
export const unfinishedReissues = (journal: Journal["Service"]): Stream.Stream<Reissue, JournalError> =>
  Stream.map(unfinishedAttempts(journal), ({ reissue }) => reissue)

/** The seats of a source. A run cannot continue without them, so a 429 is waited for. */
export const listSeats = (
  { seats }: Pick<Engine, "seats">,
  source: SeatSource,
  rate: AdaptiveRate.AdaptiveRate
): Effect.Effect<ReadonlyArray<Seat>, ListError> => {
  const attempt = (times: number, since: number): Effect.Effect<ReadonlyArray<Seat>, ListError> =>
    Effect.andThen(rate.waitForTurn, rate.send(seats.list(source))).pipe(
      Effect.map((list) => {
        noteAsked(seats)
        return list.seats
      }),
      Effect.catchTag("RateLimited", (error) =>
        Effect.flatMap(monotonicMillis, (now) => {
          const pause = AdaptiveRate.pauseAfter(error, times)
          return now - since + Duration.toMillis(pause) > maxWaitMillis
            ? Effect.fail(error)
            : Effect.andThen(Effect.sleep(pause), attempt(times + 1, since))
        })
      )
    )
  return Effect.flatMap(monotonicMillis, (now) => attempt(0, now))
}

/** The items of a run: first the unfinished reissues of its sources, then the other seats. */
const itemsOf = (
  engine: Engine,
  sources: ReadonlyArray<SeatSource>,
  rate: AdaptiveRate.AdaptiveRate
): Stream.Stream<RunItem, RemindError> => {
  const isOfSource = ({ source }: Reissue) => sources.some(({ _tag, id }) => _tag === source._tag && id === source.id)
  const unfinishedHere = Stream.runCollect(
    Stream.filter(unfinishedAttempts(engine.journal), ({ reissue }) => isOfSource(reissue))
  )
  return Stream.unwrap(
    Effect.map(unfinishedHere, (attempts) => {
      const keys = new Set(attempts.map(({ reissue }) => reissue.key))
      const ids = new Set(attempts.map(({ reissue }) => reissue.seatId))
      const hasReissue = (seat: Seat) => keys.has(keyForSeat(seat)) || (seat.status === "revoked" && ids.has(seat.id))
      return Stream.concat(
        Stream.map(Stream.fromIterable(attempts), ({ phase, reissue }) => itemOf(reissue, phase)),
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
  options: RemindOptions
): Stream.Stream<ReminderOutcome, RemindError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const all = isSource(sources) ? [sources] : Array.from(sources)
      const { concurrency, maxRate } = yield* checkRunOptions(options)
      const rate = AdaptiveRate.make(maxRate)
      const { attempt, failIfStopped, giveUp } = Reminder.make(engine, yield* checkSeatOptions(options), rate)
      return Stream.concat(
        processItems(itemsOf(engine, all, rate), concurrency, attempt, giveUp),
        // The run may stop after its last item, when no other attempt fails
        Stream.drain(Stream.fromEffect(failIfStopped))
      )
    })
  )

/** Makes `Invitations.remindOne`, whose calls share one rate. */
export const makeRemindOne = (engine: Engine, rate: AdaptiveRate.AdaptiveRate) =>
  Effect.fn("Invitations.remindOne")(
    function* (
      seat: Seat,
      options: SeatOptions = {}
    ): Effect.fn.Return<ReminderOutcome, StoppingError | InvalidOption> {
      const { attempt, giveUp } = Reminder.make(engine, yield* checkSeatOptions(options), rate)
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
    },
    (call, seat, _options) => recordCall(call, "Invitations.remindOne", seat.id, outcomeOfReminder)
  )
