import { isEmulator, makeEmulator } from "./emulator.ts"
import { type Fact, NotChecked } from "./fact.ts"
import { facts as everyFact } from "./facts/index.ts"
import { listing, makeKeeper } from "./keeper.ts"
import { type Options, readOptions, usage, WrongUse } from "./options.ts"
import { putBack } from "./putBack.ts"
import { type Finding, makeReport } from "./report.ts"
import type { Run } from "./run.ts"
import { readSeats } from "./seats.ts"
import { makeSecrets, type Secrets } from "./secrets.ts"
import type { Surface } from "./surface.ts"
import { makeWire } from "./wire.ts"

export interface Surroundings {
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly print: (line: string) => void
  readonly printErr: (line: string) => void
  /** Ends the run. The seats that it has assigned are revoked within a second. */
  readonly interrupted: AbortSignal
  /** Default: every fact. */
  readonly facts?: ReadonlyArray<Fact>
}

/** A request that changes something may be done although its answer is not awaited, so it gets this long after an interruption. */
const graceOfWrites = 250
/** How long the seats may take to be put back after an interruption, from the interruption on. */
const graceOfUndo = 650

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Checks one fact. Fails only if the run is interrupted. */
const find = async ({ check }: Fact, run: Run, interrupted: AbortSignal): Promise<Finding> => {
  try {
    const differences = await check(run)
    return differences.length === 0 ? { outcome: "ok" } : { outcome: "differs", differences }
  } catch (error) {
    if (interrupted.aborted) throw error
    if (error instanceof NotChecked) return { outcome: "not_checked", reason: error.message }
    const difference = { what: "the requests of this fact", expected: "an answer", came: reasonOf(error) }
    return { outcome: "differs", differences: [difference] }
  }
}

/** A signal that follows another one after some milliseconds. */
const later = (signal: AbortSignal, millis: number): AbortSignal => {
  const controller = new AbortController()
  signal.addEventListener("abort", () => setTimeout(() => controller.abort(), millis).unref(), { once: true })
  return controller.signal
}

/** Lists the seats, to find out whether a token and the subscription go together. */
const listOn = async (surface: Surface, { base, subscription }: Options, send: Run["send"], { hide }: Secrets) => {
  const { status, json, text } = await send(listing(surface, subscription))
  const seats = readSeats(json)
  if (seats !== undefined) return seats
  const variable = surface.name === "portal" ? "POLAR_CUSTOMER_SESSION" : "POLAR_ACCESS_TOKEN"
  throw new WrongUse(
    `${base.host} answered ${status} when ${variable} listed the seats of ${subscription}: ${hide(text.slice(0, 200))}. ` +
      "Check the token, its environment and the subscription."
  )
}

const runWith = async (options: Options, surroundings: Surroundings): Promise<number> => {
  const { facts = everyFact, interrupted, print } = surroundings
  const secrets = makeSecrets()
  const { addresses, base, surfaces } = options
  const [surface] = surfaces
  for (const token of [...surfaces.map(({ token }) => token), options.readOnly]) secrets.add(token)
  const printErr = (line: string) => surroundings.printErr(secrets.hide(line))
  const wire = makeWire(base, printErr)
  const writes = later(interrupted, graceOfWrites)
  const undo = later(interrupted, graceOfUndo)
  const send: Run["send"] = (ask, isLimitExpected = false) => {
    interrupted.throwIfAborted()
    if (ask.method === "GET") return wire.send(ask, { signal: interrupted, isLimitExpected })
    return wire.send(ask, { signal: writes, isLimitExpected }).catch((error: unknown) => {
      if (writes.aborted) printErr(`${ask.method} ${ask.path} was on its way, and may still be done.`)
      throw error
    })
  }
  try {
    const emulator = (await isEmulator(base, send)) ? makeEmulator(send, secrets) : undefined
    const before = await listOn(surface, options, send, secrets)
    for (const other of surfaces.slice(1)) await listOn(other, options, send, secrets)
    const keeper = makeKeeper(before, surface, options.subscription, addresses)
    const run: Run = { options, send, answers: wire.answers, surface, keeper, emulator, secrets }
    const report = makeReport(options.isJson, secrets, print)
    report.start(
      `${base.origin}${emulator === undefined ? "" : " (an emulator)"}, subscription ${options.subscription}: ` +
        `${before.available} of ${before.total} seats are free. ` +
        (addresses.length === 0 ? "Nobody is mailed." : `Mails go to ${addresses.join(", ")} alone.`)
    )
    let left: ReadonlyArray<string> = []
    try {
      for (const fact of facts) report.fact(fact, await find(fact, run, interrupted))
    } finally {
      left = await putBack(run, (ask) => wire.send(ask, { signal: undo }))
      for (const problem of left) printErr(problem)
    }
    interrupted.throwIfAborted()
    report.end()
    return report.hasDifference() || left.length > 0 ? 1 : 0
  } finally {
    wire.close()
  }
}

/** Runs the command, and returns its exit code. */
export const smoke = async (surroundings: Surroundings): Promise<number> => {
  const { args, env, interrupted, print, printErr } = surroundings
  try {
    const options = readOptions(args, env)
    if (options !== undefined) return await runWith(options, surroundings)
    print(usage.trimEnd())
    return 0
  } catch (error) {
    if (interrupted.aborted) {
      printErr("Interrupted.")
      return 130
    }
    printErr(error instanceof WrongUse ? error.message : `The server cannot be asked: ${reasonOf(error)}`)
    return 2
  }
}
