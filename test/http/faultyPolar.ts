import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer, request as send } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"

/** What a server can do to a request. `answer` has what Polar answered, where the request got that far. */
export interface Fault {
  readonly name: string
  /** Whether Polar did its work before things went wrong. */
  readonly works: boolean
  readonly answer: (response: ServerResponse, polar: Answer, request: IncomingMessage, told: string) => void
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

const json = { "content-type": "application/json" }
const plainly = (name: string, works: boolean, status: number, headers: Record<string, string>, body = ""): Fault => ({
  name,
  works,
  answer: (response) => response.writeHead(status, headers).end(body)
})
const mangled = (
  name: string,
  mangle: (body: Buffer) => Buffer | string,
  headers: Record<string, string> = json
): Fault => ({
  name,
  works: true,
  answer: (response, { body, status }) => response.writeHead(status, headers).end(mangle(body))
})

const deep = "[".repeat(200_000) + "]".repeat(200_000)

export const faults: ReadonlyArray<Fault> = [
  { name: "reset before headers", works: true, answer: (_, __, request) => request.socket.resetAndDestroy() },
  {
    name: "reset mid-body",
    works: true,
    answer: (response, { body, status }, request) => {
      response.writeHead(status, { ...json, "content-length": body.length })
      response.write(body.subarray(0, body.length / 2), () => request.socket.resetAndDestroy())
    }
  },
  { name: "hang before headers", works: true, answer: () => {} },
  {
    name: "hang mid-body",
    works: true,
    answer: (response, { body, status }) => {
      response.writeHead(status, { ...json, "content-length": body.length })
      response.write(body.subarray(0, body.length / 2))
    }
  },
  plainly("301 to another host", true, 301, { location: "http://localhost:9/elsewhere" }),
  plainly("307 to another host", true, 307, { location: "http://localhost:9/elsewhere" }),
  plainly("408", true, 408, {}),
  plainly("425", true, 425, {}),
  plainly("429 with seconds", false, 429, { "retry-after": "0" }),
  plainly("429 with a date", false, 429, { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }),
  plainly("429 without", false, 429, {}),
  plainly("429 for an hour", false, 429, { "retry-after": "3600" }),
  plainly("500 text", true, 500, { "content-type": "text/plain" }, "Internal Server Error"),
  plainly("502 HTML", true, 502, { "content-type": "text/html" }, "<html>Bad gateway</html>"),
  plainly("503", true, 503, { "retry-after": "0" }),
  mangled("truncated gzip", (body) => gzipSync(body).subarray(0, -12), { ...json, "content-encoding": "gzip" }),
  mangled("wrong content type", (body) => body, { "content-type": "text/html" }),
  {
    name: "wrong length",
    works: true,
    answer: (response, { body, status }, request) => {
      const socket = request.socket
      socket.write(
        `HTTP/1.1 ${status} OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length - 40}\r\n\r\n`
      )
      socket.end(body)
      response.detachSocket(socket)
    }
  },
  {
    name: "endless body",
    works: true,
    answer: (response, { status }) => {
      const spaces = Buffer.alloc(64 * 1024, " ")
      response.writeHead(status, json)
      const pour = () => {
        while (!response.destroyed && response.write(spaces));
        response.once("drain", pour)
      }
      pour()
    }
  },
  mangled("invalid UTF-8", () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  mangled("deep JSON", (body) => body.toString().replace(/"seat_metadata":\{\}/g, `"seat_metadata":{"a":${deep}}`)),
  mangled("deep JSON alone", () => deep),
  mangled("huge number", (body) =>
    body
      .toString()
      .replace(/"available_seats":\d+/, '"available_seats":1e999')
      .replace(/^\{"created_at":"[^"]*"/, '{"created_at":1e999')
  ),
  mangled("duplicate keys", (body) => body.toString().replace(/^\{/, '{"id":"x","seats":[],"items":[],')),
  mangled("a byte order mark", (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])),
  mangled("a header of 100 KB", (body) => body, { ...json, "x-large": "x".repeat(100_000) })
]

/** A server in front of an emulator that does to every request what `fault` says. Counts what reached it. */
export const faultyPolar = (emulator: string) =>
  new Promise<{ url: string; close: () => void; set: (fault: Fault) => void; requests: () => number }>((resolve) => {
    let fault: Fault | undefined
    let requests = 0
    const server = createServer((request, response) => {
      requests++
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        if (fault?.works === false) return fault.answer(response, { status: 0, body: Buffer.alloc(0) }, request, "")
        const { headers, method, url } = request
        const forward = send(
          `${emulator}${url ?? ""}`,
          { method: method ?? "GET", headers, agent: false },
          (answer) => {
            const parts: Array<Buffer> = []
            answer.on("data", (part: Buffer) => parts.push(part))
            answer.on("end", () => {
              fault?.answer(
                response,
                { status: answer.statusCode ?? 0, body: Buffer.concat(parts) },
                request,
                Buffer.concat(chunks).toString()
              )
            })
          }
        )
        forward.end(Buffer.concat(chunks))
      })
    })
    server.listen(0, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => {
          server.closeAllConnections()
          server.close()
        },
        set: (next) => {
          fault = next
          requests = 0
        },
        requests: () => requests
      })
    })
  })
