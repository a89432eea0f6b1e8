import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { InvalidOption, isAllowedHost } from "@polar-seats/http/PolarConnection"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"

/** The receiver of the seat webhooks. Without a secret the emulator does not sign them. */
export interface Webhook {
  readonly url: string
  readonly secret?: Redacted.Redacted<string> | null
}

/** The settings of an emulator. */
export interface Settings {
  /** The rate limits to apply: those of production, those of the sandbox, or none. */
  readonly rateLimits: "off" | "sandbox" | "production"
  /** Whether a POST, PUT or PATCH must have a `Content-Length`. */
  readonly requireContentLength: boolean
  /** The supported values of `Polar-Version`. */
  readonly versions: ReadonlyArray<string>
  /** The version for a request without `Polar-Version`. */
  readonly defaultVersion: string
  /** Whether answers carry `x-polar-sandbox: 1`. */
  readonly sandbox: boolean
  /** The receiver of announcements. Only `Emulator.layerServer` with an `HttpClient` in its context delivers. */
  readonly webhook: Webhook | null
}

export const defaults: Settings = {
  rateLimits: "off",
  requireContentLength: true,
  versions: ["2026-04", "2026-10", "2027-01"],
  defaultVersion: "2026-10",
  sandbox: false,
  webhook: null
}

/** The version that a request gets. Undefined if it asks for an unsupported one. */
export const resolveVersion = ({ defaultVersion, versions }: Settings, asked: string | undefined): string | undefined =>
  asked === undefined || asked === "" ? defaultVersion : versions.includes(asked) ? asked : undefined

/** The reason why a URL cannot receive webhooks. An emulator only talks to its own machine, and to hosts that its user names. */
const webhookUrlProblem = (input: string, allowHosts: ReadonlyArray<string>): string | undefined => {
  const url = URL.parse(input)
  if (url === null || !/^https?:$/.test(url.protocol)) return "must be an http or https URL"
  // The settings are shown, and a password would be
  if (url.username !== "" || url.password !== "") return "must not have a user name or a password"
  return isAllowedHost(url, allowHosts)
    ? undefined
    : "must have a loopback address, or a host that `allowHosts` (or `--allow-host` of the command) names"
}

const Version = Schema.String.check(Schema.isPattern(/^\d{4}-\d{2}$/, { message: "must be a version like 2026-10" }))

const WebhookJson = Schema.Struct({
  url: Schema.String,
  secret: Schema.optionalKey(Schema.NullOr(SeatWebhooks.Secret))
})

const names = {
  rateLimits: "rate_limits",
  requireContentLength: "require_content_length",
  defaultVersion: "default_version"
} as const

const Fields = Schema.Struct({
  rateLimits: Schema.Literals(["off", "sandbox", "production"]),
  requireContentLength: Schema.Boolean,
  versions: Schema.Array(Version),
  defaultVersion: Version,
  sandbox: Schema.Boolean,
  webhook: Schema.NullOr(WebhookJson)
})

const encode = Schema.encodeSync(Fields.mapFields(Struct.omit(["webhook"])).pipe(Schema.encodeKeys(names)))

/** All settings, in the JSON of the control API. It says whether the webhook has a secret, and not which. */
export const toJson = ({ webhook, ...others }: Settings) => ({
  ...encode(others),
  webhook: webhook === null ? null : { url: webhook.url, has_secret: webhook.secret != null }
})

/** Some of the settings, in the same JSON. The others stay as they are. */
export const PatchJson = Fields.mapFields(Struct.map(Schema.optionalKey)).pipe(Schema.encodeKeys(names))

/** Replaces some of the settings. */
export const merge = (settings: Settings, patch: Partial<Settings>): Settings => ({
  ...settings,
  ...Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
})

/** The reason why settings are invalid after a patch, with the option of the patch by its JSON name. */
export const settingsProblem = (
  { defaultVersion, versions, webhook }: Settings,
  patch: Partial<Settings>,
  allowHosts: ReadonlyArray<string>
): InvalidOption | undefined => {
  const problem = webhook === null ? undefined : webhookUrlProblem(webhook.url, allowHosts)
  if (problem !== undefined) return new InvalidOption({ option: "webhook.url", description: problem })
  const secretProblem = webhook?.secret == null ? undefined : SeatWebhooks.secretProblem(Redacted.value(webhook.secret))
  if (secretProblem !== undefined) return new InvalidOption({ option: "webhook.secret", description: secretProblem })
  if (versions.includes(defaultVersion)) return undefined
  return patch.defaultVersion !== undefined
    ? new InvalidOption({
        option: names.defaultVersion,
        description: `must be one of the versions ${versions.join(", ")}`
      })
    : new InvalidOption({
        option: "versions",
        description: `must include the ${names.defaultVersion}, ${defaultVersion}`
      })
}
