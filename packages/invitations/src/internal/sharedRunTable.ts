import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type { ReminderOutcome } from "../Reminder.ts"
import { callDatabase, tryDatabase } from "./databaseCall.ts"
import { encodeSeat, encodeSource, idOfOffer, idOfSeat, sourceOfOffer } from "./sharedRunItem.ts"
import { decodeResult, encodeResult, type Progress, SharedRunError, weightOf } from "./sharedRunResult.ts"
import { describeSqlFailure, makeTable, pages, textArray } from "./sqlTable.ts"

/** Turns a failure of the database into a `SharedRunError`. */
export const orSharedRunError = Effect.mapError(
  (error: Parameters<typeof describeSqlFailure>[0]) => new SharedRunError({ description: describeSqlFailure(error) })
)

/** A seat, or the offer of a source, that a worker has claimed. `item` is its JSON. */
export interface Claimed {
  readonly id: string
  readonly item: string | null
  /** How often the row was claimed, this time included. */
  readonly attempts: number
}

/** The outcome of a seat that a worker had. */
export interface Settled {
  readonly id: string
  readonly seatId: SeatId
  readonly outcome: ReminderOutcome
  /** Whether the row keeps what could not be read. */
  readonly keepsItem: boolean
}

interface Options {
  readonly table: string
  readonly run: string
  readonly lockExpiration: Duration.Duration
  readonly maxOutage: Duration.Duration
}

