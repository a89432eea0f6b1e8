/** `pnpm smoke` checks on a real server, or on the emulator, what this project relies on. `--help` says how. */
import { smoke } from "./smoke.ts"

const controller = new AbortController()
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => controller.abort())

// Nobody reads on, but what the run has assigned still has to be revoked
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => controller.abort())

process.exitCode = await smoke({
  args: process.argv.slice(2),
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  printErr: (line) => void process.stderr.write(`${line}\n`),
  interrupted: controller.signal
})
