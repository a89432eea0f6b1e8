import { Seat, SeatId, type SeatsList } from "@polar-seats/domain/Seat"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import type { Entry } from "@polar-seats/invitations/Journal"
import { Effect, Exit, Layer, Redacted, Result, Schema, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { createHmac } from "node:crypto"
import { assert } from "vitest"
import { Webhook } from "standardwebhooks"
import { makeGlob } from "../../../packages/app/src/commands/glob.ts"
import * as PythonJson from "../../../packages/emulator/src/internal/validation/pythonJson.ts"
import { nestsTooDeep } from "../../../packages/http/src/internal/exchange.ts"
import { decodeSeat, decodeSeats } from "../../../packages/http/src/internal/seatJson.ts"
import * as EntryJson from "../../../packages/invitations/src/internal/entryJson.ts"
import { readUsualLine } from "../../../packages/invitations/src/internal/usualLine.ts"
import { documentedMember, documentedSeat } from "../../http/polarFixtures.ts"
import type { Fuzzer } from "./campaign.ts"
import { mutateBytes, mutateDocument, mutateText } from "./mutations.ts"
import type { Random } from "./random.ts"

// A fast way is right if the slow way says the same. The slow way follows a document, and is too slow for the product

const seat = { ...documentedSeat, created_at: "2026-08-22T10:00:00.123456Z", member: documentedMember }
const list = { seats: [seat, { ...seat, status: "claimed" }], available_seats: 3, total_seats: 5 }

const makeCounts = () => {
  const seen = new Map<string, number>()
  return { seen, count: (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1) }
}

const parse = (text: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(text))

/** Text, or the text that damaged bytes decode to. */
const anyText = (random: Random, value: unknown): string => {
  const text = mutateDocument(random, value)
  return random.once(5) ? new TextDecoder().decode(mutateBytes(random, new TextEncoder().encode(text))) : text
}

// With this option the schema alone decodes, because the reader does not know it
const slowOptions = { onExcessProperty: "error" } as const
const isKnownKey = new Set([...Object.keys(seat), ...Object.keys(documentedMember), ...Object.keys(list)])
/** Without the keys that the option would refuse. */
const known = (value: unknown, depth = 0): unknown => {
  if (Array.isArray(value)) return value.map((item) => known(item, depth))
  if (typeof value !== "object" || value === null || depth > 3) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isKnownKey.has(key))
      .map(([key, value]) => [key, key === "seat_metadata" ? value : known(value, depth + 1)])
  )
}

/** Fails unless both ways gave the same seat. The text alone has the digits of large numbers, so the slow way lacks them. */
const checkSeat = (fast: Seat, slow: Seat): void => {
  const { exactMetadata, ...fields } = fast
  assert.instanceOf(fast, Seat)
  assert.deepStrictEqual(fields, { ...slow })
  if (exactMetadata === undefined) assert.deepStrictEqual(encodeSeat(fast), encodeSeat(slow))
  else assert.deepStrictEqual(JSON.parse(exactMetadata), slow.seatMetadata)
}

const encodeSeat = Schema.encodeSync(SeatJson)
const slowSeat = Schema.decodeUnknownResult(SeatJson, slowOptions)
const slowList = Schema.decodeUnknownResult(SeatsListJson, slowOptions)

/** The seats of a text and what else it says, or undefined if it is no seat or list. */
const readSeats = (decoded: Result.Result<Seat | SeatsList, unknown>) => {
  const value = Result.getOrUndefined(decoded)
  if (value === undefined) return undefined
  if (value instanceof Seat) return { seats: [value], rest: {} }
  const { seats, ...rest } = value
  return { seats, rest }
}

/** The readers of a seat and of a list, against the schema. */
export const makeSeatFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  return {
    seen,
    attempt: (random, note) => {
      const isList = random.once(3)
      const given = anyText(random, isList ? list : seat)
      const json = parse(given)
      const text = Result.isSuccess(json) ? (JSON.stringify(known(json.success)) ?? given) : given
      note(text)
      const value = parse(text)
      if (Result.isFailure(value)) {
        const read: Result.Result<unknown, unknown> = isList ? decodeSeats(text) : decodeSeat(text)
        assert.isTrue(Result.isFailure(read), "it is not JSON")
        return count("not JSON")
      }
      const fast = readSeats(isList ? decodeSeats(text) : decodeSeat(text))
      const slow = readSeats(isList ? slowList(value.success) : slowSeat(value.success))
      assert.deepStrictEqual(fast?.rest, slow?.rest, "only one way decodes it")
      assert.strictEqual(fast?.seats.length, slow?.seats.length)
      fast?.seats.forEach((seat, index) => {
        const other = slow?.seats[index]
        if (other !== undefined) checkSeat(seat, other)
      })
      count(fast === undefined ? "refused" : "decoded")
    }
  }
}

