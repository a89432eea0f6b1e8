import { connect, type Socket } from "node:net"

/** Opens a socket to a server. An error of the connection counts as its end. */
export const open = (url: string): Socket => {
  const { hostname, port } = new URL(url)
  return connect(Number(port), hostname).on("error", () => {})
}

const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()))

/** The text of a request with only the headers that are needed, and those that are passed. */
export const requestText = (method: string, path: string, headers: Readonly<Record<string, string>> = {}): string =>
  [
    `${method} ${path} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    ""
  ].join("\r\n")

/** The answers to a flood. */
interface Flooded {
  readonly answers: ReadonlyMap<number, number>
  /** In milliseconds, in the order of the answers. */
  readonly latencies: ReadonlyArray<number>
}

/** Sends `count` requests over some connections, one at a time on each. A connection that ends takes its share with it. */
export const flood = async (
  url: string,
  count: number,
  connections: number,
  textOf: (index: number) => string,
  isOver = () => false
): Promise<Flooded> => {
  const answers = new Map<number, number>()
  const latencies: Array<number> = []
  let next = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = open(url).setEncoding("latin1").setNoDelay()
      let sent = 0
      let tail = ""
      const send = () => {
        if (next >= count || isOver()) return socket.destroy()
        sent = performance.now()
        return socket.write(textOf(next++))
      }
      socket.on("data", (data: string) => {
        tail += data
        const head = /^HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n/.exec(tail)
        if (head === null) return
        const length = Number(/content-length: (\d+)/i.exec(head[0])?.[1] ?? 0)
        if (tail.length < head[0].length + length) return
        tail = ""
        latencies.push(performance.now() - sent)
        answers.set(Number(head[1]), (answers.get(Number(head[1])) ?? 0) + 1)
        send()
      })
      const ended = closeOf(socket)
      send()
      await ended
    })
  )
  return { answers, latencies }
}

/** The answer to a sender, and how much it sent. */
interface Poured {
  readonly status: number
  readonly text: string
  /** The bytes of the body that left before the answer. */
  readonly sent: number
  /** Whether the server closed the connection. */
  readonly isClosed: boolean
}

const mebibyte = 1024 * 1024
const later = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Sends a body without an end, until the server answers or `most` bytes are sent. The server has some time to close the connection. */
export const pour = async (
  url: string,
  head: string,
  most: number,
  isChunked: boolean,
  patience = 2000
): Promise<Poured> => {
  const socket = open(url).setEncoding("latin1")
  let text = ""
  const answered = new Promise<void>((resolve) => {
    socket.on("data", (data: string) => {
      text += data
      resolve()
    })
  })
  const isAnswered = () => text !== ""
  const closed = closeOf(socket)
  const spaces = Buffer.alloc(mebibyte, " ")
  const piece = isChunked ? Buffer.concat([Buffer.from("100000\r\n"), spaces, Buffer.from("\r\n")]) : spaces
  socket.write(head)
  // A refusal may come before the body
  await Promise.race([answered, later(50)])
  let sent = 0
  for (; sent < most && !isAnswered() && !socket.destroyed; sent += mebibyte) {
    await Promise.race([new Promise((resolve) => socket.write(piece, resolve)), answered, closed])
  }
  const isClosed = await Promise.race([closed.then(() => true), later(patience).then(() => false)])
  socket.destroy()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, sent, isClosed }
}
