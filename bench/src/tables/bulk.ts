import { join } from "node:path"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { bundleForNode } from "../bundle.ts"
import { interleaved, start, startPolar } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"

const contenders = {
  raw: "raw `undici.request`, a waiting seat blocks no other",
  rawAgain: "raw `undici.request`, again (noise)",
  sdk: "`@polar-sh/sdk` 1.0.1 in a Promise pool",
  oursFetch: "ours on fetch",
  oursUndici: "ours on undici"
} as const
type Name = keyof typeof contenders
const names: ReadonlyArray<Name> = ["raw", "rawAgain", "sdk", "oursFetch", "oursUndici"]
const bundled = ["raw", "sdk", "oursFetch", "oursUndici"] as const

const concurrency = 64
const rounds = 3

/** Runs one contender in a process of its own, against a server of its own. Throws if a seat is not mailed, or mailed twice. */
const resendAll = async (folder: string, name: Name, mode: "fifth" | "bucket", seats: number) => {
  const polar = await startPolar(mode, seats)
  const worker = await start(join(folder, `${name.replace("Again", "")}.mjs`), polar.url)
  const { failed = 0, megabytes = Number.NaN, seconds = Number.NaN } = await worker.ask({ concurrency })
  const { answers = 0, mailed = 0, refused = 0, twice = 0, wrong = 0 } = await polar.ask()
  await Promise.all([worker.stop(), polar.stop()])
  if (mailed + failed !== seats || twice > 0 || wrong > 0) {
    throw new Error(
      `${name} mailed ${mailed} of ${seats} seats and ${twice} of them twice. The server refused ${wrong} malformed requests.`
    )
  }
  return { failed, megabytes, seconds, wasted: refused / answers, answers }
}
type Run = Awaited<ReturnType<typeof resendAll>>

export const run = async (): Promise<Report> => {
  const folder = makeTemporaryFolder("bench")
  await Promise.all(bundled.map((name) => bundleForNode(`bulk/${name}`, join(folder, `${name}.mjs`))))
  const fifth = await interleaved(rounds, names, (name) => resendAll(folder, name, "fifth", 10_000))
  const limited = await interleaved(1, names, (name) => resendAll(folder, name, "bucket", 3000))
  const figuresOf = (name: Name, key: keyof Run) => fifth[name].map((run) => run[key])
  const limitedFigure = (name: Name, key: keyof Run) => median(limited[name].map((run) => run[key]))
  // 500 mails at once, then 500 a second
  const idealSeconds = (3000 - 500) / 500
  return {
    title: "Bulk",
    notes: [
      `Each contender lists the seats and resends each, ${concurrency} at once. Each run has a process and a server of its own, which checks that every seat is mailed once. ` +
        "The SDK retries nothing by itself. Its pool is `p-limit`, in which a refused call keeps its place, sleeps for `Retry-After` and sends the request again. " +
        "The ideal of the first table is the raw contender. The ideal of the second is arithmetic."
    ],
    tables: [
      {
        caption: `10,000 seats. 20 % of all answers are 429 with \`Retry-After: 1\`, to the same seats for every contender, at most five times in a row. Medians of ${rounds} rounds`,
        columns: ["contender", "calls", "failed", "seconds", "x ideal", "MB at most", "x SDK pool"],
        rows: names.map((name) => [
          contenders[name],
          show(median(figuresOf(name, "answers"))),
          show(median(figuresOf(name, "failed"))),
          show(median(figuresOf(name, "seconds"))),
          show(ratio(figuresOf(name, "seconds"), figuresOf("raw", "seconds"))),
          show(median(figuresOf(name, "megabytes"))),
          show(ratio(figuresOf(name, "megabytes"), figuresOf("sdk", "megabytes")))
        ])
      },
      {
        caption: `3,000 seats against a bucket of 500 tokens that refills with 500 a second, with \`Retry-After: 1\`. The ideal is ${idealSeconds} seconds`,
        columns: ["contender", "calls", "failed", "seconds", "x ideal", "wasted on 429"],
        rows: names.map((name) => [
          contenders[name],
          show(limitedFigure(name, "answers")),
          show(limitedFigure(name, "failed")),
          show(limitedFigure(name, "seconds")),
          show(limitedFigure(name, "seconds") / idealSeconds),
          `${show(limitedFigure(name, "wasted") * 100)} %`
        ])
      }
    ],
    measured: {
      "bulk/seconds": median(figuresOf("oursUndici", "seconds")),
      "bulk/failed": median(figuresOf("oursUndici", "failed")),
      "bulk/memory": ratio(figuresOf("oursUndici", "megabytes"), figuresOf("sdk", "megabytes")),
      "bulk/wasted": limitedFigure("oursUndici", "wasted")
    }
  }
}
