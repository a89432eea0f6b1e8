import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { createServer, request as send } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import { setTimeout } from "node:timers/promises"
import { gzipSync } from "node:zlib"

/** Why a request does not reach a server. */
type Obstacle = "nobody listens" | "no such host" | "an untrusted certificate"

/** A fault of a request. `answer` gets the answer of Polar, if the request came that far. */
export interface Fault {
  readonly name: string
  readonly obstacle?: Obstacle
  /** Whether Polar does its work before the fault. */
  readonly works: boolean
  readonly answer: (response: ServerResponse, polar: Answer, request: IncomingMessage, told: string) => void
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

const unreachable = (name: string, obstacle: Obstacle): Fault => ({ name, obstacle, works: false, answer: () => {} })
const plainly = (name: string, works: boolean, status: number, headers: Record<string, string>, body = ""): Fault => ({
  name,
  works,
  answer: (response) => response.writeHead(status, headers).end(body)
})
const mangled = (
  name: string,
  mangle: (body: Buffer) => Buffer | string,
  headers: Record<string, string> = {}
): Fault => ({
  name,
  works: true,
  answer: (response, { body, status, type }) =>
    response.writeHead(status, { "content-type": type, ...headers }).end(mangle(body))
})

/** A proxy that gives the answer of Polar another status. */
const restated = (name: string, status: number): Fault => ({
  name,
  works: true,
  answer: (response, { body, type }) => response.writeHead(status, { "content-type": type }).end(body)
})

const deep = "[".repeat(200_000) + "]".repeat(200_000)

export const faults: ReadonlyArray<Fault> = [
  unreachable("refused", "nobody listens"),
  unreachable("DNS failure", "no such host"),
  unreachable("TLS failure", "an untrusted certificate"),
  { name: "reset before headers", works: true, answer: (_, __, request) => request.socket.resetAndDestroy() },
  {
    name: "reset mid-body",
    works: true,
    answer: (response, { body, status, type }, request) => {
      response.writeHead(status, { "content-type": type, "content-length": body.length })
      response.write(body.subarray(0, body.length / 2), () => request.socket.resetAndDestroy())
    }
  },
  { name: "hang before headers", works: true, answer: () => {} },
  {
    name: "hang mid-body",
    works: true,
    answer: (response, { body, status, type }) => {
      response.writeHead(status, { "content-type": type, "content-length": body.length })
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
  plainly("429 for ten years", false, 429, { "retry-after": "315360000" }),
  plainly("429 of Cloudflare", false, 429, { "content-type": "text/plain", "retry-after": "0" }, "error code: 1015"),
  plainly("429 of another gateway", true, 429, { "content-type": "text/html" }, "<html>Slow down</html>"),
  ...[401, 403, 404, 405, 409, 411, 413, 422].map((status) => restated(`the answer as a ${status}`, status)),
  plainly("409 HTML", true, 409, { "content-type": "text/html" }, "<html>Conflict</html>"),
  plainly(
    "400 with an unknown name",
    true,
    400,
    { "content-type": "application/json" },
    `{"error":"Teapot","detail":"x"}`
  ),
  plainly("404 with more than a detail", true, 404, {}, `{"detail":"Not Found","status":404}`),
  plainly("429 for an hour", false, 429, { "retry-after": "3600" }),
  plainly("500 text", true, 500, { "content-type": "text/plain" }, "Internal Server Error"),
  plainly("502 HTML", true, 502, { "content-type": "text/html" }, "<html>Bad gateway</html>"),
  plainly("503", true, 503, { "retry-after": "0" }),
  mangled("truncated gzip", (body) => gzipSync(body).subarray(0, -12), { "content-encoding": "gzip" }),
  mangled("wrong content type", (body) => body, { "content-type": "text/html" }),
  {
    name: "wrong length",
    works: true,
    answer: (response, { body, status, type }, request) => {
      const socket = request.socket
      socket.write(`HTTP/1.1 ${status} OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length - 40}\r\n\r\n`)
      socket.end(body)
      response.detachSocket(socket)
    }
  },
  {
    name: "endless body",
    works: true,
    answer: (response, { status, type }) => {
      const spaces = Buffer.alloc(64 * 1024, " ")
      response.writeHead(status, { "content-type": type })
      const pour = () => {
        while (!response.destroyed && response.write(spaces));
        response.once("drain", pour)
      }
      pour()
    }
  },
  mangled("invalid UTF-8", () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  mangled("deep JSON", (body) =>
    body.toString().replace(/^\{/, `{"a":${deep},`).replace('"payload":{', `"payload":{"a":${deep},`)
  ),
  mangled("deep JSON alone", () => deep),
  mangled("huge number", (body) =>
    body
      .toString()
      .replace(/"available_seats":\d+|"created_at":"[^"]*"|"can_claim":\w+/g, (field) => field.replace(/:.*/, ":1e999"))
      .replace('"payload":{', '"payload":{"a":1e999,')
  ),
  mangled("duplicate keys", (body) => body.toString().replace(/^\{/, '{"id":"x","seats":[],"items":[],')),
  mangled("a byte order mark", (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])),
  mangled("a header of 100 KB", (body) => body, { "x-large": "x".repeat(100_000) })
]

const nowhere: Record<Exclude<Obstacle, "an untrusted certificate">, string> = {
  // Nobody listens on this port below 1024, and fetch does not block it
  "nobody listens": "http://127.0.0.1:2",
  // A label of this length is invalid, so no name server is asked
  "no such host": `https://${"x".repeat(64)}.invalid`
}

// A self-signed certificate for these tests only. Made once with `openssl ca` (prime256v1, valid 2020 to 2120)
const pem = (label: string, base64: string) =>
  `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`
const key = pem(
  "PRIVATE KEY",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPu5o6TQwpXBruw0nJVY70BKP3gz4kB43EjHSZJPPNMOhRANCAARYW9WPX2U2BSz4gAIIQVVnNtPKple7YkkNPTYBgXW4SxTDJq+8DIt+z3QV74jU1p+/FYCgjTlEJC/6kDHmaLdv"
)
const cert = pem(
  "CERTIFICATE",
  "MIIBZTCCAQugAwIBAgIUFad3qxn4aktI0cFUTeLdaJmPFEMwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEc2VsZjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDzENMAsGA1UEAwwEc2VsZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhb1Y9fZTYFLPiAAghBVWc208qmV7tiSQ09NgGBdbhLFMMmr7wMi37PdBXviNTWn78VgKCNOUQkL/qQMeZot2+jQzBBMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUdMxpmJMFdt1vnAn5K8U2d0sL7JQwCgYIKoZIzj0EAwIDSAAwRQIgUhrE3Cb2MVK2UJFlnZ4tV6P8z5PFw5HXi9DEbGlg4ncCIQDdYYhyWEJ8BsCAvRGbPcS1Ns3cWORa5VWFwhwZHGXF0A=="
)

// The emulator's stream of events lasts ten minutes. This one holds the documented event of a claim and ends
const events = [
  `{"id":"0190b5e0-0000-4000-8000-000000000000","key":"customer_seat.claimed","payload":{"seat_id":"9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b","subscription_id":"e5149aae-e521-42b9-b24c-abb3d71eea2e","order_id":null,"product_id":"4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"}}`,
  `{"type": "reconnect"}`
]
  .map((data) => `data: ${data}\r\n\r\n`)
  .join("")

const listening = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

/** A server in front of an emulator. It applies the current fault to each request, and counts the requests. */
export const faultyPolar = async (emulator: string) => {
  let fault: Fault | undefined
  let requests = 0
  let working = 0
  const server = createServer((request, response) => {
    requests++
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const told = Buffer.concat(chunks)
      const answer = (polar: Answer) => fault?.answer(response, polar, request, told.toString())
      if (fault?.works === false) return answer({ status: 0, type: "", body: Buffer.alloc(0) })
      const { headers, method = "GET", url = "" } = request
      if (url.endsWith("/stream")) return answer({ status: 200, type: "text/event-stream", body: Buffer.from(events) })
      working++
      return send(`${emulator}${url}`, { method, headers, agent: false }, (polar) => {
        const { headers, statusCode: status = 0 } = polar
        const type = headers["content-type"] ?? ""
        const parts: Array<Buffer> = []
        polar.on("data", (part: Buffer) => parts.push(part))
        polar.on("end", () => {
          working--
          answer({ status, type, body: Buffer.concat(parts) })
        })
      }).end(told)
    })
  })
  const secure = createSecureServer({ key, cert }, (_, response) => {
    requests++
    response.end()
  })
  const [port, securePort] = [await listening(server), await listening(secure)]
  const places: Record<Obstacle, string> = {
    ...nowhere,
    "an untrusted certificate": `https://127.0.0.1:${securePort}`
  }
  return {
    url: () => (fault?.obstacle === undefined ? `http://127.0.0.1:${port}` : places[fault.obstacle]),
    close: () => {
      for (const each of [server, secure]) {
        each.closeAllConnections()
        each.close()
      }
    },
    set: (next: Fault) => {
      fault = next
      requests = 0
    },
    requests: () => requests,
    /** Waits until Polar has done its work, even if nobody waits for the answer any more. */
    settled: async () => {
      const isWorking = () => working > 0
      while (isWorking()) await setTimeout(5)
    }
  }
}
