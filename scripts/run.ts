import { execFileSync } from "node:child_process"

// npm must not see the variables that pnpm sets for its scripts, except the registry
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("npm_") || name === "npm_config_registry")
)

/** Runs a program as a user of the packages would, and returns what it prints on stdout. */
export const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 300_000,
    maxBuffer: 2 ** 26
  })
