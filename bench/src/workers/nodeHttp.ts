/** A server on raw `node:http` with the same answer as the emulator. Prints its URL on stdout. */
import { createServer } from "node:http"
import { resendPath, seatId, seatJson, token } from "../wire.ts"

const path = resendPath(seatId(1))
const body = JSON.stringify(seatJson(seatId(1)))
const headers = {
  "content-type": "application/json",
  "polar-version": "2026-10",
  "cache-control": "private, no-store",
  "content-length": String(body.length)
}

const server = createServer((request, response) => {
  if (request.method === "POST" && request.url === path && request.headers.authorization === `Bearer ${token}`) {
    response.writeHead(200, headers).end(body)
  } else response.writeHead(404, { "content-length": "0" }).end()
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) console.log(`http://127.0.0.1:${address.port}`)
})