const createTable = (table: string, maxOutage: Duration.Duration) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    makeTable(
      table,
      [
        sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
          run VARCHAR(255) NOT NULL,
          id VARCHAR(255) COLLATE "C" NOT NULL,
          is_open BOOLEAN NOT NULL DEFAULT TRUE,
          item TEXT,
          holder VARCHAR(36),
          until TIMESTAMPTZ,
          attempts INTEGER NOT NULL DEFAULT 0,
          -- Above zero once a seat has its result. The result of an offer says why its source could not be listed
          weight INTEGER NOT NULL DEFAULT 0,
          result TEXT,
          PRIMARY KEY (run, id)
        )`,
        sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_open`)} ON ${sql(table)} (run, id) WHERE is_open`
      ],
      maxOutage
    )
  )

/** Sends a statement that may be executed twice. */
type Call = <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, SharedRunError>

/** The statements about rows that somebody holds. A holder whose time is up may lose its rows to others. */
const makeLocks = (sql: SqlClient.SqlClient, call: Call, { lockExpiration, run, table }: Options) => {
  const name = sql(table)
  const until = sql`clock_timestamp() + ${Duration.toMillis(lockExpiration)}::DOUBLE PRECISION * INTERVAL '1 millisecond'`
  const isOurs = (holder: string) => sql`run = ${run} AND holder = ${holder} AND is_open`

  return {
    until,

    /** Claims up to `limit` rows that nobody holds. `held` are those that the holder knows to have. */
    claim: (holder: string, limit: number, held: ReadonlyArray<string>) =>
      // Without MATERIALIZED, the limit does not hold. A claim whose answer was lost is claimed again
      call(
        sql<Claimed>`WITH due AS MATERIALIZED (
            SELECT id FROM ${name} WHERE run = ${run} AND is_open
            AND (until IS NULL OR until < clock_timestamp() OR (holder = ${holder} AND id <> ALL(${textArray(sql, held)})))
            ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
          ) UPDATE ${name} AS rows SET holder = ${holder}, attempts = rows.attempts + 1, until = ${until}
          WHERE rows.run = ${run} AND rows.id = ANY(ARRAY(SELECT id FROM due)) RETURNING rows.id, rows.item, rows.attempts`
      ),

    /** Moves the end of the lock on. Returns the rows that are still the holder's. */
    renew: (holder: string, ids: ReadonlyArray<string>) =>
      Effect.map(
        call(sql<{ readonly id: string }>`UPDATE ${name} SET until = ${until}
            WHERE ${isOurs(holder)} AND id = ANY(${textArray(sql, ids)}) RETURNING id`),
        (rows) => rows.map(({ id }) => id)
      ),

    /** Gives the rows of a holder to the others, if that is quickly done. A row that is not `spoilt` had no attempt. */
    giveBack: (holder: string, spoilt: ReadonlyArray<string>, patience: Duration.Input) =>
      tryDatabase(
        sql`UPDATE ${name} SET holder = NULL, until = NULL,
          attempts = CASE WHEN id = ANY(${textArray(sql, spoilt)}) THEN attempts ELSE GREATEST(attempts - 1, 0) END
          WHERE ${isOurs(holder)}`,
        patience
      )
  }
}

/** The statements about the offers of sources. The row of an offer is held like that of a seat. */
const makeOffers = (
  sql: SqlClient.SqlClient,
  call: Call,
  { run, table }: Options,
  until: ReturnType<typeof makeLocks>["until"]
) => {
  const name = sql(table)
  const isHeld = (offer: string, holder: string) =>
    sql`run = ${run} AND id = ${offer} AND holder = ${holder} AND is_open`
  const otherOffers = (offer: string) =>
    sql`run = ${run} AND id LIKE ${`source/${sourceOfOffer(offer)}/%`} AND id <> ${offer} AND NOT is_open`

  return {
    /** Adds the offer of a source to the run, which is not done before the offer is closed. */
    openOffer: Effect.fnUntraced(function* (source: SeatSource, holder: string) {
      const id = idOfOffer(source, holder)
      const item = yield* encodeSource(source)
      yield* call(
        sql`INSERT INTO ${name} (run, id, item, holder, until)
          VALUES (${run}, ${id}, ${item}, ${holder}, ${until}) ON CONFLICT DO NOTHING`
      )
      return id
    }),

    /** Adds seats, while the offer is still the holder's. */
    addSeats: Effect.fnUntraced(function* (offer: string, holder: string, seats: ReadonlyArray<Seat>) {
      const rows = yield* Effect.forEach(seats, (seat) =>
        Effect.map(encodeSeat(seat), (item) => ({ id: idOfSeat(seat), item }))
      )
      // In one order, so that two offers of a source never wait for each other
      rows.sort((one, other) => (one.id < other.id ? -1 : 1))
      for (let start = 0; start < rows.length; start += 500) {
        const page = JSON.stringify(rows.slice(start, start + 500))
        yield* call(
          sql`INSERT INTO ${name} (run, id, item)
            SELECT ${run}, added.id, added.item FROM json_to_recordset(${page}::JSON) AS added (id TEXT, item TEXT)
            WHERE EXISTS (SELECT 1 FROM ${name} WHERE ${isHeld(offer, holder)}) ON CONFLICT DO NOTHING`
        )
      }
    }),

    /** Closes an offer whose seats were added. Returns false if the holder has lost it. */
    closeOffer: Effect.fnUntraced(function* (offer: string, holder: string) {
      // Sent again after its answer was lost, it finds the row closed and still with its holder
      const closed = yield* call(
        sql`UPDATE ${name} SET is_open = FALSE, until = NULL, item = NULL, result = NULL
          WHERE run = ${run} AND id = ${offer} AND holder = ${holder} AND (is_open OR result IS NULL) RETURNING id`
      )
      if (closed.length > 0) yield* call(sql`DELETE FROM ${name} WHERE ${otherOffers(offer)} AND result IS NOT NULL`)
      return closed.length > 0
    }),

    /** Ends an offer whose source could not be listed. If the source was listed before, the run is as it was. */
    failOffer: Effect.fnUntraced(function* (offer: string, holder: string, message: string) {
      yield* call(
        sql`DELETE FROM ${name} WHERE ${isHeld(offer, holder)}
          AND EXISTS (SELECT 1 FROM ${name} WHERE ${otherOffers(offer)} AND result IS NULL)`
      )
      yield* call(
        sql`UPDATE ${name} SET is_open = FALSE, until = NULL, result = ${message} WHERE ${isHeld(offer, holder)}`
      )
    }),

    /** The sources that could not be listed, and why. No seat is read: their ids lie between these two. */
    unlisted: Effect.map(
      call(sql<{ readonly id: string; readonly result: string }>`SELECT id, result FROM ${name}
        WHERE run = ${run} AND (id < 'seat/' OR id >= 'seat0') AND NOT is_open AND weight = 0 AND result IS NOT NULL
        ORDER BY id`),
      (rows) =>
        [...new Map(rows.map(({ id, result }) => [sourceOfOffer(id), result]))].map(([source, message]) => ({
          source,
          message
        }))
    )
  }
}

/** The table of a run: a row for each seat, and one for each offer of a source. A row is open until it has an outcome. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { maxOutage, run, table } = options
  const client = yield* SqlClient.SqlClient
  const sql = client.withoutTransforms()
  const name = sql(table)
  const callOurs = callDatabase(client, maxOutage)
  const call: Call = (statement) => orSharedRunError(callOurs(statement))
  yield* createTable(table, maxOutage)
  const locks = makeLocks(sql, call, options)

  // It makes no difference who holds the row by now: the weight decides
  const settling = Effect.fnUntraced(function* (all: ReadonlyArray<Settled>) {
    const now = yield* DateTime.now
    const rows = yield* Effect.forEach(all, ({ id, keepsItem, outcome, seatId }) =>
      Effect.map(encodeResult(seatId, outcome, now), (result) => ({
        id,
        weight: weightOf(outcome),
        result,
        keeps_item: keepsItem
      }))
    )
    const ids = textArray(
      sql,
      all.map(({ id }) => id)
    )
    return sql`UPDATE ${name} AS old SET
        is_open = FALSE, holder = NULL, until = NULL, weight = new.weight, result = new.result,
        item = CASE WHEN new.keeps_item THEN old.item END
      FROM json_to_recordset(${JSON.stringify(rows)}::JSON)
        AS new (id TEXT, weight INTEGER, result TEXT, keeps_item BOOLEAN)
      WHERE old.run = ${run} AND old.id = ANY(${ids}) AND old.id = new.id AND old.weight <= new.weight`
  })

  return {
    ...locks,
    ...makeOffers(sql, call, options, locks.until),

    /** Writes the outcomes of seats down, durably. */
    settle: (all: ReadonlyArray<Settled>) => Effect.flatMap(settling(all), call),

    /** The same at the end of a worker, if it is quickly done. */
    settleSoon: (all: ReadonlyArray<Settled>, patience: Duration.Input) =>
      Effect.flatMap(settling(all), (statement) => tryDatabase(statement, patience)),

    /** Whether there was an offer, and nothing is open. It reads two rows of an index. */
    isDone: Effect.map(
      call(sql<{ readonly done: boolean }>`SELECT EXISTS (SELECT 1 FROM ${name} WHERE run = ${run})
        AND NOT EXISTS (SELECT 1 FROM ${name} WHERE run = ${run} AND is_open) AS done`),
      ([row]) => row?.done === true
    ),

    /** Deletes a page of a run that is done. Returns how many rows it had. */
    deleteDone: Effect.map(
      call(sql`DELETE FROM ${name} WHERE run = ${run} AND id IN (
          SELECT id FROM ${name} WHERE run = ${run} LIMIT 10000
        ) AND NOT EXISTS (SELECT 1 FROM ${name} WHERE run = ${run} AND is_open) RETURNING id`),
      ({ length }) => length
    ),

    progress: Effect.map(
      call(sql<Record<"offered" | "settled" | "rows" | "open", number>>`SELECT
        CAST(COUNT(*) AS INTEGER) AS rows,
        CAST(COUNT(*) FILTER (WHERE is_open) AS INTEGER) AS open,
        CAST(COUNT(*) FILTER (WHERE id LIKE 'seat/%') AS INTEGER) AS offered,
        CAST(COUNT(*) FILTER (WHERE id LIKE 'seat/%' AND NOT is_open) AS INTEGER) AS settled
        FROM ${name} WHERE run = ${run}`),
      ([row]): Progress => {
        const { offered, open, rows, settled } = row ?? { offered: 0, open: 0, rows: 0, settled: 0 }
        return { offered, settled, isDone: rows > 0 && open === 0 }
      }
    ),

    results: pages((after, limit) =>
      call(sql<{ readonly id: string; readonly result: string }>`SELECT id, result FROM ${name}
        WHERE run = ${run} AND NOT is_open AND weight > 0 AND id > ${after}
        ORDER BY id LIMIT ${limit}`)
    ).pipe(Stream.mapEffect(({ result }) => decodeResult(result)))
  }
})

export type Table = Effect.Success<ReturnType<typeof make>>
