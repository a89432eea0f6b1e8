import * as Invitations from "./Invitations.ts"
import type { JournalError } from "./Journal.ts"
import { Outcome, type SeatOptions, type Stopping } from "./Reminder.ts"
import { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { type ListError, Seats } from "@polar-seats/domain/Seats"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { describe, makeTable, pages } from "./internal/sqlTable.ts"
import * as JournalSql from "./JournalSql.ts"

/** The database that the workers share cannot be used, so this one has stopped. What it had taken goes to the others. */
export class SharedRunError extends Schema.TaggedError<SharedRunError>()("SharedRunError", {
  description: Schema.String
}) {
  override get message() {
    return `The shared run stopped here, and can be gone on with: ${this.description}.`
  }
}

/** What came of a seat, as all workers can read it. It has the address in the clear. */
export class SeatResult extends Schema.Class<SeatResult>("SeatResult")({
  seatId: SeatId,
  address: Schema.NullOr(Schema.String),
  /**
   * The tag of the `Outcome`. A worker that is killed between a mail and this leaves the seat to another one, which finds
   * it in the journal: it is then `Skipped` because of `MailedRecently`.
   */
  outcome: Schema.Literals(["Resent", "Reissued", "Skipped", "Failed", "InDoubt"]),
  /** The tag of what it was skipped for, or failed with. */
  why: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String),
  at: Timestamp
}) {}

/** How far a run has come. */
export interface Progress {
  /** How many seats are in it, and of how many of them it is known what came of them. */
  readonly offered: number
  readonly settled: number
  /** Everything that was to be offered was, and something came of all of it. */
  readonly isDone: boolean
}

/** How a worker goes about it: as `Invitations.remindOne`. */
export interface WorkOptions extends Omit<SeatOptions, "dryRun"> {
  /** How many seats one worker has in hand. One that waits because of Polar's rate limit is counted. Default: 16. */
  readonly concurrency?: number | undefined
}

/** Options of the layer. */
export interface Options {
  /** The name of this one run. For the next one take another. */
  readonly run: string
  /** What the names of its tables start with. Default: `polar_seats_run`. */
  readonly table?: string | undefined
  /** Where the workers remember who was mailed. Default: as `JournalSql.layer` without options, so runs know of each other. */
  readonly journal?: JournalSql.Options | undefined
  /**
   * After which time without a sign of life of a worker its seats go to the others. It must be longer than any pause that a
   * living one may make. Default: 2 minutes.
   */
  readonly lockExpiration?: Duration.Input | undefined
  /** How often a worker that has nothing to do looks for something, and whether all is done. Default: 1 second. */
  readonly pollInterval?: Duration.Input | undefined
}

/**
 * A run of reminders that workers share, on as many machines as you like. Its queue is Effect's `PersistedQueue` and gives
 * each seat to one worker at a time; that nobody is mailed twice where a seat comes twice is up to the journal.
 */
export class SharedRun extends Context.Service<
  SharedRun,
  {
    /**
     * Lists the seats of some subscriptions and orders, and puts each into the run. It may be repeated, and has to be where
     * it was cut off, because the run is not done before. How many seats there are comes back. A seat that is revoked is
     * passed over, also where a reissue in an earlier run left it so: `Invitations.unfinished` has those.
     *
     * Polar: `GET …/seats`.
     */
    readonly offer: (sources: Iterable<SeatSource>) => Effect.Effect<number, ListError | SharedRunError>
    /**
     * Takes seats and does to each what `Invitations.remindOne` does, until the run is done, and tells what came of those
     * that this worker had. It also waits for those that others have, in case they are killed. What stops one worker, like
     * `Unauthorized`, leaves its seats to the others at once. An interruption does too, but a mail that is on its way then
     * is in doubt.
     *
     * Polar: for each seat what `Invitations` uses.
     */
    readonly work: (options?: WorkOptions) => Stream.Stream<Outcome, Stopping | SharedRunError>
    /** What came of the seats, whichever worker had them. */
    readonly results: Stream.Stream<SeatResult, SharedRunError>
    /** How far the run has come, whichever worker did it. */
    readonly progress: Effect.Effect<Progress, SharedRunError>
  }
>()("@polar-seats/invitations/SharedRun") {}

const Item = Schema.Struct({ seat: Seat })

// Each worker that is killed with a seat in hand, or dies of it, is one attempt
const patience = 10

// What weighs more is not written over by what weighs less: of a seat that comes again after it was mailed, the mail counts
const weightOf = (outcome: SeatResult["outcome"]): number => {
  switch (outcome) {
    case "Resent":
    case "Reissued":
      return 3
    case "InDoubt":
      return 2
    case "Skipped":
    case "Failed":
      return 1
  }
}

