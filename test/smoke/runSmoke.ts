import { fileURLToPath } from "node:url"
import { assert } from "vitest"
import { type Ended, launch, whenEnded } from "../../scripts/launch.ts"
import { facts as everyFact } from "../../scripts/smoke/facts/index.ts"
import { smoke } from "../../scripts/smoke/smoke.ts"
import { get, post, startEmulator } from "../app/runCli.ts"
import { type Alter, startAlteringProxy } from "./alteringProxy.ts"
import { addresses, customer, organization, readOnly, session, subscription, world } from "./world.ts"

const main = fileURLToPath(new URL("../../scripts/smoke/main.ts", import.meta.url))

export type Environment = Readonly<Record<string, string>>

export const everyToken: Environment = {
  POLAR_CUSTOMER_SESSION: session,
  POLAR_ACCESS_TOKEN: organization,
  POLAR_READ_ONLY_TOKEN: readOnly
}
export const forAddresses = (...given: ReadonlyArray<string>) => [
  "--subscription",
  subscription,
  ...given.flatMap((address) => ["--mail-to", address])
]
export const usual = forAddresses(...addresses)

/** Starts the command with nothing but `env` in its environment. */
export const startSmoke = (args: ReadonlyArray<string>, env: Environment) =>
  launch(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], ...env } })

export const runSmoke = async (args: ReadonlyArray<string>, env: Environment = {}): Promise<Ended> =>
  withoutSecrets(await whenEnded(startSmoke(args, env)))

/** Runs the command in this process, which is quicker. */
export const runHere = async (args: ReadonlyArray<string>, env: Environment, facts = everyFact): Promise<Ended> => {
  const printed: Record<"stdout" | "stderr", Array<string>> = { stdout: [], stderr: [] }
  const code = await smoke({
    args,
    env,
    print: (line) => printed.stdout.push(`${line}\n`),
    printErr: (line) => printed.stderr.push(`${line}\n`),
    interrupted: new AbortController().signal,
    facts
  })
  return withoutSecrets({ code, stdout: printed.stdout.join(""), stderr: printed.stderr.join("") })
}

/** Checks that a command has printed no token of this world, of a session or of an invitation. */
export const withoutSecrets = (ended: Ended): Ended => {
  assert.notMatch(ended.stdout + ended.stderr, /s3cret|polar_(cst|mst|oat)_\w/, "no secret is ever printed")
  return ended
}

/** The names of the facts with an outcome, from the lines of JSON. */
export const factsThat = (stdout: string, outcome: "ok" | "differs" | "not_checked"): ReadonlyArray<string> =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly fact?: string; readonly outcome?: string })
    .flatMap(({ fact, outcome: found }) => (fact !== undefined && found === outcome ? [fact] : []))

interface Seat {
  readonly id: string
  readonly status: string
  readonly [key: string]: unknown
}

const same: Alter = (_, answer) => answer

/** Starts an emulator with a team, and a proxy before it. The caller must stop both. */
export const startTeam = async () => {
  const { firstLine: emulator, stop } = await startEmulator()
  let alter = same
  const proxy = await startAlteringProxy(emulator, () => alter)
  return {
    emulator,
    proxy: proxy.url,
    /** Seeds the team again, and changes answers from now on. */
    reset: async (next: Alter = same) => {
      alter = next
      assert.strictEqual((await post(`${emulator}/_emulator/seed`, world)).status, 200)
    },
    seats: async () => {
      const path = `/v1/customer-portal/seats?subscription_id=${subscription}`
      return ((await get(`${emulator}${path}`, session)) as { readonly seats: ReadonlyArray<Seat> }).seats
    },
    mails: async () =>
      (await get(`${emulator}/_emulator/outbox`)) as ReadonlyArray<{ readonly to: string; readonly token: string }>,
    requests: async () =>
      (await get(`${emulator}/_emulator/requests`)) as ReadonlyArray<{
        readonly method: string
        readonly path: string
      }>,
    /** The emulator's time, by a session that is made for it. */
    now: async () => {
      const response = await fetch(`${emulator}/v1/customer-sessions/`, {
        method: "POST",
        headers: { authorization: `Bearer ${organization}`, "content-type": "application/json" },
        body: JSON.stringify({ customer_id: customer })
      })
      return Date.parse(String(Reflect.get(Object(await response.json()), "created_at")))
    },
    settings: () => get(`${emulator}/_emulator/settings`),
    stop: async () => {
      proxy.stop()
      await stop()
    }
  }
}
