import { spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert } from "vitest"

const main = fileURLToPath(new URL("../../packages/app/src/main.ts", import.meta.url))

/** The exit code and the output of a run of the command line. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// main.ts turns this cache on too, but can no longer save its own compilation, which is a tenth of a short run
const inherited = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") }

type Environment = Readonly<Record<string, string>>

interface Options {
  /** The text on stdin. If it ends in a line break, stdin stays open after it. */
  readonly stdin?: string
  /** Whether stdout may hold the token of a session, once. */
  readonly showsSession?: boolean
  readonly timeout?: number
}

// Every secret of these tests matches this. Help and messages contain polar_cst_… at most
const secret = /s3cret|polar_(cst|mst|oat|whs)_\w/
const session = /polar_(cst|mst)_\w+/

const launch = (args: ReadonlyArray<string>, env: Environment, { showsSession, stdin = "", timeout }: Options = {}) => {
  const child = spawn(process.execPath, [main, ...args], { env: { ...inherited, ...env }, timeout })
  child.stdin.write(stdin)
  if (!stdin.endsWith("\n")) child.stdin.end()
  const text = { stdout: "", stderr: "" }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      text[stream] += chunk
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, ...text }))
  }).then((end) => {
    const stdout = showsSession === true ? end.stdout.replace(session, "") : end.stdout
    assert.notMatch(stdout + end.stderr, secret, "no secret is ever printed")
    return end
  })
  return { child, ended }
}

/** Runs the command line to its end, with nothing in its environment but `env`, the PATH and a cache. One that does not end is stopped. */
export const run = (args: ReadonlyArray<string>, env: Environment = {}, options: Options = {}): Promise<Ended> =>
  launch(args, env, { timeout: 15_000, ...options }).ended

/**
 * Starts a command that is to be stopped, and waits for its first line, or for what else says that it is in the midst of
 * its work. The caller must stop it.
 */
export const start = async (args: ReadonlyArray<string>, env: Environment = {}, busy?: PromiseLike<void>) => {
  const { child, ended } = launch(args, env)
  const firstLine = await new Promise<string>((resolve, reject) => {
    if (busy === undefined) createInterface(child.stdout).once("line", resolve)
    else busy.then(() => resolve(""), reject)
    ended.then(({ stderr }) => reject(new Error(`${args[0]} ended at once: ${stderr}`)), reject)
  })
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> => {
    child.kill(signal)
    return ended
  }
  /** As a pipe's other end that is gone, or a terminal. */
  const leave = (): Promise<Ended> => {
    child.stdout.destroy()
    return ended
  }
  return { firstLine, stop, leave }
}

/** Starts an emulator. The caller must stop it. */
export const startEmulator = (...args: ReadonlyArray<string>) => start(["emulator", ...args])

/** Stops a command, and returns whether that took less than a second. */
export const stopInTime = async ({ stop }: Awaited<ReturnType<typeof start>>, signal: NodeJS.Signals) => {
  const told = performance.now()
  const ended = await stop(signal)
  return { ...ended, inTime: performance.now() - told < 1000 }
}

/** Posts JSON, and returns the status and the JSON of the answer. */
export const post = async (
  url: string,
  body: unknown
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}

/** Gets JSON, with a token if one is passed. */
export const get = async (url: string, token?: string): Promise<unknown> => {
  const response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  return response.json()
}
