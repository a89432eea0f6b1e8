import { parseArgs } from "node:util"
import { organizationSurface, portalSurface, type Surface } from "./surface.ts"

export const usage = `pnpm smoke [--subscription ID] [--mail-to ADDRESS]... [--json]

Checks on a server what this project relies on. The environment names the server:

  POLAR_ENVIRONMENT       sandbox
  POLAR_API_URL           or a URL, such as that of an emulator. It wins
  POLAR_CUSTOMER_SESSION  the session of an owner or billing manager, for the customer portal
  POLAR_ACCESS_TOKEN      an organization token with customer_seats:read, customer_seats:write, customer_sessions:write
                          One of the two is needed, and both check more
  POLAR_READ_ONLY_TOKEN   an organization token with customer_seats:read alone, for the answer to a missing scope
  POLAR_SUBSCRIPTION      the subscription, if no flag names it

  --subscription ID       the subscription whose seats are listed, and assigned and revoked again
  --mail-to ADDRESS       an address that may be mailed, repeatable. Without one, no seat is touched
  --allow-host NAME       a host that plain http may go to, beside loopback
  --production            runs against Polar's production, which is refused without it
  --json                  one JSON object a line
  --help                  this text

Exit codes: 0 every checked fact holds, 1 a fact differs or a seat is not as it was, 2 wrong use, 130 interrupted.
`

/** The options of a run. */
export interface Options {
  readonly base: URL
  readonly subscription: string
  /** The addresses that may be mailed. */
  readonly addresses: ReadonlyArray<string>
  /** A surface for each token. The first one lists, assigns and revokes. */
  readonly surfaces: readonly [Surface, ...ReadonlyArray<Surface>]
  readonly readOnly: string | undefined
  readonly isJson: boolean
}

/** The reason why the command cannot run. */
export class WrongUse extends Error {}

const hosts: Readonly<Record<string, string>> = {
  production: "https://api.polar.sh",
  sandbox: "https://sandbox-api.polar.sh"
}
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const isLoopback = (hostname: string): boolean => /^(localhost|.+\.localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname)

/** Whether a host is Polar's own. */
export const isPolar = ({ hostname }: URL): boolean => /(^|\.)polar\.sh\.?$/.test(hostname)
const isSandbox = ({ hostname }: URL): boolean => /^sandbox-api\.polar\.sh\.?$/.test(hostname)

type Environment = Readonly<Record<string, string | undefined>>

/** Reads a variable. An empty one counts as missing. */
const setting = (env: Environment, name: string): string | undefined => (env[name] === "" ? undefined : env[name])

const tokenIn = (env: Environment, name: string): string | undefined => {
  const token = setting(env, name)
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new WrongUse(`${name} contains a space, a line break or a character outside ASCII, which no Polar token has.`)
  }
  return token
}

const serverIn = (env: Environment, allowedHosts: ReadonlyArray<string>): URL => {
  const environment = setting(env, "POLAR_ENVIRONMENT")
  if (environment !== undefined && hosts[environment] === undefined) {
    throw new WrongUse("POLAR_ENVIRONMENT is neither sandbox nor production.")
  }
  const text = setting(env, "POLAR_API_URL") ?? hosts[environment ?? ""]
  if (text === undefined) {
    throw new WrongUse(
      "No server is named. Set POLAR_ENVIRONMENT to sandbox, or POLAR_API_URL to the URL of an emulator. Also set " +
        "POLAR_CUSTOMER_SESSION or POLAR_ACCESS_TOKEN, and pass --subscription. See --help."
    )
  }
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || /[?#\s]/.test(text) || url.username + url.password !== "") {
    throw new WrongUse(
      "POLAR_API_URL must be an http or https URL without a user name, a query, a fragment or white space."
    )
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !allowedHosts.includes(url.hostname)) {
    throw new WrongUse(
      `POLAR_API_URL would send the token to ${url.hostname} unencrypted. Use https, or pass --allow-host ${url.hostname}.`
    )
  }
  return url
}

const flags = {
  subscription: { type: "string" },
  "mail-to": { type: "string", multiple: true },
  "allow-host": { type: "string", multiple: true },
  production: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" }
} as const

const flagsIn = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options: flags }).values
  } catch (error) {
    throw new WrongUse(`${error instanceof Error ? error.message : "The arguments are invalid."} See --help.`, {
      cause: error
    })
  }
}

/** Reads the arguments and the environment. Undefined if the user asks for help. Fails with `WrongUse`. */
export const readOptions = (args: ReadonlyArray<string>, env: Environment): Options | undefined => {
  const given = flagsIn(args)
  if (given.help === true) return undefined
  const base = serverIn(env, given["allow-host"] ?? [])
  if (isPolar(base) && !isSandbox(base) && given.production !== true) {
    throw new WrongUse(
      "This would run against Polar's production, and mail real people. Set POLAR_ENVIRONMENT to sandbox, or pass --production."
    )
  }
  const [session, organization] = [tokenIn(env, "POLAR_CUSTOMER_SESSION"), tokenIn(env, "POLAR_ACCESS_TOKEN")]
  const [surface, ...others] = [
    ...(session === undefined ? [] : [portalSurface(session)]),
    ...(organization === undefined ? [] : [organizationSurface(organization)])
  ]
  if (surface === undefined) {
    throw new WrongUse(
      "POLAR_CUSTOMER_SESSION and POLAR_ACCESS_TOKEN are both missing or empty. Set POLAR_CUSTOMER_SESSION to the token of " +
        "an owner's session, or POLAR_ACCESS_TOKEN to an organization token."
    )
  }
  const subscription = given.subscription ?? setting(env, "POLAR_SUBSCRIPTION")
  if (subscription === undefined || !uuid.test(subscription)) {
    throw new WrongUse("No subscription is named. Pass --subscription with its id, or set POLAR_SUBSCRIPTION.")
  }
  const addresses = [...new Map((given["mail-to"] ?? []).map((address) => [address.toLowerCase(), address])).values()]
  const invalid = addresses.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address))
  if (invalid !== undefined) throw new WrongUse(`--mail-to ${invalid} is not an e-mail address.`)
  return {
    base,
    subscription: subscription.toLowerCase(),
    addresses,
    surfaces: [surface, ...others],
    readOnly: tokenIn(env, "POLAR_READ_ONLY_TOKEN"),
    isJson: given.json === true
  }
}
