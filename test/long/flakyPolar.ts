import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

// A program: a proxy in front of the emulator whose URL it gets, which spoils a share of the requests. It prints its own URL
// as its first line. GET /_flaky returns what it did, in JSON.

const [emulator = "", share = "0.05", hang = "6000"] = process.argv.slice(2)
const counts: Record<string, number> = {}
const count = (what: string) => {
  counts[what] = (counts[what] ?? 0) + 1
}

// mulberry32, so that each run has the same faults in the same order
let state = 1
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

interface Fault {
  readonly name: string
  /** Whether Polar does its work before the fault. */
  readonly works: boolean
  readonly answer: (request: IncomingMessage, response: ServerResponse, plainly: () => void) => void
}

const answers = (status: number, headers: Record<string, string>, body = ""): Fault["answer"] => {
  return (_, response) => response.writeHead(status, headers).end(body)
}
const faults: ReadonlyArray<Fault> = [
  { name: "dropped before", works: false, answer: ({ socket }) => socket.resetAndDestroy() },
  { name: "dropped after", works: true, answer: ({ socket }) => socket.resetAndDestroy() },
  { name: "too late", works: true, answer: (_, __, plainly) => setTimeout(plainly, Number(hang)) },
  { name: "429", works: false, answer: answers(429, { "retry-after": "0" }) },
  { name: "429 for an hour", works: false, answer: answers(429, { "retry-after": "3600" }) },
  { name: "500", works: true, answer: answers(500, { "content-type": "text/plain" }, "Internal Server Error") },
  { name: "garbage", works: true, answer: answers(200, { "content-type": "text/html" }, "<html>Welcome</html>") }
]

const agent = new Agent({ keepAlive: true })
const server = createServer((request, response) => {
  if (request.url === "/_flaky") {
    server.getConnections((_, connections) => response.end(JSON.stringify({ counts, connections })))
    return
  }
  count("requests")
  const fault = random() < Number(share) ? faults[Math.floor(random() * faults.length)] : undefined
  if (fault !== undefined) count(fault.name)
  const { headers, method = "GET", url = "/" } = request
  if (fault?.works === false) {
    request.resume().on("end", () => fault.answer(request, response, () => {}))
    return
  }
  const forward = send(`${emulator}${url}`, { method, headers, agent }, (answer) => {
    const head = () => response.writeHead(answer.statusCode ?? 0, answer.headers)
    if (fault === undefined) {
      answer.pipe(head())
      return
    }
    const parts: Array<Buffer> = []
    answer.on("data", (part: Buffer) => parts.push(part))
    answer.on("end", () => fault.answer(request, response, () => head().end(Buffer.concat(parts))))
  })
  forward.on("error", () => {
    count("broken")
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end()
  })
  request.pipe(forward)
})
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
