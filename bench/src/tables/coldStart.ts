import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { launch, whenEnded } from "../../../scripts/launch.ts"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { bundleForNode } from "../bundle.ts"
import { interleaved, startPolar } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"
import { seatId } from "../wire.ts"

const contenders = {
  fetch: "raw `fetch`",
  sdk: "`@polar-sh/sdk` 1.0.1",
  sdkAgain: "`@polar-sh/sdk` 1.0.1, again (noise)",
  sdk049: "`@polar-sh/sdk` 0.49.0",
  oursFetch: "ours on fetch",
  oursUndici: "ours on undici",
  sdkSource: "`@polar-sh/sdk` 1.0.1, not bundled",
  oursFetchSource: "ours on fetch, not bundled, from TypeScript",
  oursUndiciSource: "ours on undici, not bundled, from TypeScript"
} as const
type Name = keyof typeof contenders
const names: ReadonlyArray<Name> = [
  "fetch",
  "sdk",
  "sdkAgain",
  "sdk049",
  "oursFetch",
  "oursUndici",
  "sdkSource",
  "oursFetchSource",
  "oursUndiciSource"
]
const bundled = ["fetch", "sdk", "sdk049", "oursFetch", "oursUndici"] as const

const rounds = 15

/** Measures from the start of the process to its first answer. */
const firstAnswer = async (script: string, url: string) => {
  const begin = performance.now()
  const launched = launch(process.execPath, [script, url], { stdio: ["ignore", "pipe", "pipe"] })
  let millis = Number.NaN
  launched.child.stdout?.once("data", () => {
    millis = performance.now() - begin
  })
  const { code, stdout } = await whenEnded(launched)
  const { cpuMillis, id, megabytes } = code === 0 ? JSON.parse(stdout) : {}
  if (id !== seatId(1)) throw launched.failure(`exited with code ${code} and printed another seat or none`)
  return { millis, cpuMillis: Number(cpuMillis), megabytes: Number(megabytes) }
}

export const run = async (): Promise<Report> => {
  const polar = await startPolar("plain")
  const folder = makeTemporaryFolder("bench")
  await Promise.all(bundled.map((name) => bundleForNode(`cold/${name}`, join(folder, `${name}.mjs`))))
  const scriptOf = (name: Name) =>
    name.endsWith("Source")
      ? fileURLToPath(new URL(`../apps/cold/${name.replace("Source", "")}.ts`, import.meta.url))
      : join(folder, `${name.replace("Again", "")}.mjs`)
  const ask = (name: Name) => firstAnswer(scriptOf(name), polar.url)
  // The first round is not measured: it brings the files of all contenders into the page cache
  await interleaved(1, names, ask)
  const measuredRounds = await interleaved(rounds, names, ask)
  await polar.stop()
  const millis = (name: Name) => measuredRounds[name].map(({ millis }) => millis)
  const cpuMillis = (name: Name) => measuredRounds[name].map(({ cpuMillis }) => cpuMillis)
  const megabytes = (name: Name) => measuredRounds[name].map(({ megabytes }) => megabytes)
  return {
    title: "Cold start",
    notes: [
      `The time from the start of a Node process to its first answer, with its CPU time and its most memory. Medians of ${rounds} rounds. esbuild bundles and minifies all contenders but those that say otherwise.`
    ],
    tables: [
      {
        columns: ["contender", "ms", "x SDK 1.0.1", "CPU ms", "x SDK 1.0.1", "MB", "x SDK 1.0.1"],
        rows: names.map((name) => [
          contenders[name],
          show(median(millis(name))),
          show(ratio(millis(name), millis("sdk"))),
          show(median(cpuMillis(name))),
          show(ratio(cpuMillis(name), cpuMillis("sdk"))),
          show(median(megabytes(name))),
          show(ratio(megabytes(name), megabytes("sdk")))
        ])
      }
    ],
    measured: Object.fromEntries(names.map((name) => [`cold/${name}`, ratio(millis(name), millis("sdk"))]))
  }
}
