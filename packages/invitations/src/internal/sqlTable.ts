import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { describeSqlError, waitWhileBusy } from "./databaseCall.ts"

/** Creates a table and its indexes if they are missing. Safe to run concurrently. */
export const makeTable = (
  table: string,
  definitions: ReadonlyArray<Effect.Effect<unknown, unknown, SqlClient.SqlClient>>,
  maxOutage: Duration.Duration
): Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.andThen(
      waitWhileBusy(sql`SELECT 1`, maxOutage),
      Effect.asVoid(
        Migrator.make({})({
          loader: Migrator.fromRecord({ "0001_create": Effect.all(definitions, { discard: true }) }),
          table: `${table}_migrations`
        })
      )
    )
  )

/** Describes a failure of the database without a statement or a value. */
export const describeSqlFailure = (error: Migrator.MigrationError | SqlError): string =>
  error._tag === "SqlError" ? describeSqlError(error) : `the table cannot be created: ${error.kind}`

/**
 * An array of texts as one value, so that every number of them is one prepared statement. The planner expects few rows of
 * `id = ANY(…)`, and takes the index. It would read the whole table for a join with many values.
 */
export const textArray = (sql: SqlClient.SqlClient, values: ReadonlyArray<string>): Fragment =>
  sql`ARRAY(SELECT json_array_elements_text(${JSON.stringify(values)}::JSON))`

const pageSize = 1000

/**
 * All rows of a query, page by page, so that no connection is held in between. `after` is the last id of the previous
 * page.
 */
export const pages = <Row extends { readonly id: string }, E>(
  query: (after: string, limit: number) => Effect.Effect<ReadonlyArray<Row>, E>
): Stream.Stream<Row, E> =>
  Stream.paginate("", (after: string) =>
    Effect.map(query(after, pageSize), (rows) => {
      const last = rows.length < pageSize ? undefined : rows.at(-1)
      return [rows, Option.map(Option.fromUndefinedOr(last), ({ id }) => id)] as const
    })
  )