// Of the seat that was offered: a reissue that is finished may end in another row
const resultOf = ({ id }: Seat, outcome: Outcome, at: DateTime.Utc): SeatResult => {
  const { _tag, address } = outcome
  const of = { seatId: id, address, outcome: _tag, at }
  switch (_tag) {
    case "Skipped":
      return new SeatResult({ ...of, why: outcome.why._tag, message: null })
    case "Failed":
      return new SeatResult({ ...of, why: outcome.error._tag, message: outcome.error.message })
    default:
      return new SeatResult({ ...of, why: null, message: null })
  }
}

const ResultJson = Schema.fromJsonString(Schema.toCodecJson(SeatResult))
const encodeResult = Schema.encodeEffect(ResultJson)
const decodeResult = Schema.decodeEffect(ResultJson)

const orFail = Effect.mapError(
  (error: Parameters<typeof describe>[0]) => new SharedRunError({ description: describe(error) })
)

const make = Effect.fnUntraced(function* ({
  lockExpiration = "2 minutes",
  pollInterval = "1 second",
  run,
  table = "polar_seats_run"
}: Options) {
  const seats = yield* Seats
  const { remindOne } = yield* Invitations.Invitations
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const name = sql(table)
  yield* makeTable(
    table,
    sql`CREATE TABLE IF NOT EXISTS ${name} (
      run VARCHAR(255) NOT NULL,
      id VARCHAR(255) NOT NULL,
      weight INTEGER,
      result TEXT,
      PRIMARY KEY (run, id)
    )`
  )
  const store = yield* PersistedQueue.makeStoreSql({
    tableName: `${table}_queue`,
    pollInterval,
    lockExpiration,
    lockRefreshInterval: Duration.times(Duration.fromInputUnsafe(lockExpiration), 0.25)
  })
  const queue = yield* PersistedQueue.makeFactory.pipe(
    Effect.flatMap((factory) => factory.make({ name: run, schema: Item, maxAttempts: patience + 1 })),
    Effect.provideService(PersistedQueue.PersistedQueueStore, store)
  )

  const idOf = (seat: { readonly id: SeatId }) => `seat/${seat.id}`
  const idOfSource = (source: SeatSource) => `source/${source._tag.toLowerCase()}/${source.id}`

  /** What was not offered whole stands in the way of the end, like a seat of which nothing is known yet. */
  const insert = (ids: ReadonlyArray<string>) => {
    const rows: ReadonlyArray<Record<string, unknown>> = ids.map((id) => ({ run, id }))
    return Arr.isReadonlyArrayNonEmpty(rows)
      ? orFail(sql`INSERT INTO ${name} ${sql.insert(rows)} ON CONFLICT DO NOTHING`)
      : Effect.void
  }

  const offerSource = Effect.fnUntraced(function* (source: SeatSource) {
    const list = yield* seats.list(source)
    for (let start = 0; start < list.seats.length; start += 500) {
      yield* insert(list.seats.slice(start, start + 500).map(idOf))
    }
    yield* Effect.forEach(list.seats, (seat) => queue.offer({ seat }, { id: seat.id }), {
      concurrency: 8,
      discard: true
    }).pipe(
      Effect.catchTags({
        PersistedQueueError: ({ message }) => Effect.fail(new SharedRunError({ description: message })),
        SchemaError: Effect.die
      })
    )
    yield* orFail(sql`UPDATE ${name} SET weight = 0 WHERE run = ${run} AND id = ${idOfSource(source)}`)
    return list.seats.length
  })

  const offer = Effect.fn("SharedRun.offer")(function* (
    sources: Iterable<SeatSource>
  ): Effect.fn.Return<number, ListError | SharedRunError> {
    const all = Array.from(sources)
    const ids = all.map(idOfSource)
    if (ids.length === 0) return 0
    yield* insert(ids)
    yield* orFail(sql`UPDATE ${name} SET weight = NULL WHERE run = ${run} AND ${sql.in("id", ids)}`)
    const counts = yield* Effect.forEach(all, offerSource).pipe(
      // Who offers is told, so nobody has to wait for what does not come
      Effect.tapError(() =>
        orFail(sql`DELETE FROM ${name} WHERE run = ${run} AND weight IS NULL AND ${sql.in("id", ids)}`)
      )
    )
    return counts.reduce((sum, count) => sum + count, 0)
  })

  const progress = orFail(
    sql<Record<"items" | "settled" | "sources" | "listed", number>>`SELECT
      CAST(COUNT(*) AS INTEGER) AS items,
      CAST(COUNT(weight) AS INTEGER) AS settled,
      CAST(COUNT(CASE WHEN id LIKE 'source/%' THEN 1 END) AS INTEGER) AS sources,
      CAST(COUNT(CASE WHEN id LIKE 'source/%' THEN weight END) AS INTEGER) AS listed
      FROM ${name} WHERE run = ${run}`
  ).pipe(
    Effect.map(([row]): Progress => {
      const { items, listed, settled, sources } = row ?? { items: 0, listed: 0, settled: 0, sources: 0 }
      return { offered: items - sources, settled: settled - listed, isDone: sources > 0 && items === settled }
    })
  )

  const settle = Effect.fnUntraced(function* (seat: Seat, outcome: Outcome) {
    const result = yield* Effect.orDie(encodeResult(resultOf(seat, outcome, yield* DateTime.now)))
    const weight = weightOf(outcome._tag)
    const id = idOf(seat)
    yield* orFail(
      sql`INSERT INTO ${name} (run, id, weight, result) VALUES (${run}, ${id}, ${weight}, ${result})
        ON CONFLICT (run, id) DO UPDATE SET weight = EXCLUDED.weight, result = EXCLUDED.result
        WHERE ${name}.weight IS NULL OR ${name}.weight <= EXCLUDED.weight`
    )
  })

  const work = ({ concurrency = 16, ...options }: WorkOptions = {}) =>
    Stream.callback<Outcome, Stopping | SharedRunError>(
      Effect.fnUntraced(function* (results) {
        const end = Latch.makeUnsafe(false)
        let failure: { readonly cause: Cause.Cause<Stopping | SharedRunError> } | undefined
        const stop = (cause: Cause.Cause<Stopping | SharedRunError>) =>
          Effect.sync(() => {
            if (!Cause.hasInterruptsOnly(cause)) failure ??= { cause }
            end.openUnsafe()
          })

        const remind = (seat: Seat, attempts: number) =>
          attempts > patience
            ? Effect.succeed(Outcome.InDoubt({ seatId: seat.id, address: seat.holderEmail }))
            : remindOne(seat, options)

        const one = ({ seat }: typeof Item.Type, { attempts }: { readonly attempts: number }) =>
          Effect.tap(remind(seat, attempts), (outcome) => settle(seat, outcome)).pipe(
            Effect.flatMap((outcome) => Queue.offer(results, outcome)),
            // An interruption gives a seat back at once, and it is no attempt. Only a bug of ours is one
            Effect.catchCause((cause) =>
              Effect.andThen(stop(cause), Cause.hasDies(cause) ? Effect.failCause(cause) : Effect.interrupt)
            )
          )

        const taker = Effect.suspend(() => {
          const hand = Semaphore.makeUnsafe(1)
          const take = queue.take((item, of) => hand.withPermit(one(item, of)))
          // At the end, who has a seat in hand first comes to its end with it
          return Effect.raceFirst(Effect.forever(take), Effect.andThen(end.await, hand.take(1)))
        }).pipe(
          Effect.catchTag("PersistedQueueError", ({ message }) =>
            Effect.fail(new SharedRunError({ description: message }))
          ),
          Effect.catchCause(stop)
        )

        const watch = Effect.gen(function* () {
          while (!(yield* progress).isDone) yield* Effect.sleep(pollInterval)
          end.openUnsafe()
        })

        yield* Effect.forkScoped(Effect.catchCause(watch, stop))
        yield* Effect.all(
          Array.from({ length: Math.max(1, Math.floor(concurrency)) }, () => taker),
          { concurrency: "unbounded", discard: true }
        )
        yield* failure === undefined ? Queue.end(results) : Queue.failCause(results, failure.cause)
      }),
      { bufferSize: concurrency }
    ).pipe(Stream.withSpan("SharedRun.work"))

  const results = pages((after, limit) =>
    orFail(
      sql<{ readonly id: string; readonly result: string }>`SELECT id, result FROM ${name}
        WHERE run = ${run} AND result IS NOT NULL AND id > ${after} ORDER BY id LIMIT ${limit}`
    )
  ).pipe(
    Stream.mapEffect(({ result }) =>
      Effect.mapError(decodeResult(result), () => new SharedRunError({ description: "a result cannot be read" }))
    )
  )

  return SharedRun.of({ offer, work, results, progress })
})

/**
 * A run in PostgreSQL. All workers name the same run and the same database, and the run brings the journal that they share:
 * with one of their own each, they would mail people twice. Its tables are made if they are missing.
 */
export const layer = (
  options: Options
): Layer.Layer<SharedRun, SharedRunError | JournalError, SqlClient.SqlClient | Seats> =>
  Layer.effect(SharedRun, orFail(make(options))).pipe(
    Layer.provide(Layer.provide(Invitations.Invitations.layer, JournalSql.layer(options.journal)))
  )
