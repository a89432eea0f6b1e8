/**
 * The cases of a matrix that one of its columns runs. `test:long` runs all of them. `pnpm test` runs a part in each column,
 * shifted from column to column, so that every case runs in some column.
 */
export const casesOf = <A>(cases: ReadonlyArray<A>, column: number, parts: number): ReadonlyArray<A> =>
  process.env["EVERY_CASE"] === undefined ? cases.filter((_, row) => (row + column) % parts === 0) : cases
