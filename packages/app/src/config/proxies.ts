import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Ended, endCommand, exitCode } from "../exit.ts"
import { readSetting } from "./environment.ts"

// As curl does, take a proxy without a scheme for one that speaks http
const withScheme = (proxy: string) => (proxy.includes("://") ? proxy : `http://${proxy}`)

// The message never repeats the value, because that may hold a password
const ProxyUrl = Schema.String.check(
  Schema.makeFilter((proxy: string) =>
    proxy === "" || /^https?:$/.test(URL.parse(withScheme(proxy))?.protocol ?? "")
      ? undefined
      : "is not the URL of an http or https proxy, such as http://proxy.example.com:3128: correct it, or unset it"
  )
)

/** Reads a variable in lower case or, if that is not set, in capitals. Node and curl have the same order. */
const readEither = Effect.fnUntraced(function* (name: string, schema: Schema.ConstraintCodec<string, string>) {
  for (const spelling of [name, name.toUpperCase()]) {
    const value = yield* readSetting(Config.schema(schema, spelling))
    if (value !== undefined && value !== "") return value
  }
  return undefined
})

// Node's agents take this range, and `[::1]` as it stands in a URL
const loopback = "localhost,127.0.0.0-127.255.255.255,[::1],::1"

/**
 * The proxies that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in either case), as Node's agents take
 * them. Undefined if there are none, or if `NODE_USE_ENV_PROXY=0` turns them off. No proxy is used for this machine.
 */
export const readProxies: Effect.Effect<NodeJS.ProcessEnv | undefined, Ended> = Effect.gen(function* () {
  if ((yield* readSetting(Config.String("NODE_USE_ENV_PROXY"))) === "0") return undefined
  const https = yield* readEither("https_proxy", ProxyUrl)
  const http = yield* readEither("http_proxy", ProxyUrl)
  if (https === undefined && http === undefined) return undefined
  // An agent of an older Node would ignore the proxy
  if (!process.allowedNodeEnvironmentFlags.has("--use-env-proxy")) {
    return yield* endCommand(
      exitCode.wrongUse,
      `HTTPS_PROXY or HTTP_PROXY is set, but Node ${process.versions.node} cannot use a proxy, so nothing was sent. ` +
        "Run the command with Node 22.21, 24.5 or newer, or set NODE_USE_ENV_PROXY=0 to connect directly."
    )
  }
  const direct = yield* readEither("no_proxy", Schema.String)
  return {
    ...(https === undefined ? {} : { https_proxy: withScheme(https) }),
    ...(http === undefined ? {} : { http_proxy: withScheme(http) }),
    no_proxy: direct === undefined ? loopback : `${direct},${loopback}`
  }
})
