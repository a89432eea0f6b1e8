import * as Config from "effect/Config"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { baseUrlProblem, tokenProblem } from "./internal/options.ts"

export { InvalidOption } from "@polar-seats/domain/InvalidOption"
export { isAllowedHost, isLoopback } from "./internal/options.ts"

/** The two installations of Polar: production, and the sandbox for trying things out. */
export const Environment = /* @__PURE__ */ Schema.Literals(["production", "sandbox"])
export type Environment = typeof Environment.Type

const textWithout = (problemOf: (input: string) => string | undefined) =>
  Schema.String.check(Schema.makeFilter((input: string) => problemOf(input)))

/** The base URL of Polar: https, or http to this machine or to a host that `allowHosts` names. */
export const makeBaseUrl = (allowHosts: ReadonlyArray<string>) =>
  textWithout((input) => baseUrlProblem(input, allowHosts))

/** The base URL of Polar: https, or http on a loopback address. */
export const BaseUrl = /* @__PURE__ */ makeBaseUrl([])

/** A token that can be sent: visible ASCII only. The error for any other text does not show the text. */
export const Token = /* @__PURE__ */ Schema.RedactedFromValue(/* @__PURE__ */ textWithout(tokenProblem))

/** Reads a token from the configuration and checks it. The error names the variable. */
export const configToken = (name: string): Config.Config<Redacted.Redacted<string>> => Config.schema(Token, name)

/** How to reach Polar. `baseUrl` wins over `environment`. The default is production. */
export interface Connection {
  readonly environment?: Environment | undefined
  readonly baseUrl?: string | undefined
  /**
   * The hosts that `baseUrl` may name with plain http, although they are not this machine, such as `polar-emulator` in a
   * network of containers. A port may follow. The token goes there unencrypted. Default: none.
   */
  readonly allowHosts?: ReadonlyArray<string> | undefined
}