const depthOf = (value: unknown): number => {
  let depth = 0
  for (let level: ReadonlyArray<unknown> = [value]; ; depth++) {
    level = level.flatMap((value): ReadonlyArray<unknown> =>
      typeof value === "object" && value !== null ? [value] : []
    )
    if (level.length === 0) return depth
    level = level.flatMap((value) => Object.values(value as object) as ReadonlyArray<unknown>)
  }
}

/** The scan for depth and the emulator's parser of Python's JSON, against `JSON.parse`. */
export const makeJsonFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  return {
    seen,
    attempt: (random, note) => {
      const depth = random.once(4) ? random.int(1_000) : 0
      const inner = anyText(random, random.pick<unknown>([seat, list, "{[", 1.5e-7, [1, [2, ["]\\\\"]]]]))
      const text = random.once(2)
        ? "[".repeat(depth) + inner + "]".repeat(depth)
        : `${'{"[":'.repeat(depth)}${inner}${"}".repeat(depth)}`
      note(text)
      const json = parse(text)
      const python = PythonJson.parse(text)
      if (Result.isFailure(json)) return count("not JSON")
      const isDeep = depthOf(json.success) > 500
      assert.strictEqual(nestsTooDeep(text), isDeep, `it nests ${depthOf(json.success)} deep`)
      if (isDeep) return count("deep")
      // Python reads some numbers as infinite, which Polar refuses
      if (Result.isFailure(python)) {
        assert.match(text, /\d/, `Python's parser refuses it: ${python.failure.error}`)
        return count("refused as Python does")
      }
      assert.deepStrictEqual(JSON.parse(JSON.stringify(python.success)), JSON.parse(JSON.stringify(json.success)))
      count("the same")
    }
  }
}

const at = "2026-08-22T10:00:00.123456Z"
const id = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const attempt = { id: "a1", owner: "worker", startedAt: at, until: at, seatId: id }
const revoked = { seatId: id, revokedAt: null }
const entry = { key: `subscription/${id}/ann@acme.com`, version: 3, at, mailed: null, doubt: null, attempt: null }
const entries: ReadonlyArray<unknown> = [
  entry,
  { ...entry, mailed: { at, seatId: id, how: "Resent", revoked: null } },
  { ...entry, mailed: { at, seatId: id, how: "Reissued", revoked }, doubt: { at, seatId: id } },
  { ...entry, attempt: { _tag: "Resend", ...attempt } }
]

/** The reader of usual journal lines, against the schema of an entry. */
export const makeJournalFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  return {
    seen,
    attempt: (random, note) => {
      const whole = JSON.stringify(random.pick(entries))
      const line = random.once(10)
        ? whole
        : random.once(2)
          ? anyText(random, JSON.parse(whole))
          : mutateText(random, whole)
      note(line)
      const usual = readUsualLine(line)
      const decoded = EntryJson.decodeResult(line)
      if (usual === undefined) {
        assert.notStrictEqual(line, whole, "the line is as this version writes it")
        return count(Result.isSuccess(decoded) ? "unusual" : "damaged")
      }
      if (Result.isFailure(decoded)) return assert.fail("the schema refuses it")
      const { attempt, key, version }: Entry = decoded.success
      assert.deepStrictEqual(usual, { key, version, hasAttempt: attempt !== null })
      count("usual")
    }
  }
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwFtWb8eQxG0Y="
const sentAt = Date.parse("2026-08-22T10:00:00Z") / 1000
const event = { type: "customer_seat.assigned", timestamp: at, data: seat }

const headersFor = (body: string, time: number) => {
  const content = `msg_1.${time}.${body}`
  const key = Buffer.from(secret.slice("whsec_".length), "base64")
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(time),
    "webhook-signature": `v1,${createHmac("sha256", key).update(content).digest("base64")}`
  }
}

