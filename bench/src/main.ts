/**
 * `pnpm bench` prints every table and writes RESULTS.md. `pnpm bench call weight` prints those two tables. `pnpm bench
 * --check` compares the quick and steady figures with their targets, and fails if two runs in a row miss one by more than
 * noise.
 */
import { readFile, writeFile } from "node:fs/promises"
import { arch, cpus, platform, release, totalmem } from "node:os"
import { type Report, showReport } from "./report.ts"
import * as Bulk from "./tables/bulk.ts"
import * as Call from "./tables/call.ts"
import * as ColdStart from "./tables/coldStart.ts"
import * as Decoding from "./tables/decoding.ts"
import * as Emulator from "./tables/emulator.ts"
import * as Scale from "./tables/scale.ts"
import * as ScaleReissue from "./tables/scaleReissue.ts"
import * as Weight from "./tables/weight.ts"
import { checked, judged, showTargets } from "./targets.ts"

const tables: Readonly<Record<string, () => Promise<Report>>> = {
  call: () => Call.run(Call.full),
  decoding: () => Decoding.run(Decoding.full),
  weight: Weight.run,
  cold: ColdStart.run,
  bulk: Bulk.run,
  emulator: Emulator.run,
  scale: Scale.run
}
const quick = [() => Decoding.run(Decoding.quick), () => Call.run(Call.quick), () => ScaleReissue.run([250, 1000])]

const peers = ["effect", "@polar-sh/sdk", "polar-sdk-0-49", "undici", "zod", "p-limit", "esbuild"]
const versionOf = async (name: string): Promise<string> => {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return `${name} ${JSON.parse(await readFile(path, "utf8")).version}`
}
const conditions = async (): Promise<string> => {
  const versions = await Promise.all(peers.map(versionOf))
  return [
    `- ${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${release()} ${arch()}`,
    `- Node ${process.version.slice(1)} (undici ${process.versions["undici"]} in its \`fetch\`)`,
    `- ${versions.join(", ")}`
  ].join("\n")
}

const runAll = async (runs: ReadonlyArray<() => Promise<Report>>) => {
  const reports: Array<Report> = []
  for (const run of runs) {
    const report = await run()
    console.log(`${showReport(report)}\n`)
    reports.push(report)
  }
  return { reports, measured: Object.assign({}, ...reports.map(({ measured }) => measured)) }
}

const args = process.argv.slice(2)
const unknown = args.filter((arg) => arg !== "--check" && !(arg in tables))
if (unknown.length > 0 || (args.includes("--check") && args.length > 1)) {
  console.error(
    `Unknown arguments. Pass nothing, --check alone, or names of tables: ${Object.keys(tables).join(", ")}.`
  )
  process.exitCode = 2
} else if (args.includes("--check")) {
  const check = async () => {
    const { measured } = await runAll(quick)
    const rows = checked(measured)
    const title = "Targets, with slack for noise"
    console.log(showReport({ title, notes: [], tables: [showTargets(rows)], measured }))
    return rows.every(({ isReached }) => isReached)
  }
  // Another process may have kept the machine busy during the first run, so there is a second one
  process.exitCode = (await check()) || (await check()) ? 0 : 1
} else {
  const names = args.length > 0 ? args : Object.keys(tables)
  const { measured, reports } = await runAll(names.flatMap((name) => tables[name] ?? []))
  const targets: Report = { title: "Targets", notes: [], tables: [showTargets(judged(measured))], measured }
  console.log(showReport(targets))
  if (args.length === 0) {
    const text = ["# Results", await conditions(), ...[...reports, targets].map(showReport)].join("\n\n")
    await writeFile(new URL("../RESULTS.md", import.meta.url), `${text}\n`)
  }
}
