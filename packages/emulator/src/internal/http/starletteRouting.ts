import * as Data from "effect/Data"
import { PolarApi } from "../../PolarApi.ts"

/** Routes of Polar's that its OpenAPI document, and so `PolarApi`, does not name. */
const hidden = [
  { method: "GET", path: "/v1/customer-seats/claim/:invitation_token/stream" },
  { method: "GET", path: "/openapi.json" }
]

const segments = (path: string, parameter: string) =>
  path
    .split("/")
    .map((segment) => (segment.startsWith(":") ? parameter : segment))
    .join("/")

const declared = Object.values(PolarApi.groups).flatMap((group) =>
  Object.values(group.endpoints).map(({ method, path }) => ({ method, path }))
)
const routes = [...declared, ...hidden].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${segments(path, "[^/]+")}$`)
}))

/** Where a request goes, by Starlette's rules: exact, in its case and its slashes, over the path without its escapes. */
export type Route = Data.TaggedEnum<{
  /** To a handler. */
  Found: {}
  /** To the same path with a slash more or less. */
  Redirect: { readonly path: string }
  NotAllowed: { readonly allow: string }
  NotFound: {}
}>
export const Route = Data.taggedEnum<Route>()

const matching = (path: string) => routes.filter(({ pattern }) => pattern.test(path))

export const find = (method: string, path: string): Route => {
  const here = matching(path)
  if (here.some((route) => route.method === method)) return Route.Found()
  if (here.length > 0) {
    return Route.NotAllowed({ allow: [...new Set(here.map((route) => route.method))].join(", ") })
  }
  const other = path.endsWith("/") ? path.replace(/\/+$/, "") : `${path}/`
  return matching(other).length > 0 ? Route.Redirect({ path: other }) : Route.NotFound()
}

/** The path and the query of a request, as a server sees them. */
export interface Target {
  /** The path without its escapes, and without the `/api` that Polar's had once. */
  readonly path: string
  /** The query with its question mark, as it was sent. */
  readonly query: string
  /** Whether it was sent to where the API had been once. */
  readonly isDeprecated: boolean
}

const decoder = new TextDecoder()

// As Python does it: an escape that is none stays, and what is no UTF-8 is replaced
const unescape = (path: string): string =>
  path.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    decoder.decode(Uint8Array.from(run.slice(1).split("%"), (digits) => Number.parseInt(digits, 16)))
  )

/** The opposite: a path as it can stand in a URL. */
export const escape = (path: string): string => encodeURI(path).replace(/[?#;]/g, encodeURIComponent)

const split = (url: string): readonly [path: string, query: string] => {
  const mark = url.indexOf("?")
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark)]
}

export const target = (url: string): Target => {
  const [sent, query] = split(url)
  const path = unescape(sent)
  const isDeprecated = path.startsWith("/api/v1")
  return { path: isDeprecated ? path.slice("/api".length) : path, query, isDeprecated }
}

const claim = /^((?:\/+api)?\/+v1\/+customer-seats\/+claim\/+)[^/].*?((?:\/stream)?\/*)$/is

/** A URL as it may be shown: an invitation token opens a seat, and is cut out where a claim has it, and by `cut` anywhere. */
export const withoutSecrets = (url: string, cut: (text: string) => string): string => {
  const [sent, query] = split(url)
  const path = unescape(sent)
  const shown = claim.test(path) ? path.replace(claim, "$1…$2") + query : url
  // A URL within a URL is escaped once more
  const plain = unescape(unescape(shown))
  const innocent = cut(plain)
  return innocent === plain ? shown : innocent
}

/** A query as Starlette reads it: of a name that comes again, the last. */
export const lastOfEach = (query: string): string => {
  const last = new URLSearchParams([...new Map(new URLSearchParams(query))]).toString()
  return last === "" ? "" : `?${last}`
}
