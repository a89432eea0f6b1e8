import { join } from "node:path"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { start, type Task, worker } from "../processes.ts"
import { median, type Report, show } from "../report.ts"

const concurrencies = [1, 16, 64]
const sizes = [10_000, 100_000, 300_000]
const rounds = 3
const megabyte = 2 ** 20

/** Asks a process of its own, so that its peak of memory is that of this task. */
const ask = async (task: Task) => {
  const process = await start(worker("journalFile"))
  const figures = await process.ask(task)
  await process.stop()
  return (name: string) => figures[name] ?? Number.NaN
}

const measurePuts = async (folder: string, concurrency: number) => {
  const speeds: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const path = join(folder, `puts-${concurrency}-${round}.ndjson`)
    speeds.push((await ask({ what: "puts", path, concurrency, millis: 1_500 }))("putsPerSecond"))
  }
  return { concurrency, putsPerSecond: median(speeds) }
}

const measureOpening = async (folder: string, people: number) => {
  const path = join(folder, `open-${people}.ndjson`)
  const liveBytes = people === 0 ? 0 : (await ask({ what: "fill", path, people }))("liveBytes")
  const figure = await ask({ what: "open", path, people })
  if (figure("isKnown") !== 1) throw new Error(`The journal of ${people} people does not know the last one.`)
  return { people, liveBytes, seconds: figure("seconds"), peakBytes: figure("peakBytes") }
}

/** Measures one after the other, so that none disturbs another. */
const eachInTurn = async <A, B>(inputs: ReadonlyArray<A>, measure: (input: A) => Promise<B>): Promise<Array<B>> => {
  const measured: Array<B> = []
  for (const input of inputs) measured.push(await measure(input))
  return measured
}

/** How a journal file grows: with the mails at once, and with the people in it. */
export const run = async (): Promise<Report> => {
  const folder = makeTemporaryFolder("bench")
  const puts = await eachInTurn(concurrencies, (concurrency) => measurePuts(folder, concurrency))
  const empty = await measureOpening(folder, 0)
  const openings = await eachInTurn(sizes, (people) => measureOpening(folder, people))
  const first = puts[0]?.putsPerSecond ?? Number.NaN
  return {
    title: "A journal file, by size",
    notes: [
      `Each put is on the disk when it returns. The speeds are medians of ${rounds} rounds of 1.5 seconds. The journals that are opened hold two lines for each person. ` +
        `The last line of each person counts. A process that opens an empty journal has a peak of ${show(empty.peakBytes / megabyte)} MB. The last column is without it.`
    ],
    tables: [
      {
        caption: "Puts",
        columns: ["at once", "puts a second", "x 1 at once"],
        rows: puts.map(({ concurrency, putsPerSecond }) => [
          String(concurrency),
          show(putsPerSecond),
          show(putsPerSecond / first)
        ])
      },
      {
        caption: "Opening",
        columns: [
          "people",
          "seconds",
          "µs a person",
          "peak MB",
          "lines that count, MB",
          "memory on top, x those lines"
        ],
        rows: openings.map(({ liveBytes, peakBytes, people, seconds }) => [
          show(people),
          show(seconds),
          show((seconds / people) * 1_000_000),
          show(peakBytes / megabyte),
          show(liveBytes / megabyte),
          show((peakBytes - empty.peakBytes) / liveBytes)
        ])
      }
    ],
    measured: Object.fromEntries([
      ...puts.map(({ concurrency, putsPerSecond }) => [`scale/journalFile/puts/${concurrency}`, putsPerSecond]),
      ...openings.flatMap(({ liveBytes, peakBytes, people, seconds }) => [
        [`scale/journalFile/seconds/${people}`, seconds],
        [`scale/journalFile/memory/${people}`, (peakBytes - empty.peakBytes) / liveBytes]
      ])
    ])
  }
}
