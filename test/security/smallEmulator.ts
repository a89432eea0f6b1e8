import { readFileSync } from "node:fs"
import { firstLine, launch, whenReady } from "../../scripts/launch.ts"
import { main } from "../app/runCli.ts"

/** Starts an emulator whose heap is small, so that it dies of whatever grows. The caller must stop it. */
export const startSmall = async (heapMebibytes = 192) => {
  const launched = launch(process.execPath, [`--max-old-space-size=${heapMebibytes}`, main, "emulator"])
  const url = await whenReady(launched, firstLine(launched))
  /** The memory of the process in MiB: what it uses now, or the most that it ever used. */
  const memory = (kind: "VmRSS" | "VmHWM" = "VmRSS") => {
    const status = readFileSync(`/proc/${launched.child.pid}/status`, "utf8")
    return Number(new RegExp(`(?<=${kind}:\\s+)\\d+`).exec(status)?.[0] ?? Number.NaN) / 1024
  }
  return { url, memory, stop: () => launched.stop() }
}
