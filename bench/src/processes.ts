import { fileURLToPath } from "node:url"
import { type Launched, launch, whenReady } from "../../scripts/launch.ts"

/** The task of a worker and its result, in numbers and words alone. */
export type Task = Readonly<Record<string, string | number>>
export type Figures = Readonly<Record<string, number>>

const areFigures = (message: unknown): message is Figures =>
  typeof message === "object" && message !== null && Object.values(message).every((value) => typeof value === "number")

/** Runs in the worker: reports that it is ready, then answers one task after the other. */
export const serve = (work: (task: Task) => Figures | Promise<Figures>): void => {
  process.on("message", (task: Task) => {
    void Promise.resolve(work(task)).then((figures) => process.send?.(figures))
  })
  // A worker ends with the process that started it
  process.on("disconnect", () => process.exit(1))
  process.on("unhandledRejection", (reason) => {
    process.stderr.write(`${String(reason)}\n`)
    process.exit(1)
  })
  process.send?.({})
}

const next = ({ child, ended, failure }: Launched): Promise<Figures> =>
  new Promise((resolve, reject) => {
    child.once("message", (message) => {
      if (areFigures(message)) resolve(message)
      else reject(failure("must answer with an object of numbers"))
    })
    ended.then(({ code }) => reject(failure(`exited with code ${code} before it answered`)), reject)
  })

/** A process of its own for one contender, so that none pays for another's garbage or disturbs its inlining. */
export interface Worker {
  readonly ask: (task?: Task) => Promise<Figures>
  readonly stop: () => Promise<void>
}

/** The path of `workers/<name>.ts`. */
export const worker = (name: string): string => fileURLToPath(new URL(`./workers/${name}.ts`, import.meta.url))

/** Starts a worker and waits until it is ready. */
export const start = async (script: string, ...args: ReadonlyArray<string>): Promise<Worker> => {
  const command = ["--expose-gc", script, ...args]
  const launched = launch(process.execPath, command, { stdio: ["ignore", "pipe", "pipe", "ipc"] })
  await whenReady(launched, next(launched))
  return {
    ask: (task = {}) => {
      const figures = next(launched)
      launched.child.send(task)
      return figures
    },
    stop: async () => void (await launched.stop("SIGKILL"))
  }
}

/** Starts a server that answers from memory, in a process of its own, with `seats` seats to list. */
export const startPolar = async (mode: "plain" | "fifth" | "bucket", seats = 0) => {
  const polar = await start(worker("polar"), mode, String(seats))
  const { port } = await polar.ask()
  return { ...polar, url: `http://127.0.0.1:${port}` }
}

/** Runs rounds in which each contender takes its turn, in alternating order, so that a busy machine slows down all of them. */
export const interleaved = async <Name extends string, A>(
  rounds: number,
  names: ReadonlyArray<Name>,
  run: (name: Name) => Promise<A>
): Promise<Record<Name, Array<A>>> => {
  const byName = new Map<Name, Array<A>>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) byName.get(name)?.push(await run(name))
  }
  return Object.fromEntries(byName) as Record<Name, Array<A>>
}
