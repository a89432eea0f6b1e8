import { dirname, join } from "node:path"
import { assert, inject } from "vitest"
import {
  type Ended,
  firstLine as firstLineOf,
  launch as launchProcess,
  whenEnded,
  whenReady
} from "../../scripts/launch.ts"
import { root } from "../../scripts/packages.ts"
import { assertJsonLines } from "./jsonLines.ts"

/** The file that the command starts with, as it is published. */
export const main = inject("command")

/** The file that the command starts with in the workspace, as `pnpm start` runs it. */
export const sourceMain = `${root}packages/app/src/main.ts`

// Each run of the tests has another bundle, so it has another cache
const inherited = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: join(dirname(main), "cache") }

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

/** A pipe to this process, or an open file. */
type Destination = "pipe" | number

/** Launches a command with its stdout and stderr where they belong. */
export const launchOn = (
  stdout: Destination,
  args: ReadonlyArray<string>,
  env: Environment = {},
  stderr: Destination = "pipe"
) =>
  launchProcess(process.execPath, [main, ...args], {
    env: { ...inherited, ...env },
    stdio: ["pipe", stdout, stderr]
  })

const launch = (args: ReadonlyArray<string>, env: Environment, stdin = "") => {
  const launched = launchOn("pipe", args, env)
  launched.child.stdin?.write(stdin)
  if (!stdin.endsWith("\n")) launched.child.stdin?.end()
  return launched
}

const withoutSecrets = (ended: Ended, showsSession = false): Ended => {
  const stdout = showsSession ? ended.stdout.replace(session, "") : ended.stdout
  assert.notMatch(stdout + ended.stderr, secret, "no secret is ever printed")
  return ended
}

/** Holds every command of these tests to the schema of its JSON. A killed one has no end. */
const inShape = (args: ReadonlyArray<string>, ended: Ended): Ended => {
  if (ended.code !== null) assertJsonLines(args, ended)
  return ended
}

/** Runs the command line to its end, with nothing in its environment but `env`, the PATH and a cache. One that does not end is stopped. */
export const run = async (args: ReadonlyArray<string>, env: Environment = {}, options: Options = {}): Promise<Ended> =>
  inShape(
    args,
    withoutSecrets(await whenEnded(launch(args, env, options.stdin), options.timeout), options.showsSession)
  )

/**
 * Starts a command that is to be stopped, and waits for its first line, or until `busy` says that it is in the midst of
 * its work. The caller stops it.
 */
export const start = async (args: ReadonlyArray<string>, env: Environment = {}, busy?: PromiseLike<void>) => {
  const launched = launch(args, env)
  const firstLine =
    busy === undefined
      ? await whenReady(launched, firstLineOf(launched))
      : await whenReady(
          launched,
          busy.then(() => ""),
          50_000
        )
  const stop = async (signal?: NodeJS.Signals): Promise<Ended> =>
    inShape(args, withoutSecrets(await launched.stop(signal)))
  /** As a pipe's other end that is gone, or a terminal. */
  const leave = async (): Promise<Ended> => {
    launched.child.stdout?.destroy()
    return withoutSecrets(await whenEnded(launched))
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
  const headers = { "content-type": "application/json" }
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}

/** Gets JSON, with a token if one is passed. */
export const get = async (url: string, token?: string): Promise<unknown> => {
  const response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  return response.json()
}
