import { interleaved, start, worker } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"

const contenders = {
  json: "`JSON.parse` alone",
  handWritten: "a hand-written validator",
  handWrittenAgain: "a hand-written validator, again (noise)",
  ours: "ours",
  zod: "zod 4, the same checks",
  sdk049: "`@polar-sh/sdk` 0.49.0"
} as const
type Name = keyof typeof contenders
const names: ReadonlyArray<Name> = ["json", "handWritten", "handWrittenAgain", "ours", "zod", "sdk049"]

interface Extent {
  readonly seats: number
  readonly times: number
  readonly rounds: number
}
export const full: ReadonlyArray<Extent> = [
  { seats: 1, times: 50_000, rounds: 9 },
  { seats: 1000, times: 50, rounds: 9 },
  { seats: 100_000, times: 1, rounds: 9 }
]
export const quick: ReadonlyArray<Extent> = [
  { seats: 1, times: 20_000, rounds: 5 },
  { seats: 1000, times: 20, rounds: 5 }
]

export const run = async (extents: ReadonlyArray<Extent>): Promise<Report> => {
  const measured: Record<string, number> = {}
  const tables = []
  for (const { rounds, seats, times } of extents) {
    const workers = new Map(
      await Promise.all(
        names.map(
          async (name) =>
            [name, await start(worker("decoders"), name === "handWrittenAgain" ? "handWritten" : name)] as const
        )
      )
    )
    const decode = async (name: Name) => (await workers.get(name)?.ask({ seats, times }))?.["micros"] ?? Number.NaN
    // The first two rounds are not measured: the compiler needs them
    await interleaved(2, names, decode)
    const micros = await interleaved(rounds, names, decode)
    await Promise.all([...workers.values()].map(({ stop }) => stop()))
    for (const name of names) {
      measured[`decoding/${name}/${seats}`] = ratio(micros[name], micros.handWritten)
    }
    tables.push({
      caption: `${seats.toLocaleString("en-US")} ${seats === 1 ? "seat" : "seats"}`,
      columns: ["contender", "CPU µs", "x hand-written"],
      rows: names.map((name) => [
        contenders[name],
        show(median(micros[name])),
        show(ratio(micros[name], micros.handWritten))
      ])
    })
  }
  return {
    title: "Decoding",
    notes: [
      "The CPU time, garbage collection included, from text to seats with dates and renamed keys, for one answer to a resend and for lists. `JSON.parse` checks nothing, and the SDK checks no ids. The others " +
        "check every field, and the bench makes sure that they refuse malformed seats. Ours returns a `Seat` with `DateTime`s that keep the microseconds, the others plain objects with `Date`s."
    ],
    tables,
    measured
  }
}
