import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Migrator from "effect/sql/Migrator"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"

/** Creates a table if it is missing. Safe to run concurrently. */
export const makeTable = (table: string, definition: Effect.Effect<unknown, SqlError>) =>
  Migrator.make({})({ loader: Migrator.fromRecord({ "0001_create": definition }), table: `${table}_migrations` })

/** Turns a failure of the database into an error whose description holds no statement and no value. */
export const mapSqlError = <E>(
  Failure: new (fields: { readonly description: string }) => E
): (<A, R>(effect: Effect.Effect<A, Migrator.MigrationError | SqlError, R>) => Effect.Effect<A, E, R>) =>
  Effect.mapError(
    (error) =>
      new Failure({
        description:
          error._tag === "SqlError"
            ? `the database is unreachable or refused a statement: ${error.reason._tag}`
            : `the table cannot be created: ${error.kind}`
      })
  )

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
      return [rows, Option.fromUndefinedOr(last?.id)] as const
    })
  )
