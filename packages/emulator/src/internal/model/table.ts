import * as Rec from "effect/Record"

/** Finds the value of a column in a row. A row without one is in no group of that column. */
type Column<Row> = (row: Row) => string | null

const makeIndex = <Row>(valueOf: Column<Row>) => {
  const groups = new Map<string, Map<string, Row>>()
  const remove = (id: string, value: string) => {
    const group = groups.get(value)
    group?.delete(id)
    if (group?.size === 0) groups.delete(value)
  }
  return {
    groups,
    change: (id: string, before: Row | undefined, after: Row | undefined): void => {
      const from = before === undefined ? null : valueOf(before)
      const to = after === undefined ? null : valueOf(after)
      if (from !== null && from !== to) remove(id, from)
      if (to === null || after === undefined) return
      const group = groups.get(to)
      if (group === undefined) groups.set(to, new Map([[id, after]]))
      else group.set(id, after)
    }
  }
}

/** Rows by their ids, in the order in which they came. */
export interface Table<Row, Name extends string> {
  readonly get: (id: string) => Row | undefined
  readonly has: (id: string) => boolean
  readonly values: () => Iterable<Row>
  /** Saves a row. A row with the same id is replaced. */
  readonly set: (id: string, row: Row) => void
  /** False if there is no such row. */
  readonly delete: (id: string) => boolean
  /** The rows with a value in a column. It takes no longer in a large table. A write changes the map that it returned. */
  readonly where: (column: Name, value: string) => ReadonlyMap<string, Row>
  /** One of them. */
  readonly first: (column: Name, value: string) => Row | undefined
}

/** Makes a table with an index for each column. The indexes stay right, because a row gets in and out by `set` and `delete` alone. */
export const make = <Row, Name extends string>(columns: Readonly<Record<Name, Column<Row>>>): Table<Row, Name> => {
  const rows = new Map<string, Row>()
  const indexes = Rec.map(columns, makeIndex)
  const all = Rec.values(indexes)
  const nothing: ReadonlyMap<string, Row> = new Map()
  const where = (column: Name, value: string) => indexes[column].groups.get(value) ?? nothing
  return {
    get: (id) => rows.get(id),
    has: (id) => rows.has(id),
    values: () => rows.values(),
    set: (id, row) => {
      for (const { change } of all) change(id, rows.get(id), row)
      rows.set(id, row)
    },
    delete: (id) => {
      for (const { change } of all) change(id, rows.get(id), undefined)
      return rows.delete(id)
    },
    where,
    first: (column, value) => where(column, value).values().next().value
  }
}
