import * as Data from "effect/Data"
import { PolarApi } from "../../PolarApi.ts"
import { splitUrl, unescapePath } from "./url.ts"

/** Routes of Polar that its OpenAPI document, and so `PolarApi`, leaves out. */
const hidden = [
  { method: "GET", path: "/v1/customer-seats/claim/:invitation_token/stream" },
  { method: "GET", path: "/openapi.json" }
]

const declared = Object.values(PolarApi.groups).flatMap((group) =>
  Object.values(group.endpoints).map(({ method, path }) => ({ method, path }))
)
const routes = [...declared, ...hidden].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+")}$`)
}))

/** The target of a request by Starlette's rules: the unescaped path must match exactly, case and slashes included. */
export type Route = Data.TaggedEnum<{
  /** A handler exists. */
  Found: {}
  /** A handler exists for the same path with one slash more or less. */
  Redirect: { readonly path: string }
  NotAllowed: { readonly allow: string }
  NotFound: {}
}>
export const Route = Data.taggedEnum<Route>()

const matching = (path: string) => routes.filter(({ pattern }) => pattern.test(path))

export const findRoute = (method: string, path: string): Route => {
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
  /** The path without its escapes, and without the `/api` prefix of Polar's old URLs. */
  readonly path: string
  /** The query with its question mark, as it was sent. */
  readonly query: string
  /** Whether the request used the old `/api` prefix. */
  readonly isDeprecated: boolean
}

export const targetOf = (url: string): Target => {
  const [sent, query] = splitUrl(url)
  const path = unescapePath(sent)
  const isDeprecated = path.startsWith("/api/v1")
  return { path: isDeprecated ? path.slice("/api".length) : path, query, isDeprecated }
}
