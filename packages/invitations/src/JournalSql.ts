import { checkPositiveDuration, type InvalidOption } from "@polar-seats/domain/InvalidOption"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { callDatabase, maxOutageDefault } from "./internal/databaseCall.ts"
import * as EntryJson from "./internal/entryJson.ts"
import { describeSqlFailure, makeTable, pages } from "./internal/sqlTable.ts"
import { type Entry, Journal, JournalError, make as makeJournal, seatsOf } from "./Journal.ts"

/** Options of the layer. */
export interface Options {
  /** Processes that name the same run share a journal. Default: `default`. */
  readonly run?: string | undefined
  /** The name of the table. Default: `polar_seats_journal`. */
  readonly table?: string | undefined
  /**
   * How long a mail that is under way counts as alive after the last sign of life of its process. All processes of a
   * journal use the same lease. Default: 1 minute.
   */
  readonly lease?: Duration.Input | undefined
  /** A read or a write survives an outage of the database that is shorter than this. Default: 1 minute. */
  readonly maxOutage?: Duration.Input | undefined
}

interface Row {
  readonly id: string
  readonly entry: string
}

const decodeReadable = (rows: Stream.Stream<Row, JournalError>): Stream.Stream<Entry, JournalError> =>
  rows.pipe(
    Stream.mapEffect(({ entry }) =>
      Effect.catchTag(EntryJson.decode(entry), "UnreadableEntry", () => Effect.undefined)
    ),
    Stream.filter((entry) => entry !== undefined)
  )

const orJournalError = Effect.mapError(
  (error: Parameters<typeof describeSqlFailure>[0]) => new JournalError({ description: describeSqlFailure(error) })
)

const createTable = (table: string, maxOutage: Duration.Duration) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    makeTable(
      table,
      [
        sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
          run VARCHAR(255) NOT NULL,
          id VARCHAR(1000) NOT NULL,
          version INTEGER NOT NULL,
          seats TEXT[] NOT NULL,
          is_open BOOLEAN NOT NULL,
          write VARCHAR(36) NOT NULL,
          entry TEXT NOT NULL,
          PRIMARY KEY (run, id)
        )`,
        sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_open`)} ON ${sql(table)} (run, id) WHERE is_open`,
        sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_seats`)} ON ${sql(table)} USING GIN (seats)`
      ],
      maxOutage
    )
  )

const make = Effect.fnUntraced(function* ({
  lease = "1 minute",
  maxOutage: outage = maxOutageDefault,
  run = "default",
  table = "polar_seats_journal"
}: Options) {
  const maxOutage = yield* checkPositiveDuration("maxOutage", outage)
  const call = callDatabase(maxOutage)
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const name = sql(table)
  yield* orJournalError(createTable(table, maxOutage))
  const readPages = (where: Fragment) =>
    decodeReadable(
      pages((after, limit) =>
        orJournalError(
          call(sql<Row>`SELECT id, entry FROM ${name} WHERE ${where} AND id > ${after} ORDER BY id LIMIT ${limit}`)
        )
      )
    )

  return yield* makeJournal({
    isShared: true,
    lease: yield* checkPositiveDuration("lease", lease),
    get: (key) =>
      Effect.flatMap(
        orJournalError(call(sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND id = ${key}`)),
        ([row]) => (row === undefined ? Effect.undefined : EntryJson.decode(row.entry))
      ),
    ofSeat: (seatId) =>
      Effect.flatMap(
        orJournalError(
          call(sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND seats @> ARRAY[${seatId}]::TEXT[]`)
        ),
        (rows) => Effect.forEach(rows, ({ entry }) => EntryJson.decode(entry))
      ),
    replace: Effect.fnUntraced(function* (entry, found) {
      const text = yield* EntryJson.encode(entry)
      const { key, version } = entry
      const seats = sql`string_to_array(${[...new Set(seatsOf(entry))].join(",")}, ',')`
      const isOpen = entry.attempt !== null
      // If a connection breaks before it answers, the statement is sent again and finds its own write
      const write = SecureRandom.uuidV4Unsafe()
      const written = yield* orJournalError(
        call(
          found === undefined
            ? sql`INSERT INTO ${name} AS old (run, id, version, seats, is_open, write, entry)
                VALUES (${run}, ${key}, ${version}, ${seats}, ${isOpen}, ${write}, ${text})
                ON CONFLICT (run, id) DO UPDATE SET write = ${write} WHERE old.write = ${write} RETURNING id`
            : sql`UPDATE ${name}
                SET version = ${version}, seats = ${seats}, is_open = ${isOpen}, write = ${write}, entry = ${text}
                WHERE run = ${run} AND id = ${key} AND (version = ${found.version} OR write = ${write}) RETURNING id`
        )
      )
      return written.length > 0
    }),
    entries: readPages(sql`run = ${run}`),
    attempts: readPages(sql`run = ${run} AND is_open`)
  })
})

/**
 * A journal in a table of PostgreSQL. Any number of processes may share it. The table is created if it is missing, and
 * holds addresses in the clear. Do not write to the journal in a transaction of yours: its entries have to outlast it.
 *
 * While the database restarts or takes no more connections, reads and writes wait for up to `maxOutage`. An interruption
 * waits no longer than half a second for them.
 */
export const layer = (options: Options = {}): Layer.Layer<Journal, JournalError | InvalidOption, SqlClient.SqlClient> =>
  Layer.effect(Journal, make(options))
