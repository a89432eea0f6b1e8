import { PolarApi } from "../../PolarApi.ts"

/** Routes of Polar that its OpenAPI document, and so `PolarApi`, leaves out. */
const hidden = [
  { method: "GET", path: "/v1/customer-seats/claim/:invitation_token/stream" },
  { method: "GET", path: "/openapi.json" }
]

const declared = Object.values(PolarApi.groups).flatMap((group) => Object.values(group.endpoints))
const routes = [...declared, ...hidden].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+")}$`)
}))

/** The methods that a path has, by Starlette's rules: the unescaped path must match exactly, case and slashes included. */
export const methodsOf = (path: string): ReadonlyArray<string> => [
  ...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))
]

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

const decoder = new TextDecoder()

/** Unescapes a path as Python does: an invalid escape stays, and invalid UTF-8 is replaced. */
export const unescapePath = (path: string): string =>
  path.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    decoder.decode(Uint8Array.from(run.slice(1).split("%"), (digits) => Number.parseInt(digits, 16)))
  )

/** Escapes a path so that it can be part of a URL. */
export const escapePath = (path: string): string => encodeURI(path).replace(/[?#;]/g, encodeURIComponent)

/** Splits a URL before its question mark. */
export const splitUrl = (url: string): readonly [path: string, query: string] => {
  const mark = url.indexOf("?")
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark)]
}

/** Reads a query as Starlette does: if a name comes twice, the last value counts. */
export const lastOfEach = (query: string): string => {
  const last = new URLSearchParams([...new Map(new URLSearchParams(query))]).toString()
  return last === "" ? "" : `?${last}`
}
