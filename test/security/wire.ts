import { once } from "node:events"
import { connect } from "node:net"

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** A request whose every header is as the test says: none is added, and none is left out. */
export interface RawRequest {
  readonly method?: string
  readonly path: string
  /** An undefined one is not sent. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string
}

const parse = (text: string): RawAnswer | undefined => {
  const end = text.indexOf("\r\n\r\n")
  const [first = "", ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n")
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]
  if (status === undefined) return undefined
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
  )
  return { status: Number(status), headers, body: text.slice(end + 4) }
}

/**
 * Sends one request over a socket, and reads until the server closes it. Fails if that takes longer than 3 seconds, and if
 * the answer is malformed or its body is not as long as it says.
 */
export const sendRaw = async (
  url: string,
  { body = "", headers = {}, method = "GET", path }: RawRequest
): Promise<RawAnswer> => {
  const { host, hostname, port } = new URL(url)
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const sent = {
    host,
    connection: "close",
    ...(method === "POST" ? { "content-length": String(Buffer.byteLength(body)) } : {}),
    ...own
  }
  const socket = connect(Number(port), hostname)
  const timer = setTimeout(() => socket.destroy(), 3000)
  let text = ""
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
  socket.on("error", () => {})
  const lines = Object.entries(sent).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  socket.write([`${method} ${path} HTTP/1.1`, ...lines, "", body].join("\r\n"))
  const [, late] = await Promise.all([
    once(socket, "close"),
    new Promise<boolean>((resolve) => {
      socket.once("end", () => resolve(false))
      socket.once("close", () => resolve(true))
    })
  ])
  clearTimeout(timer)
  if (late) throw new Error(`${method} ${path} got no end of its answer, but ${JSON.stringify(text)}`)
  const answer = parse(text)
  const length = answer?.headers.get("content-length")
  if (answer === undefined || (length !== undefined && Number(length) !== answer.body.length)) {
    throw new Error(`${method} ${path} got an answer that is malformed: ${JSON.stringify(text)}`)
  }
  return answer
}

/** Posts JSON to the control API over a socket. */
export const postRaw = (
  url: string,
  name: string,
  body: unknown,
  headers: RawRequest["headers"] = {}
): Promise<RawAnswer> =>
  sendRaw(url, {
    method: "POST",
    path: `/_emulator/${name}`,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })
