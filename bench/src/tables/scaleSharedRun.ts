import { startPostgres } from "../../../scripts/postgres.ts"
import { start, worker } from "../processes.ts"
import { type Report, show } from "../report.ts"

/** Runs a number of workers, each a process of its own, over the seats of one run. Returns the seats a second. */
const runWorkers = async (url: string, workers: number, count: number, concurrency: number) => {
  const run = `run-${workers}-${count}-${concurrency}`
  const startWorker = () => start(worker("sharedRun"), url, run, String(count))
  const offering = await startWorker()
  await offering.ask({ task: "offer" })
  await offering.stop()
  const all = await Promise.all(Array.from({ length: workers }, startWorker))
  const begin = performance.now()
  const figures = await Promise.all(all.map(({ ask }) => ask({ task: "work", concurrency })))
  const seconds = (performance.now() - begin) / 1000
  await Promise.all(all.map(({ stop }) => stop()))
  const mailed = figures.reduce((sum, { seats = 0 }) => sum + seats, 0)
  if (mailed !== count) throw new Error(`${workers} workers mailed ${mailed} of ${count} seats`)
  return count / seconds
}

export const run = async (count: number): Promise<Report> => {
  const postgres = await startPostgres()
  try {
    const rows: Array<readonly [string, number, number]> = []
    for (const workers of [1, 2, 4]) {
      rows.push([
        String(workers),
        await runWorkers(postgres.url, workers, count, 16),
        await runWorkers(postgres.url, workers, count, 64)
      ])
    }
    return {
      title: "Shared runs",
      notes: [],
      tables: [
        { columns: ["workers", "16 at once", "64 at once"], rows: rows.map(([n, a, b]) => [n, show(a), show(b)]) }
      ],
      measured: {}
    }
  } finally {
    await postgres.stop()
  }
}
if (process.argv[1]?.endsWith("scaleSharedRun.ts")) console.log(JSON.stringify((await run(3000)).tables))
