import type { Emulator } from "./emulator.ts"
import type { Answer, Ask } from "./exchange.ts"
import { NotChecked } from "./fact.ts"
import type { Keeper } from "./keeper.ts"
import type { Options } from "./options.ts"
import type { Secrets } from "./secrets.ts"
import type { Surface } from "./surface.ts"

/** Everything that a fact may use. */
export interface Run {
  readonly options: Options
  /** Sends a request. It ends with the run. */
  readonly send: (ask: Ask, isLimitExpected?: boolean) => Promise<Answer>
  /** Every answer of Polar so far. */
  readonly answers: ReadonlyArray<Answer>
  /** The surface that lists, assigns and revokes: the portal if there is a session for it. */
  readonly surface: Surface
  readonly keeper: Keeper
  /** Undefined if the server is Polar. */
  readonly emulator: Emulator | undefined
  readonly secrets: Secrets
}

const surface = ({ options: { surfaces } }: Run, wanted: Surface["name"], variable: string): Surface => {
  const found = surfaces.find(({ name }) => name === wanted)
  if (found === undefined) throw new NotChecked(`${variable} is not set`)
  return found
}

/** The customer portal, if the run has a session for it. */
export const portalOf = (run: Run): Surface => surface(run, "portal", "POLAR_CUSTOMER_SESSION")

/** The organization's surface, if the run has a token for it. */
export const organizationOf = (run: Run): Surface => surface(run, "organization", "POLAR_ACCESS_TOKEN")

/** The control API, if the server is an emulator. */
export const emulatorOf = ({ emulator }: Run): Emulator => {
  if (emulator === undefined) throw new NotChecked("only an emulator shows the mails and their links")
  return emulator
}

/** A part of a run that several facts look at. It happens once. */
export const scene = <A>(play: (run: Run) => Promise<A>): ((run: Run) => Promise<A>) => {
  const played = new WeakMap<Run, Promise<A>>()
  return (run) => {
    const known = played.get(run) ?? play(run)
    played.set(run, known)
    return known
  }
}
