import { checkCount, checkPositiveDuration, InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { type ListError, Seats } from "@polar-seats/domain/Seats"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { maxOutageDefault } from "./internal/databaseCall.ts"
import { checkSeatOptions } from "./internal/remindOptions.ts"
import { offerSources } from "./internal/sharedRunOffer.ts"
import { type Progress, SeatResult, SharedRunError, SourcesUnlisted } from "./internal/sharedRunResult.ts"
import * as Table from "./internal/sharedRunTable.ts"
import * as Worker from "./internal/sharedRunWorker.ts"
import * as Invitations from "./Invitations.ts"
import type { JournalError } from "./Journal.ts"
import * as JournalSql from "./JournalSql.ts"
import type { ReminderOutcome, SeatOptions, StoppingError } from "./Reminder.ts"

export { type Progress, SeatResult, SharedRunError, SourcesUnlisted } from "./internal/sharedRunResult.ts"

/** How a worker processes its seats. The options are those of `Invitations.remindOne`. */
export interface WorkOptions extends Omit<SeatOptions, "dryRun"> {
  /**
   * How many seats one worker processes at a time. A seat that waits because of a 429 counts. The worker claims as many
   * again, so that it claims seats in batches. Default: 16.
   */
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
   * How long a worker or an offer may give no sign of life before its seats, or its sources, go to the others. Choose a
   * time longer than any pause of a living worker. Default: 2 minutes.
   */
  readonly lockExpiration?: Duration.Input | undefined
  /** How often an idle worker looks for seats, and whether the run is done. Default: 1 second. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * The run and its journal survive an outage of the database that is shorter than this. Default: 1 minute.
   */
  readonly maxOutage?: Duration.Input | undefined
}

/**
 * A run of reminders that workers on any number of machines share. One table gives each seat to one worker at a time. If a
 * seat comes twice, the journal prevents a second mail.
 */
export class SharedRun extends Context.Service<
  SharedRun,
  {
    /**
     * Lists the seats of some subscriptions and orders, adds each to the run, and returns how many there are. The call is
     * safe to repeat. A revoked seat is skipped, even if an earlier run left its reissue unfinished:
     * `Invitations.unfinished` lists those.
     *
     * If a source cannot be listed, the others are offered, and the call fails. The workers then end with
     * `SourcesUnlisted`, unless the source was listed before. If the call is cut off, the workers list its sources.
     *
     * Polar: `GET …/seats`.
     */
    readonly offer: (sources: Iterable<SeatSource>) => Effect.Effect<number, ListError | SharedRunError>
    /**
     * Processes seats like `Invitations.remindOne` until the run is done, and reports the outcomes of the seats that this
     * worker had. An outcome is durable before it is reported. The worker also waits for the seats of the other workers, in
     * case they are killed, and for an offer, if there was none.
     *
     * If an error such as `Unauthorized` stops the worker, its seats go to the others at once. An interruption does the
     * same and takes less than a second, but a mail that is on its way is then in doubt. A seat that cannot be read is
     * `Failed`. At the end of a run with sources that could not be listed, every worker fails with `SourcesUnlisted`.
     *
     * Polar: for each seat as `Invitations.remindOne`.
     */
    readonly work: (
      options?: WorkOptions
    ) => Stream.Stream<ReminderOutcome, StoppingError | InvalidOption | SharedRunError | SourcesUnlisted>
    /** The outcomes of the seats, from all workers. */
    readonly results: Stream.Stream<SeatResult, SharedRunError>
    /** How far the run has come, over all workers. It counts the seats: to wait for the end, use `isDone`. */
    readonly progress: Effect.Effect<Progress, SharedRunError>
    /** The `isDone` of the progress, at the cost of two index entries. */
    readonly isDone: Effect.Effect<boolean, SharedRunError>
    /**
     * Deletes the rows of a run that is done, with its results, and returns how many there were. It deletes nothing of a
     * run that is not done. The journal keeps who was mailed.
     */
    readonly clear: Effect.Effect<number, SharedRunError>
  }
>()("@polar-seats/invitations/SharedRun") {}

const checkName = (run: string): Effect.Effect<string, InvalidOption> =>
  /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(run)
    ? Effect.succeed(run)
    : Effect.fail(new InvalidOption({ option: "run", description: "must be a name of 1 to 255 characters" }))

const checkOptions = Effect.fnUntraced(function* ({
  lockExpiration = "2 minutes",
  maxOutage = maxOutageDefault,
  pollInterval = "1 second",
  run,
  table = "polar_seats_run"
}: Options) {
  return {
    run: yield* checkName(run),
    table,
    lockExpiration: yield* checkPositiveDuration("lockExpiration", lockExpiration),
    pollInterval: yield* checkPositiveDuration("pollInterval", pollInterval),
    maxOutage: yield* checkPositiveDuration("maxOutage", maxOutage)
  }
})

const make = Effect.fnUntraced(function* (options: Options) {
  const checked = yield* checkOptions(options)
  const { lockExpiration, pollInterval } = checked
  const seats = yield* Seats
  const { remindOne } = yield* Invitations.Invitations
  const table = yield* Table.orSharedRunError(Table.make(checked))
  const offering = { seats, table, lockExpiration }

  const offer = Effect.fn("SharedRun.offer")(function* (
    sources: Iterable<SeatSource>
  ): Effect.fn.Return<number, ListError | SharedRunError> {
    return yield* offerSources(offering, sources)
  })

  const work = ({ concurrency = 16, ...options }: WorkOptions = {}) =>
    Effect.gen(function* () {
      const count = yield* checkCount("concurrency", concurrency)
      yield* checkSeatOptions(options)
      return Worker.work({ ...offering, pollInterval, remind: (seat) => remindOne(seat, options) }, count)
    }).pipe(Stream.unwrap, Stream.withSpan("SharedRun.work"))

  const clear = Effect.gen(function* () {
    let deleted = 0
    while (true) {
      const count = yield* table.deleteDone
      if (count === 0) return deleted
      deleted += count
    }
  }).pipe(Effect.withSpan("SharedRun.clear"))

  const { isDone, progress, results } = table
  return SharedRun.of({ offer, work, results, progress, isDone, clear })
})

/**
 * A run in PostgreSQL. All workers name the same run and the same database. The layer brings the journal, because workers
 * with a journal of their own would mail people twice. The tables are created if they are missing.
 *
 * A worker and its journal take at most three connections at a time, and hold none between statements. So a pool of three
 * is enough: `PgClient.layer({ url, maxConnections: 3 })`.
 *
 * A worker survives a restart of the database, and waits while it takes no more connections. If the outage lasts for
 * longer than `maxOutage`, the worker fails with `SharedRunError` or `JournalError`.
 */
export const layer = (
  options: Options
): Layer.Layer<SharedRun, SharedRunError | JournalError | InvalidOption, SqlClient.SqlClient | Seats> =>
  Layer.effect(SharedRun, make(options)).pipe(
    Layer.provide(
      Layer.provide(
        Invitations.Invitations.layer,
        JournalSql.layer({ maxOutage: options.maxOutage, ...options.journal })
      )
    )
  )
