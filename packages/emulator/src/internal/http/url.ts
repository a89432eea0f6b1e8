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
