import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process"
import { basename } from "node:path"
import { atExit } from "./atExit.ts"

/** How a process ended, and everything that it printed. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process, together with what it has printed so far. */
export interface Launched {
  readonly child: ChildProcess
  readonly printed: { readonly stdout: string; readonly stderr: string }
  /** Fails if the process cannot be started. */
  readonly ended: Promise<Ended>
  /** Sends a signal. A process that is still there ten seconds later is killed. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>
  /** An error about this process, with what it printed. */
  readonly failure: (what: string) => Error
}

const usualTimeout = 15_000
const timeToStop = 10_000

/** Starts a process. It does not outlive this one. */
export const launch = (
  file: string,
  args: ReadonlyArray<string>,
  options: Omit<SpawnOptions, "timeout"> = {}
): Launched => {
  const child = spawn(file, args, options)
  const printed = { stdout: "", stderr: "" }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (chunk: string) => {
      printed[stream] += chunk
    })
  }
  // A process that is gone reads nothing. `ended` says why it is gone
  child.stdin?.on("error", () => {})
  const failure = (what: string) => {
    const output = `${printed.stdout}${printed.stderr}`.trim()
    return new Error(
      `${[basename(file), ...args].join(" ")} ${what}. It printed ${output === "" ? "nothing." : `this:\n${output}`}`
    )
  }
  const forget = atExit(() => child.kill("SIGKILL"))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", (error) => reject(failure(`did not start: ${error.message}`)))
    child.once("close", (code) => resolve({ code, ...printed }))
  }).finally(forget)
  // The failure reaches everyone who waits for it, and there may be nobody
  ended.catch(() => {})
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal)
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      // A process of its own may still hold them
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, timeToStop)
    return ended.finally(() => clearTimeout(timer))
  }
  return { child, printed, ended, stop, failure }
}

/** Waits for something of a process. If it takes too long, the process is killed, and the error says what it printed. */
const inTime = async <A>(launched: Launched, timeout: number, what: string, awaited: PromiseLike<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const tell = () => reject(launched.failure(`${what} within ${timeout / 1000} s, and was killed`))
    timer = setTimeout(tell, timeout)
  })
  try {
    return await Promise.race([awaited, late])
  } catch (error) {
    await launched.stop("SIGKILL").catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until a process is ready. Fails if it does not start, ends before that, or takes too long. */
export const whenReady = <A>(launched: Launched, ready: PromiseLike<A>, timeout = usualTimeout): Promise<A> => {
  const tooEarly = launched.ended.then(({ code }) => {
    const how = code === null ? `by ${launched.child.signalCode}` : `with ${code}`
    throw launched.failure(`ended ${how} before it was ready`)
  })
  return inTime(launched, timeout, "was not ready", Promise.race([ready, tooEarly]))
}

/** Waits until a process ends by itself. Fails if it does not start or takes too long. */
export const whenEnded = (launched: Launched, timeout = usualTimeout): Promise<Ended> =>
  inTime(launched, timeout, "did not end", launched.ended)

/** Runs a program that has to end with 0. */
export const runToEnd = async (
  file: string,
  args: ReadonlyArray<string>,
  { timeout, ...options }: SpawnOptions = {}
): Promise<Ended> => {
  const launched = launch(file, args, { stdio: ["ignore", "pipe", "pipe"], ...options })
  const ended = await whenEnded(launched, timeout)
  if (ended.code !== 0) throw launched.failure(`ended with ${ended.code ?? launched.child.signalCode}`)
  return ended
}

/** Waits until `find` finds something in the output of a process. It never fails, so it is for `whenReady`. */
export const whenPrinted = <A>({ child, printed }: Launched, find: (output: Launched["printed"]) => A | undefined) =>
  new Promise<A>((resolve) => {
    const look = () => {
      const found = find(printed)
      if (found !== undefined) resolve(found)
    }
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", look)
    look()
  })

/** The first line on stdout, once it is whole. */
export const firstLine = (launched: Launched): Promise<string> =>
  whenPrinted(launched, ({ stdout }) => (stdout.includes("\n") ? stdout.slice(0, stdout.indexOf("\n")) : undefined))
