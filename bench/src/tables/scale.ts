import type { Report } from "../report.ts"
import * as Bulk from "./scaleBulk.ts"
import * as Emulator from "./scaleEmulator.ts"
import * as JournalFile from "./scaleJournalFile.ts"
import * as Reissue from "./scaleReissue.ts"
import * as SharedRun from "./scaleSharedRun.ts"

const parts: ReadonlyArray<() => Promise<Report>> = [
  () => Reissue.run([250, 1000, 4000]),
  JournalFile.run,
  () => SharedRun.run(10_000, [10_000, 200_000]),
  () => Bulk.run(10_000, 3),
  Emulator.run
]

/** The costs that grow with the work, each at two or three sizes. */
export const run = async (): Promise<Report> => {
  const reports: Array<Report> = []
  for (const part of parts) reports.push(await part())
  return {
    title: "Scale",
    notes: reports.flatMap(({ notes }) => notes),
    tables: reports.flatMap(({ tables }) => tables),
    measured: Object.assign({}, ...reports.map(({ measured }) => measured))
  }
}
