import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { InvalidOption } from "@polar-seats/http/PolarConnection"
import { isLoopback } from "./loopback.ts"

/** Where the webhooks of seats are delivered. Without a secret they are not signed. */
export interface Webhook {
  readonly url: string
  readonly secret?: Redacted.Redacted<string> | null
}

/** What can be switched in an emulator. */
export interface Settings {
  /** Whose rate limits hold: those of production, those of the sandbox, or none. */
  readonly rateLimits: "off" | "sandbox" | "production"
  /** Whether a POST, PUT or PATCH has to say how long its body is. */
  readonly requireContentLength: boolean
  /** The values of `Polar-Version` that exist. */
  readonly versions: ReadonlyArray<string>
  /** The version of a request that asks for none. */
  readonly defaultVersion: string
  /** Whether the answers say that they come from the sandbox. */
  readonly sandbox: boolean
  /** Where what is announced is delivered; only an emulator on a socket, with an `HttpClient` at hand, delivers. */
  readonly webhook: Webhook | null
}

export const defaults: Settings = {
  rateLimits: "off",
  requireContentLength: true,
  versions: ["2026-04", "2026-10", "2027-01"],
  defaultVersion: "2026-04",
  sandbox: false,
  webhook: null
}

const versionPattern = /^\d{4}-\d{2}$/

/** The version that a request gets, or nothing where it asks for one that does not exist. */
export const resolveVersion = ({ defaultVersion, versions }: Settings, asked: string | undefined): string | undefined =>
  asked === undefined || asked === "" ? defaultVersion : versions.includes(asked) ? asked : undefined

/** Why nothing is delivered to a URL: an emulator talks to the machine that it runs on, and to no other. */
const whyNotWebhookUrl = (input: string): string | undefined => {
  const url = URL.parse(input)
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:"
  return isHttp && isLoopback(url.hostname) ? undefined : "is not the http or https URL of a loopback address"
}

const Version = Schema.String.check(Schema.isPattern(versionPattern, { message: "is not a version like 2026-10" }))

const WebhookJson = Schema.Struct({
  url: Schema.String.check(Schema.makeFilter((input: string) => whyNotWebhookUrl(input))),
  secret: Schema.optionalKey(Schema.NullOr(Schema.RedactedFromValue(Schema.NonEmptyString)))
})

const names = {
  rateLimits: "rate_limits",
  requireContentLength: "require_content_length",
  defaultVersion: "default_version"
} as const

const fields = {
  rateLimits: Schema.Literals(["off", "sandbox", "production"]),
  requireContentLength: Schema.Boolean,
  versions: Schema.Array(Version),
  defaultVersion: Version,
  sandbox: Schema.Boolean,
  webhook: Schema.NullOr(WebhookJson)
}

/** The settings in the JSON of the control API. */
export const SettingsJson = Schema.Struct(fields).pipe(Schema.encodeKeys(names))

/** Some of the settings, in the same JSON: the others stay as they are. */
export const PatchJson = Schema.Struct({
  rateLimits: Schema.optionalKey(fields.rateLimits),
  requireContentLength: Schema.optionalKey(fields.requireContentLength),
  versions: Schema.optionalKey(fields.versions),
  defaultVersion: Schema.optionalKey(fields.defaultVersion),
  sandbox: Schema.optionalKey(fields.sandbox),
  webhook: Schema.optionalKey(fields.webhook)
}).pipe(Schema.encodeKeys(names))

const isGiven = Predicate.isNotUndefined

/** The settings, where some are replaced. */
export const merge = (settings: Settings, patch: Partial<Settings>): Settings => ({
  ...settings,
  ...Object.fromEntries(Object.entries(patch).filter(([, value]) => isGiven(value)))
})

/** Why settings make no sense after a patch: in which option of it, by its JSON name, and what is wrong there. */
export const whyNot = (
  { defaultVersion, versions, webhook }: Settings,
  patch: Partial<Settings>
): InvalidOption | undefined => {
  const problem = webhook === null ? undefined : whyNotWebhookUrl(webhook.url)
  if (problem !== undefined) return new InvalidOption({ option: "webhook.url", problem })
  if (webhook?.secret != null && Redacted.value(webhook.secret) === "") {
    return new InvalidOption({ option: "webhook.secret", problem: "is empty" })
  }
  if (versions.includes(defaultVersion)) return undefined
  return isGiven(patch.defaultVersion)
    ? new InvalidOption({ option: names.defaultVersion, problem: `is none of the versions ${versions.join(", ")}` })
    : new InvalidOption({ option: "versions", problem: `leave out the ${names.defaultVersion}, ${defaultVersion}` })
}
