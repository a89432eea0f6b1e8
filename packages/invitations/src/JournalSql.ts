import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import { describeSqlFailure, makeTable, pages } from "./internal/sqlTable.ts"
import { type Entry, Journal, JournalError, make as makeJournal, seatsOf } from "./Journal.ts"

/** Options of the layer. */
export interface Options {
  /** Processes that name the same run share a journal. Default: `default`. */
  readonly run?: string | undefined
  /** The name of the table. Default: `polar_seats_journal`. */
  readonly table?: string | undefined
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

const make = Effect.fnUntraced(function* ({ run = "default", table = "polar_seats_journal" }: Options) {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const name = sql(table)
  yield* orJournalError(
    makeTable(table, [
      sql`CREATE TABLE IF NOT EXISTS ${name} (
        run VARCHAR(255) NOT NULL,
        id VARCHAR(1000) NOT NULL,
        version INTEGER NOT NULL,
        seat VARCHAR(36),
        is_open BOOLEAN NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (run, id)
      )`,
      sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_open`)} ON ${name} (run, id) WHERE is_open`,
      sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_seat`)} ON ${name} (run, seat)`
    ])
  )

  return yield* makeJournal({
    isShared: true,
    get: (key) =>
      Effect.flatMap(
        orJournalError(sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND id = ${key}`),
        ([row]) => (row === undefined ? Effect.undefined : EntryJson.decode(row.entry))
      ),
    ofSeat: (seatId) =>
      Effect.flatMap(
        orJournalError(sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND seat = ${seatId}`),
        (rows) => Effect.forEach(rows, ({ entry }) => EntryJson.decode(entry))
      ),
    replace: Effect.fnUntraced(function* (entry, found) {
      const text = yield* EntryJson.encode(entry)
      const { key, version } = entry
      const seat = seatsOf(entry)[0] ?? null
      const isOpen = entry.attempt !== null
      const written = yield* orJournalError(
        found === undefined
          ? sql`INSERT INTO ${name} (run, id, version, seat, is_open, entry)
              VALUES (${run}, ${key}, ${version}, ${seat}, ${isOpen}, ${text}) ON CONFLICT DO NOTHING RETURNING id`
          : sql`UPDATE ${name} SET version = ${version}, seat = ${seat}, is_open = ${isOpen}, entry = ${text}
              WHERE run = ${run} AND id = ${key} AND version = ${found.version} RETURNING id`
      )
      return written.length > 0
    }),
    entries: decodeReadable(
      pages((after, limit) =>
        orJournalError(
          sql<Row>`SELECT id, entry FROM ${name}
            WHERE run = ${run} AND id > ${after} ORDER BY id LIMIT ${limit}`
        )
      )
    ),
    attempts: decodeReadable(
      pages((after, limit) =>
        orJournalError(
          sql<Row>`SELECT id, entry FROM ${name}
            WHERE run = ${run} AND is_open AND id > ${after} ORDER BY id LIMIT ${limit}`
        )
      )
    )
  })
})

/**
 * A journal in a table of PostgreSQL. Any number of processes may share it. The table is created if it is missing, and
 * holds addresses in the clear. Do not write to the journal in a transaction of yours: its entries have to outlast it.
 */
export const layer = (options: Options = {}): Layer.Layer<Journal, JournalError, SqlClient.SqlClient> =>
  Layer.effect(Journal, make(options))
