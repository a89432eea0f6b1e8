import { join } from "node:path"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { bundleForNode } from "../bundle.ts"
import { interleaved, start, startPolar } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"

const contenders = {
  sdk: "`@polar-sh/sdk` 1.0.1 in a Promise pool",
  oursFetch: "ours on fetch",
  oursUndici: "ours on undici"
} as const
type Name = keyof typeof contenders
const names: ReadonlyArray<Name> = ["sdk", "oursFetch", "oursUndici"]

/** Resends each seat once, against a server that refuses nothing. */
const resendAll = async (folder: string, name: Name, seats: number) => {
  const polar = await startPolar("plain", seats)
  const worker = await start(join(folder, `${name}.mjs`), polar.url)
  const { done = 0, seconds = Number.NaN } = await worker.ask({ concurrency: 64 })
  await Promise.all([worker.stop(), polar.stop()])
  if (done !== seats) throw new Error(`${name} mailed ${done} of ${seats} seats`)
  return seconds
}

/** A bulk resend without a refusal, against the SDK in a pool. */
export const run = async (seats: number, rounds: number): Promise<Report> => {
  const folder = makeTemporaryFolder("bench")
  await Promise.all(names.map((name) => bundleForNode(`bulk/${name}`, join(folder, `${name}.mjs`))))
  const seconds = await interleaved(rounds, names, (name) => resendAll(folder, name, seats))
  const speed = (name: Name) => ratio(seconds.sdk, seconds[name])
  return {
    title: "Bulk without a refusal",
    notes: [],
    tables: [
      {
        caption: `A bulk resend of ${show(seats)} seats without a 429, 64 at once. Medians of ${rounds} rounds`,
        columns: ["contender", "seconds", "x SDK pool"],
        rows: names.map((name) => [contenders[name], show(median(seconds[name])), show(speed(name))])
      }
    ],
    measured: {
      "scale/bulk/oursFetch": speed("oursFetch"),
      "scale/bulk/oursUndici": speed("oursUndici")
    }
  }
}
