import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Seat } from "@polar-seats/domain/Seat"
import type { ListError } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type { ReminderOutcome, RemindOptions, SeatOptions, StoppingError } from "../Reminder.ts"
import * as AdaptiveRate from "./adaptiveRate.ts"
import type { Engine } from "./reissueSeat.ts"
import { attempt, giveUp, startRun } from "./remindSeat.ts"
import { processItems } from "./retryQueue.ts"
import { done, keyForSeat, type RunAttempt, RunItem, type RunState } from "./runState.ts"

/** The reissues that began and did not end, according to the journal. */
export const unfinishedReissues = ({ journal }: Engine) =>
  Stream.filterMap(journal.entries, ({ step }) =>
    step._tag === "ReissueStarted" ? Result.succeed(step.reissue) : Result.failVoid
  )

// A run cannot continue without the seats of a source, so a 429 is waited for
const listSeats = ({ rate, seats }: RunState, source: SeatSource) => {
  const list = (refusals: AdaptiveRate.Refusals): Effect.Effect<ReadonlyArray<Seat>, ListError> =>
    Effect.andThen(rate.waitForTurn, rate.send(seats.list(source))).pipe(
      Effect.map((list) => list.seats),
      Effect.catchTag("RateLimited", (error) =>
        Effect.flatMap(AdaptiveRate.nextTry(error, refusals), (next) =>
          next === undefined ? Effect.fail(error) : Effect.delay(list(next.refusals), next.after)
        )
      )
    )
  return Effect.flatMap(Clock.currentTimeMillis, (since) => list({ times: 0, since }))
}

/** The items of a run: first the unfinished reissues of its sources, then the other seats. */
const itemsOf = Effect.fnUntraced(function* (run: RunState, sources: ReadonlyArray<SeatSource>) {
  const reissues = yield* unfinishedReissues(run).pipe(
    Stream.filter(({ source }) => sources.some(({ _tag, id }) => _tag === source._tag && id === source.id)),
    Stream.runCollect
  )
  const keys = new Set(reissues.map(({ key }) => key))
  const ids = new Set(reissues.map(({ seatId }) => seatId))
  return Stream.fromIterable(sources).pipe(
    Stream.flatMap((source) => Stream.fromIterableEffect(listSeats(run, source))),
    Stream.filter((seat) => !keys.has(keyForSeat(seat)) && !(seat.status === "revoked" && ids.has(seat.id))),
    Stream.map((seat) => RunItem.Seat({ seat })),
    Stream.prepend(reissues.map((reissue) => RunItem.Reissue({ reissue, next: "Look", mayLookAgain: true })))
  )
})

const isSource = (sources: SeatSource | Iterable<SeatSource>): sources is SeatSource =>
  Predicate.hasProperty(sources, "_tag")

/** One run over the seats of some sources. */
export const remindSources = (
  engine: Engine,
  sources: SeatSource | Iterable<SeatSource>,
  { concurrency = 16, pace, ...options }: RemindOptions
) =>
  Stream.suspend(() => {
    const all = isSource(sources) ? [sources] : Array.from(sources)
    const maxRate =
      pace === undefined
        ? Number.POSITIVE_INFINITY
        : pace.limit / Duration.toMillis(Duration.fromInputUnsafe(pace.window))
    const run = startRun(engine, options, AdaptiveRate.make(maxRate))
    return processItems(run, Stream.unwrap(itemsOf(run, all)), Math.max(1, Math.floor(concurrency)))
  })

/** Makes `Invitations.remindOne`, whose calls share one rate. */
export const makeRemindOne = (engine: Engine) => {
  const rate = AdaptiveRate.make(Number.POSITIVE_INFINITY)
  return Effect.fn("Invitations.remindOne")(function* (
    seat: Seat,
    options: SeatOptions = {}
  ): Effect.fn.Return<ReminderOutcome, StoppingError> {
    const run = startRun(engine, options, rate)
    let item: RunItem = RunItem.Seat({ seat })
    while (true) {
      const current: RunItem = item
      const result: RunAttempt = yield* Effect.catch(attempt(run, current), (error) => {
        const outcome = giveUp(run, current)
        return outcome === undefined ? Effect.fail(error) : Effect.succeed(done(outcome))
      })
      if (result._tag === "Done") return result.outcome
      item = result.item
      yield* Effect.sleep(result.after)
    }
  })
}
