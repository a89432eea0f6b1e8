import type { InvalidOption } from "@polar-seats/domain/InvalidOption"
import * as Invitations from "./Invitations.ts"
import type { JournalError } from "./Journal.ts"
import type { ReminderOutcome, SeatOptions, StoppingError } from "./Reminder.ts"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { type ListError, Seats } from "@polar-seats/domain/Seats"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import type * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as Table from "./internal/sharedRunTable.ts"
import { type Progress, SeatResult, SharedRunError } from "./internal/sharedRunTable.ts"
import * as Worker from "./internal/sharedRunWorker.ts"
import * as JournalSql from "./JournalSql.ts"

export { type Progress, SeatResult, SharedRunError }

/** How a worker processes its seats. The options are those of `Invitations.remindOne`. */
export interface WorkOptions extends Omit<SeatOptions, "dryRun"> {
  /** How many seats one worker has in hand. A seat that waits because of a 429 counts. Default: 16. */
  readonly concurrency?: number | undefined
}

/** Options of the layer. */
export interface Options {
  /** The name of this run. Use another name for the next run. */
  readonly run: string
  /** The prefix of the table names. Default: `polar_seats_run`. */
  readonly table?: string | undefined
  /** The journal of the workers. Default: that of `JournalSql.layer` without options, which all runs share. */
  readonly journal?: JournalSql.Options | undefined
  /**
   * How long a worker may give no sign of life before its seats go to the others. Choose a time longer than any pause of a
   * living worker. Default: 2 minutes.
   */
  readonly lockExpiration?: Duration.Input | undefined
  /** How often an idle worker looks for seats, and whether the run is done. Default: 1 second. */
  readonly pollInterval?: Duration.Input | undefined
}

/**
 * A run of reminders that workers on any number of machines share. Its queue is Effect's `PersistedQueue` and gives each
 * seat to one worker at a time. If a seat comes twice, the journal prevents a second mail.
 */
export class SharedRun extends Context.Service<
  SharedRun,
  {
    /**
     * Lists the seats of some subscriptions and orders, adds each to the run, and returns how many there are. The call is
     * safe to repeat. If it is cut off, repeat it: the run is not done before. A revoked seat is skipped, even if an
     * earlier run left its reissue unfinished: `Invitations.unfinished` lists those.
     *
     * Polar: `GET …/seats`.
     */
    readonly offer: (sources: Iterable<SeatSource>) => Effect.Effect<number, ListError | SharedRunError>
    /**
     * Processes seats like `Invitations.remindOne` until the run is done, and reports the outcomes of the seats that this
     * worker had. It also waits for the seats of the other workers, in case they are killed.
     *
     * If an error such as `Unauthorized` stops the worker, its seats go to the others at once. An interruption does the
     * same, but a mail that is on its way is then in doubt.
     *
     * Polar: for each seat as `Invitations.remindOne`.
     */
    readonly work: (
      options?: WorkOptions
    ) => Stream.Stream<ReminderOutcome, StoppingError | InvalidOption | SharedRunError>
    /** The outcomes of the seats, from all workers. */
    readonly results: Stream.Stream<SeatResult, SharedRunError>
    /** How far the run has come, over all workers. */
    readonly progress: Effect.Effect<Progress, SharedRunError>
  }
>()("@polar-seats/invitations/SharedRun") {}

const make = Effect.fnUntraced(function* ({
  lockExpiration = "2 minutes",
  pollInterval = "1 second",
  run,
  table: name = "polar_seats_run"
}: Options) {
  const seats = yield* Seats
  const { remindOne } = yield* Invitations.Invitations
  const table = yield* Table.make(name, run)
  const store = yield* PersistedQueue.makeStoreSql({
    tableName: `${name}_queue`,
    pollInterval,
    lockExpiration,
    lockRefreshInterval: Duration.times(Duration.fromInputUnsafe(lockExpiration), 0.25)
  })
  const queue = yield* PersistedQueue.makeFactory.pipe(
    Effect.flatMap((factory) =>
      factory.make({ name: run, schema: Worker.QueueItem, maxAttempts: Worker.maxAttempts + 1 })
    ),
    Effect.provideService(PersistedQueue.PersistedQueueStore, store)
  )

  const offerSource = Effect.fnUntraced(function* (source: SeatSource) {
    const list = yield* seats.list(source)
    yield* table.addSeats(list.seats)
    yield* Effect.forEach(list.seats, (seat) => queue.offer({ seat }, { id: seat.id }), {
      concurrency: 8,
      discard: true
    }).pipe(
      Effect.catchTags({
        PersistedQueueError: ({ message }) => Effect.fail(new SharedRunError({ description: message })),
        SchemaError: Effect.die
      })
    )
    yield* table.closeSource(source)
    return list.seats.length
  })

  const offer = Effect.fn("SharedRun.offer")(function* (
    sources: Iterable<SeatSource>
  ): Effect.fn.Return<number, ListError | SharedRunError> {
    const all = Array.from(sources)
    if (all.length === 0) return 0
    // An open source keeps the run from being done
    yield* table.openSources(all)
    // The caller gets the error, so the run need not wait for the sources that failed
    const counts = yield* Effect.tapError(Effect.forEach(all, offerSource), () => table.dropOpenSources(all))
    return counts.reduce((sum, count) => sum + count, 0)
  })

  const work = ({ concurrency = 16, ...options }: WorkOptions = {}) =>
    Stream.withSpan(
      Worker.work({ ...table, queue, pollInterval, remind: (seat) => remindOne(seat, options) }, concurrency),
      "SharedRun.work"
    )

  return SharedRun.of({ offer, work, results: table.results, progress: table.progress })
})

/**
 * A run in PostgreSQL. All workers name the same run and the same database. The layer brings the journal, because workers
 * with a journal of their own would mail people twice. The tables are created if they are missing.
 */
export const layer = (
  options: Options
): Layer.Layer<SharedRun, SharedRunError | JournalError, SqlClient.SqlClient | Seats> =>
  Layer.effect(SharedRun, Table.orSharedRunError(make(options))).pipe(
    Layer.provide(Layer.provide(Invitations.Invitations.layer, JournalSql.layer(options.journal)))
  )
