import { PgClient } from "@effect/sql-pg"
import { Seats } from "@polar-seats/domain/Seats"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { startPostgres } from "../../../scripts/postgres.ts"
import { start, worker } from "../processes.ts"
import { type Report, show } from "../report.ts"

/** Runs a number of workers, each a process of its own, over the seats of one run. Returns the seats a second. */
const runWorkers = async (url: string, workers: number, count: number, concurrency: number) => {
  const run = `run-${workers}-${concurrency}`
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

const tables = { run: "scale_run", journal: "scale_journal" }
const nobody = Layer.mock(Seats, {})

/** Fills a run and its journal with seats that are done, as they are near the end of a long run. */
const fill = (from: number, to: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const entry = JSON.stringify({
      key: "subscription/e5149aae-e521-42b9-b24c-abb3d71eea2e/seat@acme.com",
      version: 2,
      at: "2026-11-23T00:00:00.000Z",
      mailed: {
        at: "2026-11-23T00:00:00.000Z",
        seatId: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
        how: "Resent",
        revoked: null
      },
      doubt: null,
      attempt: null
    })
    yield* sql`INSERT INTO ${sql(tables.journal)} (run, id, version, seats, is_open, is_settled, write, entry)
      SELECT 'default', 'subscription/' || n, 2, ARRAY[n::TEXT], FALSE, TRUE, '', ${entry}
      FROM generate_series(${from}::INTEGER, ${to}::INTEGER) AS n`
    yield* sql`INSERT INTO ${sql(tables.run)} (run, id, is_open, weight, result)
      SELECT 'scale', 'seat/' || n, FALSE, 3, '{}' FROM generate_series(${from}::INTEGER, ${to}::INTEGER) AS n`
    yield* sql`ANALYZE`
  })

const millisOf = <A, E, R>(effect: Effect.Effect<A, E, R>, times: number) =>
  Effect.gen(function* () {
    yield* effect
    const begin = performance.now()
    for (let time = 0; time < times; time++) yield* effect
    return (performance.now() - begin) / times
  })

/** Times the questions of a worker that starts or waits, by the number of seats in the run and in the journal. */
const measureTables = (url: string, sizes: ReadonlyArray<number>) => {
  const database = PgClient.layer({ url: Redacted.make(url), maxConnections: 3 })
  const services = Layer.mergeAll(
    SharedRun.layer({ run: "scale", table: tables.run, journal: { table: tables.journal } }),
    JournalSql.layer({ table: tables.journal })
  ).pipe(Layer.provide(nobody), Layer.provideMerge(database))
  return Effect.gen(function* () {
    const { isDone, progress } = yield* SharedRun.SharedRun
    const { attempts } = yield* Journal
    const rows: Array<ReadonlyArray<number>> = []
    let filled = 0
    for (const size of sizes) {
      yield* fill(filled + 1, size)
      filled = size
      rows.push([
        size,
        yield* millisOf(Stream.runCollect(attempts), 20),
        yield* millisOf(isDone, 20),
        yield* millisOf(progress, 3)
      ])
    }
    return rows
  }).pipe(Effect.provide(services), Effect.runPromise)
}

/** Runs that several workers share, on a PostgreSQL of their own. */
export const run = async (seats: number, sizes: ReadonlyArray<number>): Promise<Report> => {
  const postgres = await startPostgres()
  if (postgres.isMissing)
    return { title: "Shared runs", notes: [`Not measured${postgres.why}.`], tables: [], measured: {} }
  try {
    const rows: Array<readonly [number, number, number]> = []
    for (const workers of [1, 2, 4]) {
      const at = (concurrency: number) => runWorkers(postgres.url, workers, seats, concurrency)
      rows.push([workers, await at(16), await at(64)])
    }
    const [smallest, ...larger] = await measureTables(postgres.url, sizes)
    const [, , isDone = Number.NaN] = larger.at(-1) ?? []
    return {
      title: "Shared runs",
      notes: [
        "Workers are processes on the machine of the database, and their Polar answers at once. PostgreSQL does not sync to the disk here."
      ],
      tables: [
        {
          caption: `A shared run of ${show(seats)} seats, in seats a second over all workers`,
          columns: ["workers", "16 at once", "64 at once"],
          rows: rows.map((row) => row.map(show))
        },
        {
          caption: "Questions of a worker to the database, in milliseconds",
          columns: ["seats that are done", "unfinished attempts", "whether the run is done", "`progress`"],
          rows: [smallest ?? [], ...larger].map((row) => row.map(show))
        }
      ],
      measured: { "scale/isDone": isDone, "scale/oneWorker": rows[0]?.[1] ?? Number.NaN }
    }
  } finally {
    await postgres.stop()
  }
}
