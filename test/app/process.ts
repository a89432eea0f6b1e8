import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert } from "vitest"

const main = fileURLToPath(new URL("../../packages/app/src/main.ts", import.meta.url))

/** What a run of the command line left behind. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Environment = Readonly<Record<string, string>>

// Every token of these tests reads like this. Help and messages say polar_cst_… at the most
const secret = /s3cret|polar_(cst|mst|oat)_\w/

const launch = (args: ReadonlyArray<string>, env: Environment, timeout?: number) => {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], ...env }, timeout })
  const text = { stdout: "", stderr: "" }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      text[stream] += chunk
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, ...text }))
  }).then((end) => {
    assert.notMatch(end.stdout + end.stderr, secret, "no token is ever printed")
    return end
  })
  return { child, ended }
}

/** Runs the command line to its end, with nothing in its environment but `env` and the PATH. One that does not end is stopped. */
export const run = (args: ReadonlyArray<string>, env: Environment = {}): Promise<Ended> =>
  launch(args, env, 15_000).ended

/** Starts the command line's emulator, and waits for its first line. Whoever starts it stops it. */
export const startEmulator = async (...args: ReadonlyArray<string>) => {
  const { child, ended } = launch(["emulator", ...args], {})
  const firstLine = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve)
    ended.then(({ stderr }) => reject(new Error(`the emulator ended at once: ${stderr}`)), reject)
  })
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> => {
    child.kill(signal)
    return ended
  }
  return { firstLine, stop }
}

/** Posts JSON, and answers with the status and the JSON that came back. */
export const post = async (
  url: string,
  body: unknown
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}

/** Gets JSON, with a token where one is given. */
export const get = async (url: string, token?: string): Promise<unknown> => {
  const response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  return response.json()
}
