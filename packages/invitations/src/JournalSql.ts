import { Journal, JournalError, nextEntry } from "./Journal.ts"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import { makeTable, mapSqlError, pages } from "./internal/sqlTable.ts"

/** Options of the layer. */
export interface Options {
  /** Journals of the same name share their entries. Default: `default`. */
  readonly run?: string | undefined
  /** The name of the table. Default: `polar_seats_journal`. */
  readonly table?: string | undefined
}

const orJournalError = mapSqlError(JournalError)

const make = Effect.fnUntraced(function* ({ run = "default", table = "polar_seats_journal" }: Options) {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const name = sql(table)
  yield* makeTable(
    table,
    sql`CREATE TABLE IF NOT EXISTS ${name} (
      run VARCHAR(255) NOT NULL,
      id VARCHAR(1000) NOT NULL,
      version INTEGER NOT NULL,
      entry TEXT NOT NULL,
      PRIMARY KEY (run, id)
    )`
  )

  return Journal.of({
    get: (key) =>
      sql<{ readonly entry: string }>`SELECT entry FROM ${name} WHERE run = ${run} AND id = ${key}`.pipe(
        orJournalError,
        Effect.flatMap(([row]) => (row === undefined ? Effect.undefined : EntryJson.decode(row.entry)))
      ),
    put: Effect.fnUntraced(function* (key, step, found) {
      const entry = nextEntry(key, step, found, yield* DateTime.now)
      const text = yield* EntryJson.encode(entry)
      const written = yield* orJournalError(
        found === undefined
          ? sql`INSERT INTO ${name} (run, id, version, entry) VALUES (${run}, ${key}, ${entry.version}, ${text})
              ON CONFLICT DO NOTHING RETURNING id`
          : sql`UPDATE ${name} SET version = ${entry.version}, entry = ${text}
              WHERE run = ${run} AND id = ${key} AND version = ${found.version} RETURNING id`
      )
      return written.length === 0 ? undefined : entry
    }),
    entries: pages((after, limit) =>
      orJournalError(
        sql<{ readonly id: string; readonly entry: string }>`SELECT id, entry FROM ${name}
          WHERE run = ${run} AND id > ${after} ORDER BY id LIMIT ${limit}`
      )
    ).pipe(Stream.mapEffect(({ entry }) => EntryJson.decode(entry)))
  })
})

/**
 * A journal in a PostgreSQL table that any number of processes share. The table is created if it is missing. It holds
 * addresses in the clear. Do not use the journal inside a transaction of yours: a rollback would forget who was mailed.
 */
export const layer = (options: Options = {}): Layer.Layer<Journal, JournalError, SqlClient.SqlClient> =>
  Layer.effect(Journal, orJournalError(make(options)))
