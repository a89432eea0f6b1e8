import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** What a worker is told to do, and what comes of it: numbers and words alone. */
export type Task = Readonly<Record<string, string | number>>
export type Outcome = Readonly<Record<string, number>>

const isOutcome = (message: unknown): message is Outcome =>
  typeof message === "object" && message !== null && Object.values(message).every((value) => typeof value === "number")

/** The worker's end: says that it is ready, then answers one task after the other. */
export const serve = (work: (task: Task) => Outcome | Promise<Outcome>): void => {
  process.on("message", (task: Task) => {
    void Promise.resolve(work(task)).then((outcome) => process.send?.(outcome))
  })
  // Nothing outlives a run that was broken off
  process.on("disconnect", () => process.exit(1))
  process.on("unhandledRejection", (reason) => {
    process.stderr.write(`${String(reason)}\n`)
    process.exit(1)
  })
  process.send?.({})
}

const next = (child: ChildProcess, name: string): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${name} ended with ${code} instead of answering.`))
    child.once("exit", onExit)
    child.once("message", (message) => {
      child.off("exit", onExit)
      if (isOutcome(message)) resolve(message)
      else reject(new Error(`${name} answered with something else than numbers.`))
    })
  })

/** A process of its own for what is measured, so that nobody pays for another's garbage or spoils his inlining. */
export interface Worker {
  readonly ask: (task?: Task) => Promise<Outcome>
  readonly stop: () => Promise<void>
}

/** The path of `workers/<name>.ts`. */
export const worker = (name: string): string => fileURLToPath(new URL(`./workers/${name}.ts`, import.meta.url))

/** Starts a worker and waits until it is ready. */
export const start = async (script: string, ...args: ReadonlyArray<string>): Promise<Worker> => {
  const child = fork(script, args, { execArgv: ["--expose-gc"] })
  const name = [script, ...args].join(" ")
  await next(child, name)
  return {
    ask: (task = {}) => {
      const outcome = next(child, name)
      child.send(task)
      return outcome
    },
    stop: async () => {
      const gone = once(child, "exit")
      child.kill("SIGKILL")
      await gone
    }
  }
}

/** A server that answers from memory, in a process of its own, with its URL. It has so many seats to list. */
export const startPolar = async (mode: "plain" | "fifth" | "bucket", seats = 0) => {
  const polar = await start(worker("polar"), mode, String(seats))
  const { port } = await polar.ask()
  return { ...polar, url: `http://127.0.0.1:${port}` }
}

/** Rounds in which each has his turn, there and back again, so that a machine that warms up or is busy does so to all. */
export const interleaved = async <Name extends string, A>(
  rounds: number,
  names: ReadonlyArray<Name>,
  run: (name: Name) => Promise<A>
): Promise<Record<Name, Array<A>>> => {
  const outcomes = new Map<Name, Array<A>>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) outcomes.get(name)?.push(await run(name))
  }
  return Object.fromEntries(outcomes) as Record<Name, Array<A>>
}
