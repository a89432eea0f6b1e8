import type * as Headers from "effect/http/Headers"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as NetAddress from "effect/net/NetAddress"
import { isAllowedHost } from "@polar-seats/http/PolarConnection"

type Response = HttpServerResponse.HttpServerResponse

interface Request {
  readonly headers: Headers.Headers
}

/**
 * Keeps web pages from elsewhere away from a server that has no password, because it is for its own machine alone. Each
 * member returns the answer that refuses a request, a 403 in JSON, or undefined if the request may pass.
 */
export interface BrowserGuard {
  /**
   * Refuses a `Host` that is no name of this machine. A page has such a `Host` after its name was rebound: its owner first
   * lets the name point elsewhere, and then to this machine.
   */
  readonly refuseHost: (request: Request) => Response | undefined
  /** Refuses a request that a browser sends for a page of another origin, by `Origin` and `Sec-Fetch-Site`. */
  readonly refuseOrigin: (request: Request) => Response | undefined
  /** Refuses the script of a service worker, because a worker would answer on this origin long after the server has ended. */
  readonly refuseWorker: (request: Request) => Response | undefined
}

/** The headers of an answer that no other origin may embed, and no browser may keep or take for another type. */
export const privateHeaders = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff"
} as const

const refuse = (error: string, detail: string) =>
  HttpServerResponse.jsonUnsafe({ error, detail }, { status: 403, headers: privateHeaders })

// A URL would take `x@localhost` for localhost, so the header may hold a name and a port alone
const parseHost = (host = ""): URL | null => (/^[^\s/?#\\@]+$/.test(host) ? URL.parse(`http://${host}`) : null)

// The parser writes every address in this form, and no name ends in a number. DNS cannot rebind an address
const isAddress = (hostname: string): boolean => /^(\[.*]|\d{1,3}(\.\d{1,3}){3})$/.test(hostname)

const isForeign = ({ headers }: Request): boolean => {
  const { host, origin, "sec-fetch-site": site } = headers
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  // A page behind a proxy with TLS has another scheme, so only the hosts are compared
  return origin !== undefined && URL.parse(origin)?.host !== parseHost(host)?.host
}

const foreignHost = (url: URL | null): Response => {
  const [named, flag] = url === null ? ["no host", "<name>"] : [url.host, url.hostname]
  return refuse(
    "ForeignHost",
    `Nothing was done, because the Host header names ${named}, and that is no name of this machine. Call the emulator as ` +
      `localhost or by its address, or allow the name with --allow-host ${flag} (\`allowHosts\` of the layer).`
  )
}

const foreignOrigin = refuse(
  "ForeignOrigin",
  "Nothing was done, because a web page of another origin sent this request. Only the emulator's own page, and programs " +
    "outside a browser, may call the control API."
)

const serviceWorker = refuse("ServiceWorker", "The emulator serves no script for a service worker.")

/**
 * Makes the guard of a server at an address. The names of this machine are `localhost`, 127.0.0.0/8 and `[::1]`, and the
 * hosts that `allowHosts` names. If the server listens beyond loopback, every IP address is one too, because a machine
 * may have many. No browser reaches a server in process or on a Unix socket, so these take every host.
 */
export const make = (
  address: NetAddress.SocketAddress | undefined,
  allowHosts: ReadonlyArray<string> = []
): BrowserGuard => {
  const takesAll = address === undefined || NetAddress.isUnixPathAddress(address)
  const takesAddresses = takesAll || !NetAddress.isLoopback(address.address)
  const isOwn = (url: URL) => isAllowedHost(url, allowHosts) || (takesAddresses && isAddress(url.hostname))
  return {
    refuseHost: ({ headers: { host } }) => {
      const url = parseHost(host)
      return takesAll || (url !== null && isOwn(url)) ? undefined : foreignHost(url)
    },
    refuseOrigin: (request) => (isForeign(request) ? foreignOrigin : undefined),
    refuseWorker: ({ headers }) => (headers["service-worker"] === undefined ? undefined : serviceWorker)
  }
}
