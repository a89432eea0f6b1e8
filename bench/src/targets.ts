import { show, type Table } from "./report.ts"

interface Target {
  readonly name: string
  /** The key of the figure in a report. */
  readonly key: string
  readonly atLeast?: number
  readonly atMost?: number
  /** The share by which `--check` lets a figure miss its target. Without it, `--check` ignores the figure. Below 20 %, a difference in speed is noise. */
  readonly slack?: number
  /** The decision that says why the target is out of reach, and which target replaces it. */
  readonly givenUp?: string
}

const speeds = [
  [1, 1.7, 0.5, 0.75, 0.9],
  [16, 3, 0.35, 0.75, 0.9],
  [128, 3, 0.35, 0.75, 0.9]
] as const

const weight = "docs/adr/0016-what-an-app-ships.md"

const targets: ReadonlyArray<Target> = [
  ...speeds.flatMap(([concurrency, sdk, cpu, undici, fetch]): ReadonlyArray<Target> => {
    const slack = concurrency === 16 ? { slack: 0.2 } : {}
    const at = `${concurrency} at once`
    return [
      {
        name: `a call on undici, x SDK 1.0.1, ${at}`,
        key: `call/oursUndici/sdk/${concurrency}`,
        atLeast: sdk,
        ...slack
      },
      { name: `its CPU time, x SDK 1.0.1, ${at}`, key: `cpu/oursUndici/sdk/${concurrency}`, atMost: cpu, ...slack },
      {
        name: `a call on undici, x raw \`undici.request\`, ${at}`,
        key: `call/oursUndici/undici/${concurrency}`,
        atLeast: undici,
        ...slack
      },
      {
        name: `a call on fetch, x SDK 1.0.1, ${at}`,
        key: `call/oursFetch/sdk/${concurrency}`,
        atLeast: fetch,
        // This figure varies most, with the garbage that fetch itself makes
        ...(concurrency === 16 ? { slack: 0.3 } : {})
      }
    ]
  }),
  { name: "decoding 1 seat, x hand-written", key: "decoding/ours/1", atMost: 1.5, slack: 0.2 },
  { name: "decoding 1,000 seats, x hand-written", key: "decoding/ours/1000", atMost: 1.5, slack: 0.2 },
  { name: "decoding 100,000 seats, x hand-written", key: "decoding/ours/100000", atMost: 1.5 },
  {
    name: "weight on top, one call, KB gzipped",
    key: "weight/oursOne/onTop",
    atMost: 0.5,
    givenUp: weight
  },
  {
    name: "weight on top, all of `Seats`, KB gzipped",
    key: "weight/oursAll/onTop",
    atMost: 1.5,
    givenUp: weight
  },
  { name: "weight on top, one call, x SDK 0.49.0, which validates too", key: "weight/oursOne/sdk049", atMost: 1 },
  { name: "weight on top, all of `Seats`, x SDK 0.49.0", key: "weight/oursAll/sdk049", atMost: 1 },
  { name: "cold start on fetch, as the SDK's is, bundled, x SDK 1.0.1", key: "cold/oursFetch", atMost: 1.3 },
  { name: "bulk on undici, a fifth refused, seconds", key: "bulk/seconds", atMost: 7 },
  { name: "bulk on undici, failed", key: "bulk/failed", atMost: 0 },
  { name: "bulk on undici, memory, x SDK pool", key: "bulk/memory", atMost: 0.6 },
  { name: "bulk on undici, limited, answers wasted on 429", key: "bulk/wasted", atMost: 0.1 },
  {
    name: "reissues of one source, time x seats, where more seats take longer",
    key: "scale/reissue/growth",
    atMost: 1.25,
    slack: 0.3
  },
  {
    name: "reissues of one source, list reads beyond one every 5 seconds",
    key: "scale/reissue/reads",
    atMost: 0,
    slack: 0
  },
  { name: "whether a shared run of 200,000 seats is done, ms", key: "scale/isDone", atMost: 5 },
  { name: "bulk on fetch without a 429, x SDK pool", key: "scale/bulk/oursFetch", atLeast: 0.9 },
  { name: "bulk on undici without a 429, x SDK pool", key: "scale/bulk/oursUndici", atLeast: 1.1 }
]

interface Judged extends Target {
  readonly measured: number
  readonly isReached: boolean
}

const judge = (target: Target, measured: number, slack: number): Judged => {
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target
  return { ...target, measured, isReached: measured >= atLeast * (1 - slack) && measured <= atMost * (1 + slack) }
}

/** The targets whose figures were measured. */
export const judged = (measured: Readonly<Record<string, number>>): ReadonlyArray<Judged> =>
  targets.flatMap((target) => {
    const value = measured[target.key]
    return value === undefined ? [] : [judge(target, value, 0)]
  })

/** The targets that `--check` compares, with their slack. */
export const checked = (measured: Readonly<Record<string, number>>): ReadonlyArray<Judged> =>
  judged(measured).flatMap((target) =>
    target.slack === undefined ? [] : [judge(target, target.measured, target.slack)]
  )

export const showTargets = (rows: ReadonlyArray<Judged>): Table => ({
  columns: ["target", "measured", "wanted", "reached"],
  rows: rows.map(({ atLeast, atMost, givenUp, isReached, measured, name }) => [
    name,
    show(measured),
    atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`,
    isReached ? "yes" : givenUp === undefined ? "**no**" : `no, [given up](../${givenUp})`
  ])
})