/** The verifier of webhooks, against the library of Standard Webhooks. */
export const makeWebhookFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  const library = new Webhook(secret)
  // The library compares the text of a signature, and reads the clock of this machine
  const isAuthenticBy = (body: string, headers: Record<string, string>): boolean => {
    const signature = (headers["webhook-signature"] ?? "").replaceAll(/(?<=v1,)[^ ,]+/g, (tag) =>
      Buffer.from(tag, "base64").toString("base64")
    )
    const clock = Date.now
    Date.now = () => sentAt * 1000
    try {
      library.verify(body, { ...headers, "webhook-signature": signature })
      return true
    } catch (error) {
      return error instanceof SyntaxError
    } finally {
      Date.now = clock
    }
  }
  const secrets = Layer.orDie(SeatWebhooks.layer({ secret: Redacted.make(secret) }))
  return {
    seen,
    attempt: async (random, note) => {
      const signedBody = random.once(2) ? JSON.stringify(event) : mutateDocument(random, event)
      // The tolerance is five minutes
      const time = sentAt + (random.once(3) ? random.pick([-86_400, -301, -300, 299, 300, 301, 86_400]) : 0)
      const headers: Record<string, string> = headersFor(signedBody, time)
      const body = random.once(4) ? mutateText(random, signedBody) : signedBody
      if (random.once(3)) {
        const name = random.pick(Object.keys(headers))
        // A message of HTTP holds no other characters
        headers[name] = mutateText(random, headers[name] ?? "")
          .replaceAll(/[^ -~\u0080-\u00ff]/g, "")
          .trim()
      }
      note({ headers, body })
      const exit = await Effect.gen(function* () {
        yield* TestClock.setTime(sentAt * 1000)
        const { verify } = yield* SeatWebhooks.SeatWebhooks
        return yield* verify({ headers, body })
      }).pipe(Effect.provide([secrets, TestClock.layer()]), Effect.runPromiseExit)
      const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      if (reason !== undefined && reason._tag !== "Fail") return assert.fail(`it dies of ${String(exit)}`)
      const answer = reason === undefined ? "verified" : reason.error.reason._tag
      const isAuthentic = reason === undefined || answer === "UnexpectedBody"
      const isSent =
        Math.abs(time - sentAt) <= 300 && JSON.stringify(headers) === JSON.stringify(headersFor(body, time))
      if (isAuthentic)
        assert.isTrue(isAuthenticBy(body, headers), `the library refuses it, and the verifier says ${answer}`)
      if (isSent) assert.isTrue(isAuthentic, `it is as the sender signed it, and the verifier says ${answer}`)
      if (Exit.isSuccess(exit)) assert.isTrue(Result.isSuccess(parse(body)), "its body is not JSON")
      count(answer)
    }
  }
}

const info = {
  product_name: "Pro",
  product_id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
  organization_name: "Acme",
  organization_slug: "acme",
  customer_email: "",
  can_claim: true
}
const claim = { seat, customer_session_token: "polar_mst_x" }
const claims = SeatClaims.layer({})
const token = Redacted.make("invitation")

/** A client that gets one answer. */
const answering = (response: () => Response) =>
  HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, response())))

/** The decoders of claims, against their schemas. */
export const makeClaimFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  const slowInfo = Schema.decodeUnknownResult(SeatClaims.ClaimInfoJson)
  const slowClaim = Schema.decodeUnknownResult(SeatClaims.ClaimJson)
  return {
    seen,
    attempt: async (random, note) => {
      const isInfo = random.once(2)
      const text = anyText(random, isInfo ? info : claim)
      note(text)
      const exit = await Effect.flatMap(SeatClaims.SeatClaims, (service): Effect.Effect<unknown, unknown> =>
        isInfo ? service.info(token) : service.claim(token)
      ).pipe(
        Effect.provide(claims),
        Effect.provideService(
          HttpClient.HttpClient,
          answering(() => new Response(text, { headers: { "content-type": "application/json" } }))
        ),
        Effect.runPromiseExit
      )
      // fetch drops the mark of UTF-8
      const json = parse(text.replace(/^\uFEFF/, ""))
      const value = Result.getOrUndefined(json)
      const slow: Result.Result<unknown, unknown> = isInfo ? slowInfo(value) : slowClaim(value)
      const isRight = Result.isSuccess(json) && !nestsTooDeep(text) && Result.isSuccess(slow)
      assert.strictEqual(Exit.isSuccess(exit), isRight, `the client says ${String(exit).slice(0, 300)}`)
      count(isRight ? "decoded" : "refused")
    }
  }
}

