/** The tables of one benchmark, and the figures in them that the targets need. */
export interface Report {
  readonly title: string
  readonly notes: ReadonlyArray<string>
  readonly tables: ReadonlyArray<Table>
  readonly measured: Readonly<Record<string, number>>
}

export interface Table {
  readonly caption?: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 === 0 ? sorted.slice(middle - 1) : sorted.slice(middle)
  return sorted.length % 2 === 0 ? (low + high) / 2 : low
}

/** The median of the ratios round by round, so that a disturbance that slows both contenders cancels out. */
export const ratio = (values: ReadonlyArray<number>, baseline: ReadonlyArray<number>): number =>
  median(values.map((value, round) => value / (baseline[round] ?? Number.NaN)))

/** A number with three significant digits, and with separated thousands. */
export const show = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)))

const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`

const showTable = ({ caption, columns, rows }: Table): string =>
  [
    ...(caption === undefined ? [] : [`${caption}:`, ""]),
    line(columns),
    `|${columns.map((_, index) => (index === 0 ? "---" : "---:")).join("|")}|`,
    ...rows.map(line)
  ].join("\n")

export const showReport = ({ notes, tables, title }: Report): string =>
  [`## ${title}`, ...notes, ...tables.map(showTable)].join("\n\n")
