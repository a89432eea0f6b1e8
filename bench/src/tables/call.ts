import { interleaved, start, startPolar, worker } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"

const contenders = {
  socket: "raw `net` socket (the floor)",
  undici: "raw `undici.request`",
  fetch: "raw `fetch`",
  sdk: "`@polar-sh/sdk` 1.0.1",
  sdkAgain: "`@polar-sh/sdk` 1.0.1, again (noise)",
  sdk049: "`@polar-sh/sdk` 0.49.0",
  oursFetch: "ours on fetch",
  oursUndici: "ours on undici"
} as const
type Name = keyof typeof contenders

const all: ReadonlyArray<Name> = ["socket", "undici", "fetch", "sdk", "sdkAgain", "sdk049", "oursFetch", "oursUndici"]

interface Extent {
  readonly names: ReadonlyArray<Name>
  readonly concurrencies: ReadonlyArray<number>
  /** The number of processes of each contender, one after the other, and of the rounds in each. */
  readonly processes: number
  readonly rounds: number
  readonly millis: number
}
export const full: Extent = { names: all, concurrencies: [1, 16, 128], processes: 3, rounds: 3, millis: 500 }
export const quick: Extent = {
  names: ["undici", "sdk", "sdkAgain", "oursFetch", "oursUndici"],
  concurrencies: [16],
  processes: 1,
  rounds: 5,
  millis: 500
}

// Two processes of one contender differ by up to 10 % for as long as they run, so each contender has several
const middle = (one: ReadonlyArray<number>, other: ReadonlyArray<number>) =>
  one.map((value, round) => (value + (other[round] ?? Number.NaN)) / 2)

interface Figures {
  readonly callsPerSecond: number
  readonly cpuMicros: number
}

/** The figures of each round at each concurrency, measured in processes of their own. */
const inProcesses = async ({ concurrencies, millis, names, rounds }: Extent, url: string) => {
  const workers = new Map(
    await Promise.all(
      names.map(
        async (name) => [name, await start(worker("callers"), name === "sdkAgain" ? "sdk" : name, url)] as const
      )
    )
  )
  const call = async (name: Name, concurrency: number, millis: number, atLeast = 0): Promise<Figures> => {
    const figures = await workers.get(name)?.ask({ concurrency, millis, atLeast })
    return {
      callsPerSecond: figures?.["callsPerSecond"] ?? Number.NaN,
      cpuMicros: figures?.["cpuMicros"] ?? Number.NaN
    }
  }
  // So many calls that the compiler has optimised the code
  await interleaved(1, names, (name) => call(name, 16, 500, 20_000))
  const measuredRounds = []
  for (const concurrency of concurrencies) {
    await interleaved(1, names, (name) => call(name, concurrency, 200, 500))
    measuredRounds.push(await interleaved(rounds, names, (name) => call(name, concurrency, millis)))
  }
  await Promise.all(Array.from(workers.values(), ({ stop }) => stop()))
  return measuredRounds
}

export const run = async (extent: Extent): Promise<Report> => {
  const { concurrencies, millis, names, processes, rounds } = extent
  const polar = await startPolar("plain")
  const all: Array<Awaited<ReturnType<typeof inProcesses>>> = []
  for (let each = 0; each < processes; each++) all.push(await inProcesses(extent, polar.url))
  await polar.stop()
  const measured: Record<string, number> = {}
  const tables = []
  for (const [index, concurrency] of concurrencies.entries()) {
    const roundsOf = (name: Name) => all.flatMap((measuredRounds) => measuredRounds[index]?.[name] ?? [])
    const speed = (name: Name) => roundsOf(name).map(({ callsPerSecond }) => callsPerSecond)
    const cpu = (name: Name) => roundsOf(name).map(({ cpuMicros }) => cpuMicros)
    const ofSdk = (of: typeof speed) => middle(of("sdk"), of("sdkAgain"))
    for (const name of names) {
      measured[`call/${name}/sdk/${concurrency}`] = ratio(speed(name), ofSdk(speed))
      measured[`call/${name}/undici/${concurrency}`] = ratio(speed(name), speed("undici"))
      measured[`cpu/${name}/sdk/${concurrency}`] = ratio(cpu(name), ofSdk(cpu))
    }
    tables.push({
      caption: `${concurrency} at once`,
      columns: ["contender", "calls a second", "x SDK 1.0.1", "x raw undici", "CPU µs a call", "x SDK 1.0.1"],
      rows: names.map((name) => [
        contenders[name],
        show(median(speed(name))),
        show(ratio(speed(name), ofSdk(speed))),
        show(ratio(speed(name), speed("undici"))),
        show(median(cpu(name))),
        show(ratio(cpu(name), ofSdk(cpu)))
      ])
    })
  }
  return {
    title: "A call",
    notes: [
      `Each contender resends one seat, in processes of its own, ${processes} one after the other. Figures are medians of ${rounds} rounds of ${millis} ms in each process. A ratio is the median of the ` +
        "ratios within a round. A ratio to the SDK takes the mean of its two processes. Ours validates every answer, with its default timeouts, retry policy and spans. The raw contenders and the " +
        "SDK 1.0.1 parse the JSON. All check the status, and that the answer holds the requested seat."
    ],
    tables,
    measured
  }
}