/** Reads a whole stream of events at once, as the standard of HTML says. */
const readEvents = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let data: Array<string> = []
  for (const line of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .slice(0, -1)) {
    if (line === "") {
      if (data.length > 0) found.push(data.join("\n"))
      data = []
      continue
    }
    const colon = line.indexOf(":")
    const [field, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
    if (field === "data") data.push(value)
  }
  return found
}

const isClaimEvent = Schema.decodeUnknownResult(SeatClaims.ClaimEvent)
const isOther = Schema.decodeUnknownResult(Schema.Struct({ type: Schema.String }))

/** The ids of the events in a stream, and whether it ends in an error. */
const judgeStream = (text: string) => {
  const ids: Array<string> = []
  for (const data of readEvents(text)) {
    const json = parse(data)
    const value = Result.isSuccess(json) ? json.success : undefined
    const event = isClaimEvent(value)
    if (Result.isSuccess(event)) {
      ids.push(event.success.id)
      continue
    }
    const other = isOther(value)
    if (Result.isFailure(other) || nestsTooDeep(data)) return { ids, isFailure: true }
    if (other.success.type === "reconnect") return { ids, isFailure: false }
  }
  return { ids, isFailure: false }
}

const message = (value: unknown, lineBreak = "\n") => `data: ${JSON.stringify(value)}${lineBreak}${lineBreak}`
const stream = [
  ":ok\n\n",
  message({ type: "ping" }),
  message({ id: "1", key: "customer_seat.claimed", payload: { seat_id: id } }),
  "event: message\r\nid: 7\r\nretry: 10\r\n",
  message({ id: "2", key: "benefit.granted", payload: {} }, "\r\n"),
  'data: {"id": "3",\ndata: "key": "x"}\n\n',
  message({ type: "reconnect" }),
  message({ id: "4", key: "late", payload: {} })
]

/** The reader of the stream of a claim, against one that reads it whole. */
export const makeStreamFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  return {
    seen,
    attempt: async (random, note) => {
      const parts = stream
        .filter(() => !random.once(5))
        .map((part) => (random.once(6) ? mutateText(random, part) : part))
      const whole = new TextEncoder().encode(parts.join(""))
      const bytes = random.once(3) ? mutateBytes(random, whole) : whole
      const cuts = Array.from({ length: random.int(8) }, () => random.int(bytes.length + 1)).toSorted((a, b) => a - b)
      const pieces = [0, ...cuts].map((from, index) => bytes.slice(from, cuts[index] ?? bytes.length))
      note({ pieces })
      const ids: Array<string> = []
      const body = () =>
        new ReadableStream({
          start: (controller) => {
            for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece)
            controller.close()
          }
        })
      const exit = await Effect.flatMap(SeatClaims.SeatClaims, ({ events }) =>
        Stream.runForEach(events(token), (event) => Effect.sync(() => void ids.push(event.id)))
      ).pipe(
        Effect.provide(claims),
        Effect.provideService(
          HttpClient.HttpClient,
          answering(() => new Response(body(), { headers: { "content-type": "text/event-stream" } }))
        ),
        Effect.runPromiseExit
      )
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
      assert.deepStrictEqual(
        { ids, isFailure: Exit.isFailure(exit) },
        judgeStream(text),
        `the client says ${String(exit).slice(0, 300)}`
      )
      count(Exit.isFailure(exit) ? "refused" : `${ids.length} events`)
    }
  }
}

/** The matcher of `--to`, against a regex that means the same. */
export const makeGlobFuzzer = (): Fuzzer => {
  const { count, seen } = makeCounts()
  const letters = ["a", "b", "*", "?", ".", "\u{1f600}", "{", "\n"]
  const anyWord = (random: Random, from: ReadonlyArray<string>) =>
    Array.from({ length: random.int(9) }, () => random.pick(from)).join("")
  return {
    seen,
    attempt: (random, note) => {
      const pattern = anyWord(random, letters)
      const text = anyWord(random, ["a", "b", ".", "\u{1f600}", "{", "\n"])
      note({ pattern, text })
      const source = pattern.replace(/[.{]/g, "\\$&").replace(/\*+/g, ".*").replaceAll("?", ".")
      const isMatch = makeGlob(pattern)(text)
      assert.strictEqual(isMatch, new RegExp(`^${source}$`, "su").test(text))
      count(isMatch ? "match" : "no match")
    }
  }
}
