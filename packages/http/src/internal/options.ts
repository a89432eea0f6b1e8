import { checkCount, checkDuration, type DurationRule, InvalidOption } from "@polar-seats/domain/InvalidOption"
import { Unauthorized } from "@polar-seats/domain/SeatError"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Connection, Environment } from "../PolarConnection.ts"
import type { SizeLimits } from "./exchange.ts"
import type { Options } from "./polarClient.ts"

/** A layer with options from the configuration. */
export const fromConfig =
  <Options, A, E, R>(layer: (options: Options) => Layer.Layer<A, E, R>) =>
  (options: Config.Wrap<Options>): Layer.Layer<A, E | Config.ConfigError, R> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))

/**
 * Whether the host of a URL is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. Pass the `hostname` of a parsed `URL`.
 * A name below `localhost` is none of them, because DNS may give it any address.
 */
export const isLoopback = (hostname: string): boolean => /^(localhost|\[::1]|127(\.\d{1,3}){3})$/.test(hostname)

/** Whether the host of a URL is this machine, or one that the user allows by its name, with its port or without. */
export const isAllowedHost = ({ host, hostname }: URL, allowHosts: ReadonlyArray<string> = []): boolean => {
  // No host has a comma, and a caller without types may pass one text
  const allowed = String(allowHosts).toLowerCase().split(",")
  return isLoopback(hostname) || allowed.includes(host) || allowed.includes(hostname)
}

/** Why a text is not a base URL, or undefined if it is one. */
export const baseUrlProblem = (input: string, allowHosts?: ReadonlyArray<string>): string | undefined => {
  // `URL.parse` drops white space, and our string concatenation would not
  if (/\s/.test(input)) return "contains white space"
  const url = URL.parse(input)
  if (url === null) return "is not a URL: give one like https://api.polar.sh"
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is neither https nor http"
  if (url.protocol === "http:" && !isAllowedHost(url, allowHosts)) {
    return "would send the token unencrypted: use https, or name its host in `allowHosts` (`--allow-host`)"
  }
  if (url.username !== "" || url.password !== "") return "contains a user name or a password: remove them"
  // A URL object does not show an empty query or fragment, so this looks at the text
  return /[?#]/.test(input) ? "has a query or a fragment: remove it" : undefined
}

const visibleAscii = /^[\x21-\x7e]+$/

/** Why a text is not a token that can be sent, or undefined if it is one. It never repeats the text. */
export const tokenProblem = (input: string): string | undefined => {
  if (input === "") return "is empty"
  return visibleAscii.test(input)
    ? undefined
    : "contains a space, a line break or a character outside ASCII, which no Polar token has"
}

// The schemas `BaseUrl` and `Token` would do the same, but the first call of a program would wait for their compilation.
// A caller without types may pass anything
const checkText = (
  option: string,
  value: string,
  problemOf: (value: string) => string | undefined
): Effect.Effect<string, InvalidOption> => {
  const problem = Predicate.isString(value) ? problemOf(value) : "is not a string"
  return problem === undefined
    ? Effect.succeed(value)
    : Effect.fail(new InvalidOption({ option, description: problem }))
}

const hosts: Record<Environment, string> = {
  production: "https://api.polar.sh",
  sandbox: "https://sandbox-api.polar.sh"
}

/** The base URL of a connection, without a slash at its end. */
export const resolveBaseUrl = ({ allowHosts, baseUrl, environment = "production" }: Connection) =>
  Effect.map(
    checkText("baseUrl", baseUrl ?? hosts[environment], (text) => baseUrlProblem(text, allowHosts)),
    // Without the lookbehind, the regex begins again at every slash
    (url) => url.replace(/(?<!\/)\/+$/, "")
  )

export const checkVersion = (version: string): Effect.Effect<string, InvalidOption> =>
  checkText("version", version, (text) => (/^\d{4}-\d{2}$/.test(text) ? undefined : "is not a version like 2026-10"))

export const checkToken = (token: Redacted.Redacted<string>): Effect.Effect<Redacted.Redacted<string>, InvalidOption> =>
  Effect.as(checkText("token", Redacted.value(token), tokenProblem), token)

/** Returns the token of a caller if it can be sent. A caller's token is no option of the program. */
export const checkCallersToken = (
  wants: Unauthorized["wants"],
  token: Redacted.Redacted<string>
): Effect.Effect<Redacted.Redacted<string>, Unauthorized> =>
  Effect.mapError(checkToken(token), () => new Unauthorized({ reason: "InvalidToken", wants }))

export const checkOrganization = (organization: string): Effect.Effect<string, InvalidOption> =>
  checkText("organization", organization, (text) =>
    visibleAscii.test(text) ? undefined : "is empty, or contains a space, a line break or a character outside ASCII"
  )

/** Reads a duration that the rule accepts, in milliseconds. */
export const checkMillis = (
  option: string,
  input: Duration.Input,
  rule: DurationRule
): Effect.Effect<number, InvalidOption> => Effect.map(checkDuration(option, input, rule), Duration.toMillis)

/** The size limits of a call that changes something, of one that reads, and of one that reads a list. */
export const checkSizes = Effect.fnUntraced(function* ({
  maxBytes = {},
  maxHeaderBytes
}: Pick<Options, "maxBytes" | "maxHeaderBytes">) {
  const maxSingle = yield* checkCount("maxBytes.single", maxBytes.single ?? 1024 * 1024)
  const maxList = yield* checkCount("maxBytes.list", maxBytes.list ?? 64 * 1024 * 1024)
  const headers = yield* checkCount("maxHeaderBytes", maxHeaderBytes ?? 64 * 1024)
  // The client reads no body of a 5xx, because the status is enough. So is a 429, if it does not matter what Polar did
  const sizeLimits = (success: number, isEnough: (status: number) => boolean): SizeLimits => ({
    headers,
    body: (status) => (isEnough(status) ? undefined : status === 200 ? success : maxSingle)
  })
  const isFailureOrLimit = (status: number) => status === 429 || status >= 500
  return {
    changing: sizeLimits(maxSingle, (status) => status >= 500),
    single: sizeLimits(maxSingle, isFailureOrLimit),
    list: sizeLimits(maxList, isFailureOrLimit)
  }
})
