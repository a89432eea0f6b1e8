import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http"
import { Agent as HttpsAgent, request as requestHttps } from "node:https"

/** A request, as the facts describe it. */
export interface Ask {
  readonly method: string
  readonly path: string
  readonly token?: string | undefined
  /** The `Polar-Version`, 2026-10 if it is left out. Null sends none. */
  readonly version?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent as it is, and anything else as JSON. */
  readonly body?: unknown
  /** Null sends no `Content-Length`. A number is declared in place of the length, and no body follows. */
  readonly contentLength?: number | null
}

/** An answer as it came: nothing is decoded, followed or repeated. */
export interface Answer {
  readonly asked: string
  readonly status: number
  readonly headers: Readonly<Record<string, ReadonlyArray<string> | undefined>>
  readonly text: string
  /** The body as JSON. Undefined if it is none. */
  readonly json: unknown
  /** The milliseconds from the request to the end of the answer. */
  readonly took: number
}

/** The version that our client asks for. */
export const ourVersion = "2026-10"

const timeout = 30_000
const maxBytes = 16 * 2 ** 20

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readAll = async (message: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of message) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

const headersOf = ({ body, contentLength, headers, token, version = ourVersion }: Ask, sent: string) => ({
  accept: "application/json",
  "accept-encoding": "identity",
  "user-agent": "polar-seats-smoke",
  ...(version === null ? {} : { "polar-version": version }),
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  ...(body === undefined ? {} : { "content-type": "application/json" }),
  ...(contentLength === null ? {} : { "content-length": String(contentLength ?? Buffer.byteLength(sent)) }),
  ...headers
})

/** A connection to one server. It keeps its sockets, so the caller has to close it. */
export const connect = (base: URL) => {
  const isSecure = base.protocol === "https:"
  // Idle sockets close soon, so that no request meets one that the server is just closing
  const options = { keepAlive: true, timeout: 3000 }
  const agent = isSecure ? new HttpsAgent({ ...options, proxyEnv: process.env }) : new HttpAgent(options)

  const exchange = async (ask: Ask, signal: AbortSignal): Promise<Answer> => {
    const { body, contentLength, method, path } = ask
    const sent = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)
    const started = performance.now()
    const request = (isSecure ? requestHttps : requestHttp)(base.origin + base.pathname.replace(/\/+$/, "") + path, {
      method,
      agent,
      headers: headersOf(ask, method === "GET" ? "" : sent),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)])
    })
    if (method === "GET" || contentLength === null) {
      request.removeHeader("content-length")
      request.removeHeader("transfer-encoding")
    }
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).on("error", reject)
    })
    if (typeof contentLength === "number") request.flushHeaders()
    else request.end(sent)
    try {
      const message = await answered
      const text = await readAll(message)
      return {
        asked: `${method} ${path}`,
        status: message.statusCode ?? 0,
        headers: message.headersDistinct,
        text,
        json: parse(text),
        took: performance.now() - started
      }
    } finally {
      // A body that was declared never comes, so nobody may use the connection again
      if (typeof contentLength === "number") request.destroy()
    }
  }
  return { exchange, close: () => agent.destroy() }
}
