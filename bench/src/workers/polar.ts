/**
 * A stand-in for Polar that answers resends and lists from memory, on a raw socket. It does as little as a server can do
 * and still check the request. With `fifth`, 20 % of all answers are a 429, to the same seats for every contender. With
 * `bucket`, it limits the rate.
 */
import { createServer } from "node:net"
import { serve } from "../processes.ts"
import { indexOf, listPath, pendingSeatsJson, seatJson, seatId, token } from "../wire.ts"

const [, , mode, seats = "0"] = process.argv

const counts = { answers: 0, refused: 0, mailed: 0, twice: 0, wrong: 0 }
const mailed = new Set<string>()

const refusalsLeft = new Map<number, number>()
/** Refuses 1 of 5 seats once, 1 of 25 twice, and so on, which makes 20 % of all answers. */
const isFifth = (index: number): boolean => {
  let left = refusalsLeft.get(index)
  if (left === undefined) {
    left = 0
    for (let rest = index; rest > 0 && rest % 5 === 0; rest /= 5) left++
  }
  refusalsLeft.set(index, left - 1)
  return left > 0
}

export const bucket = { size: 500, perSecond: 500 }
let tokens = bucket.size
let filledAt = performance.now()
const isOverLimit = (): boolean => {
  const now = performance.now()
  tokens = Math.min(bucket.size, tokens + ((now - filledAt) / 1000) * bucket.perSecond)
  filledAt = now
  if (tokens < 1) return true
  tokens--
  return false
}

const [before = "", after = ""] = JSON.stringify(seatJson(seatId(0))).split(seatId(0))
const seatAnswer = (body: string): string =>
  [
    "HTTP/1.1 200 OK",
    "content-type: application/json",
    "polar-version: 2026-10",
    "cache-control: private, no-store",
    `content-length: ${body.length}`,
    "",
    body
  ].join("\r\n")
const refusal = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"
const notFoundBody = '{"error":"ResourceNotFound","detail":"Seat not found"}'
const notFound = `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${notFoundBody.length}\r\n\r\n${notFoundBody}`
const badRequest = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"

const requestLine = /^POST \/v1\/customer-portal\/seats\/([0-9a-f-]{36})\/resend HTTP\/1\.1\r\n/
const authorization = new RegExp(`\r\nauthorization: Bearer ${token}\r\n`, "i")
const noBody = /\r\ncontent-length: 0\r\n/i
/** The number of a seat that does not exist. */
const unknown = 0xffffffff

const pending = pendingSeatsJson(Number(seats))
const list = JSON.stringify(pending)
const listAnswer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`
/** The answers to the resends of the listed seats: each names the holder of the list. */
const listedAnswers = new Map(pending.seats.map((seat) => [seat.id, seatAnswer(JSON.stringify(seat))]))

const answer = (request: string): string => {
  if (request.startsWith(`GET ${listPath} HTTP/1.1\r\n`) && authorization.test(request)) return listAnswer
  const id = requestLine.exec(request)?.[1]
  if (id === undefined || !authorization.test(request) || !noBody.test(request)) {
    counts.wrong++
    return badRequest
  }
  counts.answers++
  if (mode !== "plain") {
    if (mode === "fifth" ? isFifth(indexOf(id)) : isOverLimit()) {
      counts.refused++
      return refusal
    }
    if (mailed.has(id)) counts.twice++
    else counts.mailed++
    mailed.add(id)
  }
  return indexOf(id) === unknown ? notFound : (listedAnswers.get(id) ?? seatAnswer(before + id + after))
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = ""
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1")
    let answers = ""
    for (let end = received.indexOf("\r\n\r\n"); end !== -1; end = received.indexOf("\r\n\r\n")) {
      answers += answer(received.slice(0, end + 2))
      received = received.slice(end + 4)
    }
    if (answers !== "") socket.write(answers)
  })
  // A client may close its connection at any time
  socket.on("error", () => socket.destroy())
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  serve(() => ({ port, ...counts }))
})
