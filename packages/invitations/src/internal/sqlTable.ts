import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Migrator from "effect/sql/Migrator"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"

/** Makes a table if it is missing. Several may do it at once. */
export const makeTable = (
  table: string,
  definition: Effect.Effect<unknown, unknown, SqlClient.SqlClient>
): Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> =>
  Effect.asVoid(
    Migrator.make({})({
      loader: Migrator.fromRecord({ "0001_create": definition }),
      table: `${table}_migrations`
    })
  )

/** What went wrong, without a statement or a value. */
export const describe = (error: Migrator.MigrationError | SqlError): string =>
  error._tag === "SqlError"
    ? `the database refused it, or is not there (${error.reason._tag})`
    : `its table cannot be made (${error.kind})`

const pageSize = 1000

/** Everything a query finds, page by page, so that no connection is held meanwhile. `after` is the last id of the page before. */
export const pages = <Row extends { readonly id: string }, E>(
  query: (after: string, limit: number) => Effect.Effect<ReadonlyArray<Row>, E>
): Stream.Stream<Row, E> =>
  Stream.paginate("", (after: string) =>
    Effect.map(query(after, pageSize), (rows) => {
      const last = rows.length < pageSize ? undefined : rows.at(-1)
      return [rows, Option.map(Option.fromUndefinedOr(last), ({ id }) => id)] as const
    })
  )
