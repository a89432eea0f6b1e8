import type { SeatId } from "@polar-seats/domain/Seat"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { JournalError } from "./journalError.ts"
import { describeSqlFailure, makeTable, textArray } from "./sqlTable.ts"

export interface Row {
  readonly id: string
  readonly entry: string
}

/** Turns a failure of the database into a `JournalError`. */
export const orJournalError = Effect.mapError(
  (error: Parameters<typeof describeSqlFailure>[0]) => new JournalError({ description: describeSqlFailure(error) })
)

/** Creates the table of the journals if it is missing. */
export const createTable = (table: string, maxOutage: Duration.Duration) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    makeTable(
      table,
      [
        sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
          run VARCHAR(255) NOT NULL,
          id VARCHAR(1000) NOT NULL,
          version INTEGER NOT NULL,
          -- Milliseconds since 1970, by the clock of the writer. A key that was pruned begins at version 1 again
          at BIGINT NOT NULL DEFAULT 0,
          seats TEXT[] NOT NULL,
          is_open BOOLEAN NOT NULL,
          -- Nobody is at work on the entry, and no mail is in doubt
          is_settled BOOLEAN NOT NULL DEFAULT FALSE,
          written_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
          write VARCHAR(100) NOT NULL,
          entry TEXT NOT NULL,
          PRIMARY KEY (run, id)
        )`,
        sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_open`)} ON ${sql(table)} (run, id) WHERE is_open`,
        sql`CREATE INDEX IF NOT EXISTS ${sql(`${table}_seats`)} ON ${sql(table)} USING GIN (seats)`
      ],
      maxOutage
    )
  )

/** A write of one entry. `found` and `found_at` are those of the entry that it replaces, or null if it is the first. */
export interface Write {
  readonly id: string
  readonly found: number | null
  readonly found_at: number | null
  readonly at: number
  readonly version: number
  readonly seats: ReadonlyArray<SeatId>
  readonly is_open: boolean
  readonly is_settled: boolean
  readonly write: string
  readonly entry: string
}

/** Writes each entry whose version is still the one that was found. Returns the writes that took place. */
export const writeAll = (sql: SqlClient.SqlClient, table: string, run: string, writes: ReadonlyArray<Write>) => {
  const name = sql(table)
  const ids = textArray(
    sql,
    writes.map(({ id }) => id)
  )
  // The rows are locked in one order, so that two processes do not wait for each other
  return sql<Pick<Write, "write">>`WITH new AS MATERIALIZED (
      SELECT * FROM json_to_recordset(${JSON.stringify(writes)}::JSON)
      AS new (id VARCHAR, found INTEGER, found_at BIGINT, version INTEGER, at BIGINT, seats TEXT[], is_open BOOLEAN, is_settled BOOLEAN,
        write VARCHAR, entry TEXT)
    ), due AS MATERIALIZED (
      SELECT new.* FROM new JOIN ${name} AS old ON old.run = ${run} AND old.id = new.id
      WHERE old.id = ANY(${ids}) AND new.found IS NOT NULL AND ((old.version = new.found AND old.at = new.found_at) OR old.write = new.write)
      ORDER BY old.id FOR UPDATE OF old
    ), updated AS (
      UPDATE ${name} AS old
      SET version = due.version, at = due.at, seats = due.seats, is_open = due.is_open, is_settled = due.is_settled,
        written_at = clock_timestamp(), write = due.write, entry = due.entry
      FROM due WHERE old.run = ${run} AND old.id = due.id AND old.id = ANY(${ids}) RETURNING old.write
    ), inserted AS (
      INSERT INTO ${name} AS old (run, id, version, at, seats, is_open, is_settled, write, entry)
      SELECT ${run}, id, version, at, seats, is_open, is_settled, write, entry FROM new WHERE found IS NULL ORDER BY id
      ON CONFLICT (run, id) DO UPDATE SET write = old.write WHERE old.write = EXCLUDED.write RETURNING old.write
    ) SELECT write FROM updated UNION ALL SELECT write FROM inserted`
}

/** Deletes a page of the entries that were written last before some time, and that nothing depends on. Returns their ids. */
export const deleteSettled = (sql: SqlClient.SqlClient, table: string, run: string, olderThan: Duration.Duration) => {
  const name = sql(table)
  return sql<Pick<Row, "id">>`DELETE FROM ${name} WHERE run = ${run} AND id IN (
      SELECT id FROM ${name} WHERE run = ${run} AND is_settled
      AND written_at < clock_timestamp() - ${Duration.toMillis(olderThan)}::DOUBLE PRECISION * INTERVAL '1 millisecond'
      LIMIT 1000 FOR UPDATE SKIP LOCKED
    ) RETURNING id`
}
