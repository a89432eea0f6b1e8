import * as PolarRefusal from "@polar-seats/http/PolarRefusal"
import { Effect, Random } from "effect"
import { documentedMember, documentedSeat } from "../../http/polarFixtures.ts"

/** An answer of a server that behaves at random. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | Uint8Array<ArrayBuffer>
}

const statuses = [
  200, 200, 200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 408, 411, 413, 422, 425, 429, 500, 502, 503, 599
]
const names = [
  "SeatNotPending",
  "ResourceNotFound",
  "invalid_token",
  "NotPermitted",
  "SeatNotAvailable",
  "__proto__",
  ""
]
const oddities: ReadonlyArray<unknown> = [
  null,
  true,
  -1,
  1e308,
  "",
  "\u0000",
  "x".repeat(1000),
  [],
  {},
  [[[[[[]]]]]],
  { __proto__: null },
  "2026-13-45T99:99:99Z",
  "0000-00-00T00:00:00Z",
  documentedMember
]
const pick = <A>(from: ReadonlyArray<A>) =>
  Effect.map(Random.nextIntBetween(0, from.length - 1), (index): A => from[index] ?? (from[0] as A))

const seat = { ...documentedSeat, member: documentedMember }
const good: ReadonlyArray<Record<string, unknown>> = [
  seat,
  { seats: [seat], available_seats: 1, total_seats: 2 },
  { items: [], pagination: { total_count: 0, max_page: 0 } },
  { seat, customer_session_token: "polar_mst_x" },
  {
    product_name: "",
    product_id: seat.id,
    organization_name: "",
    organization_slug: "",
    customer_email: "",
    can_claim: true
  }
]

const spoilt = Effect.gen(function* () {
  const value = { ...(yield* pick(good)) }
  const keys = Object.keys(value)
  const key = (yield* pick(keys)) ?? ""
  if (yield* Random.nextBoolean) delete value[key]
  else value[key] = yield* pick(oddities)
  return value
})

const body = Effect.gen(function* () {
  switch (yield* Random.nextIntBetween(0, 7)) {
    case 0:
      return JSON.stringify(yield* pick(good))
    case 1:
    case 2:
      return JSON.stringify(yield* spoilt)
    case 3: {
      const text = JSON.stringify(yield* pick(good))
      return text.slice(0, yield* Random.nextIntBetween(0, text.length))
    }
    case 4:
      return JSON.stringify({ error: yield* pick(names), detail: yield* pick(oddities) })
    case 5:
      return JSON.stringify({ detail: [{ type: yield* pick(oddities), loc: yield* pick(oddities), msg: "" }] })
    case 6: {
      const bytes = new Uint8Array(yield* Random.nextIntBetween(0, 200))
      for (let at = 0; at < bytes.length; at++) bytes[at] = yield* Random.nextIntBetween(0, 255)
      return bytes
    }
    default:
      return `${'{"a":'.repeat(yield* Random.nextIntBetween(1, 20_000))}1`
  }
})

const headers = Effect.gen(function* () {
  const all: Record<string, string> = {
    "retry-after": yield* pick(["0", "-1", "1e9", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "99999999999999999999"]),
    "content-type": yield* pick(["application/json", "text/html", "x", ""]),
    location: yield* pick(["/v1", "//", "http://elsewhere.test/", "%", "\\\\"]),
    "content-length": yield* pick(["0", "-1", "5", "99999999999", "NaN"]),
    "content-encoding": yield* pick(["gzip", "br", "identity", ""])
  }
  for (const name of Object.keys(all)) if (yield* Random.nextBoolean) delete all[name]
  return all
})

const anyAnswer: Effect.Effect<Answer> = Effect.all({ status: pick(statuses), headers, body })

const refusal: Effect.Effect<Answer> = Effect.gen(function* () {
  const [error, status] = yield* pick(Object.entries(PolarRefusal.statuses))
  const detail = status === 422 ? [{ type: "missing", loc: ["body", "email"], msg: "Field required" }] : "a sentence"
  return { status, headers: {}, body: JSON.stringify({ error, detail }) }
})

/** A random answer: one that Polar gives, one that fits in part, or one that nothing fits. */
export const hostileAnswer: Effect.Effect<Answer> = Effect.gen(function* () {
  switch (yield* Random.nextIntBetween(0, 3)) {
    case 0:
      return yield* refusal
    case 1:
      return { status: yield* pick([200, 201]), headers: { "content-type": "application/json" }, body: yield* body }
    default:
      return yield* anyAnswer
  }
})
