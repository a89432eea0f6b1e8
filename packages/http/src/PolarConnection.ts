import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { isLoopback } from "./internal/loopback.ts"

/** The two Polars: the real one, and the one to try things in. */
export const Environment = /* @__PURE__ */ Schema.Literals(["production", "sandbox"])
export type Environment = typeof Environment.Type

const hosts: Record<Environment, string> = {
  production: "https://api.polar.sh",
  sandbox: "https://sandbox-api.polar.sh"
}

const textUnless = (whyNot: (input: string) => string | undefined) =>
  Schema.String.check(Schema.makeFilter((input: string) => whyNot(input)))

const whyNotBaseUrl = (input: string): string | undefined => {
  // What parses a URL leaves it out, and what is made of the text does not
  if (/\s/.test(input)) return "contains white space"
  const url = URL.parse(input)
  if (url === null) return "is not a URL: one like https://api.polar.sh is expected"
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is neither https nor http"
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return "would send the token in the clear: use https (http is for loopback addresses alone)"
  }
  if (url.username !== "" || url.password !== "") return "contains a user or a password, which do not belong there"
  // Of an empty one nothing is left in the URL, and all in the text
  return /[?#]/.test(input) ? "has a query or a fragment, which a base URL cannot have" : undefined
}

/** Where Polar is: an https URL, or an http one on a loopback address. */
export const BaseUrl = /* @__PURE__ */ textUnless(whyNotBaseUrl)

const visibleAscii = /^[\x21-\x7e]+$/

const whyNotToken = (input: string): string | undefined => {
  if (input === "") return "is empty"
  return visibleAscii.test(input)
    ? undefined
    : "contains a space, a line break or a character outside ASCII, which no token of Polar's has"
}

/** A token as it can be sent: visible ASCII alone. What is wrong with another is said without showing it. */
export const Token = /* @__PURE__ */ Schema.RedactedFromValue(/* @__PURE__ */ textUnless(whyNotToken))

/** A token from the configuration, checked, so that what is wrong names the variable. */
export const configToken = (name: string): Config.Config<Redacted.Redacted<string>> => Config.schema(Token, name)

/** An option that no request could be made with. It names the option, and never shows a token. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>()("InvalidOption", {
  option: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `The option ${this.option} ${this.problem}.`
  }
}

/** How to reach Polar. `baseUrl` wins over `environment`; without both it is production. */
export interface Connection {
  readonly environment?: Environment | undefined
  readonly baseUrl?: string | undefined
}

// Not by the schemas above: the first call of a program would wait for them to be compiled. Who writes no types gives anything
const checked = (
  option: string,
  value: string,
  whyNot: (value: string) => string | undefined
): Effect.Effect<string, InvalidOption> => {
  const problem = Predicate.isString(value) ? whyNot(value) : "is not a string"
  return problem === undefined ? Effect.succeed(value) : Effect.fail(new InvalidOption({ option, problem }))
}

/** The base URL of a connection, without a slash at its end. */
export const resolve = ({ baseUrl, environment = "production" }: Connection): Effect.Effect<string, InvalidOption> =>
  Effect.map(checked("baseUrl", baseUrl ?? hosts[environment], whyNotBaseUrl), (url) => url.replace(/\/+$/, ""))

/** The version itself, once it is known to be one that can be asked for. */
export const checkVersion = (version: string): Effect.Effect<string, InvalidOption> =>
  checked("version", version, (version) =>
    /^\d{4}-\d{2}$/.test(version) ? undefined : "is not a version like 2026-10"
  )

/** The token itself, once it is known to be one that can be sent. */
export const checkToken = (token: Redacted.Redacted<string>): Effect.Effect<Redacted.Redacted<string>, InvalidOption> =>
  Effect.as(checked("token", Redacted.value(token), whyNotToken), token)

/** The header that names the organization, once it is known to be one that can be sent. */
export const organizationHeaders = (
  organization: string | undefined
): Effect.Effect<{ readonly [name: string]: string }, InvalidOption> =>
  organization === undefined
    ? Effect.succeed({})
    : Effect.map(
        checked("organization", organization, (organization) =>
          visibleAscii.test(organization)
            ? undefined
            : "is empty, or contains a space, a line break or a character outside ASCII"
        ),
        (organization) => ({ "Polar-Organization": organization })
      )

/** A time in milliseconds, once it is known to be one, and not a negative one. */
export const checkDuration = (option: string, input: Duration.Input): Effect.Effect<number, InvalidOption> =>
  Option.match(
    Option.filter(Duration.fromInput(input), (duration) => !Duration.isNegative(duration)),
    {
      onNone: () => Effect.fail(new InvalidOption({ option, problem: "is no time, or a negative one" })),
      onSome: (duration) => Effect.succeed(Duration.toMillis(duration))
    }
  )

/** The number itself, once it is known to be a whole one from 1 on. */
export const checkCount = (option: string, count: number): Effect.Effect<number, InvalidOption> =>
  Number.isSafeInteger(count) && count >= 1
    ? Effect.succeed(count)
    : Effect.fail(new InvalidOption({ option, problem: "is not a whole number from 1 on" }))
