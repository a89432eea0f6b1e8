import { once } from "node:events"
import { createServer } from "node:http"
import { seat as example } from "../app/webhookSender.ts"

// Each begins a line, moves the cursor, turns text around, or cannot be seen
const breaks = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\u0085", "\u000b", "\u000c", "\u001bE", "\u001b[1A\u001b[2K"]
const invisible = ["\u0000", "\u0007", "\b", "\u007f", "\u009b2J", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"]
const bidi = ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u061c", "\u200f"]
const others = ["\ud800", "\u{e0041}", "\u3164", "\u180e"]

/** A text with everything that a terminal obeys or that a person cannot see. `FORGED` follows each of it. */
export const hostile = `ann${[...breaks, ...invisible, ...bidi, ...others].map((text) => `${text}FORGED`).join("")}`

/** The id of the seat, and of everything else that Polar knows. */
export const { id } = example

const seat = {
  ...example,
  email: hostile,
  customer_email: hostile,
  member_id: id,
  member: {
    id,
    created_at: example.created_at,
    modified_at: null,
    customer_id: id,
    email: hostile,
    name: hostile,
    external_id: hostile,
    role: hostile
  },
  invitation_token_expires_at: "2999-01-01T00:00:00Z",
  seat_metadata: { [hostile]: hostile, nested: [{ [hostile]: [hostile] }] }
}

const info = {
  product_name: hostile,
  product_id: id,
  organization_name: hostile,
  organization_slug: hostile,
  customer_email: hostile,
  can_claim: true
}

type Answer = readonly [status: number, body: unknown]

const listOf = (fields: object): Answer => [
  200,
  { seats: [{ ...seat, ...fields }], available_seats: 1, total_seats: 2, [hostile]: hostile }
]

const accepted: Readonly<Record<string, Answer>> = {
  list: listOf({}),
  info: [200, info],
  claim: [200, { seat: { ...seat, status: "claimed" }, customer_session_token: "polar_cst_claimed" }],
  session: [
    201,
    {
      created_at: example.created_at,
      id,
      token: "polar_cst_created",
      expires_at: "2999-01-01T00:00:00Z",
      customer_portal_url: hostile,
      customer_id: id
    }
  ],
  revoke: [200, { ...seat, status: "revoked" }],
  resend: [200, seat],
  assign: [200, seat]
}

// An address that somebody can have, because nothing else is reissued
const held = { email: "ann@acme.com", customer_email: "ann@acme.com", member_id: null, member: null }

const refusal = (status: number): Answer => [
  status,
  status === 422
    ? { error: hostile, detail: [{ loc: ["body", hostile], msg: hostile, type: hostile }] }
    : { error: hostile, detail: hostile, [hostile]: hostile }
]

const operationOf = (method = "", url = ""): string => {
  if (method === "DELETE") return "revoke"
  if (url.includes("/claim")) return method === "GET" ? "info" : "claim"
  if (url.includes("/customer-sessions")) return "session"
  if (method === "GET") return "list"
  return url.endsWith("/resend") ? "resend" : "assign"
}

const refuseAll = (status: number) => Object.fromEntries(Object.keys(accepted).map((name) => [name, refusal(status)]))

/** Sets of answers by their names. Each answer has a hostile text at every place for text. */
export const answers: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  ok: accepted,
  "an unknown status of the seat": { ...accepted, list: listOf({ status: hostile }) },
  "half of a reissue": {
    ...accepted,
    list: listOf(held),
    revoke: [200, { ...seat, ...held, status: "revoked" }],
    assign: refusal(400)
  },
  "a body that does not fit": Object.fromEntries(Object.keys(accepted).map((name) => [name, [200, { [hostile]: 1 }]])),
  ...Object.fromEntries([400, 401, 403, 404, 409, 422].map((status) => [String(status), refuseAll(status)]))
}

/** A Polar whose every text is hostile. `answer` chooses what it answers from then on. */
export const startHostilePolar = async () => {
  let current = accepted
  const server = createServer((request, response) => {
    const [status, body] = current[operationOf(request.method, request.url)] ?? [500, null]
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    answer: (name: string) => void (current = answers[name] ?? accepted),
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
