import * as Emulator from "@polar-seats/emulator/Emulator"
import {
  CustomerSession,
  CustomerSubscriptionPage,
  RequestValidationError,
  SeatClaimInfo
} from "@polar-seats/emulator/PolarApi"
import * as PolarRefusal from "@polar-seats/http/PolarRefusal"
import { ClaimJson } from "@polar-seats/http/SeatClaims"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { DateTime, Effect, Exit, ManagedRuntime, Option, Result, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, type HttpMethod } from "effect/http"
import { ben, buyer, checkout, order, seats, single, start, subscription, tokens, world } from "../../laws/world.ts"
import type { Fuzzer } from "./campaign.ts"
import { mutateDocument, mutateText, oddTexts } from "./mutations.ts"
import type { Random } from "./random.ts"

interface Request {
  readonly method: HttpMethod.HttpMethod
  readonly path: string
  readonly token: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Good {
  readonly method: HttpMethod.HttpMethod
  readonly path: string
  readonly token: string | undefined
  readonly body: unknown
}

const post = (path: string, token: string | undefined, body?: unknown): Good => ({ method: "POST", path, token, body })
const get = (path: string, token?: string): Good => ({ method: "GET", path, token, body: undefined })
const remove = (path: string, token?: string): Good => ({ method: "DELETE", path, token, body: undefined })
const assignment = { subscription_id: subscription, email: "zoe@acme.com", metadata: { team: "core" } }
const portal = "/v1/customer-portal/seats"
const merchant = "/v1/customer-seats"

/** Requests of the API that the emulator answers, most of them with success. */
const good: ReadonlyArray<Good> = [
  get(`${portal}?subscription_id=${subscription}`, tokens.customer),
  get(`${portal}/?order_id=${order}`, tokens.owner),
  get(`${portal}/subscriptions?page=1&limit=10`, tokens.member),
  post(portal, tokens.customer, assignment),
  post(portal, tokens.billingManager, { checkout_id: checkout, external_member_id: "new-1", email: "new@acme.com" }),
  post(portal, tokens.owner, { subscription_id: single, member_id: ben, immediate_claim: true }),
  post(`${portal}/${seats.live}/resend`, tokens.customer),
  remove(`${portal}/${seats.claimed}`, tokens.customer),
  get(`${merchant}?subscription_id=${subscription}`, tokens.organization),
  post(merchant, tokens.organization, { ...assignment, customer_id: buyer, email: null }),
  post(merchant, tokens.oldOrganization, { ...assignment, external_customer_id: "lena-1" }),
  post(`${merchant}/${seats.unlimited}/resend`, tokens.organizationWriter),
  remove(`${merchant}/${seats.ofOrder}`, tokens.user),
  get(`${merchant}/claim/live`),
  get(`${merchant}/claim/live/stream`),
  post(`${merchant}/claim`, undefined, { invitation_token: "live" }),
  post("/v1/customer-sessions/", tokens.sessions, { customer_id: buyer, return_url: "https://acme.com" }),
  post("/v1/customer-sessions/", tokens.oldSessions, { external_customer_id: "lena-1" }),
  get("/openapi.json"),
  get("/_emulator/health"),
  get("/_emulator/outbox"),
  get("/_emulator/requests"),
  get("/_emulator/webhooks"),
  get("/_emulator/settings"),
  remove("/_emulator/requests"),
  post("/_emulator/seed", undefined, {
    organizations: [{ slug: "acme", name: "Acme" }],
    products: [{ id: single, organization: "acme", name: "Pro" }],
    customers: [{ id: buyer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscription, product: single, customer: buyer, seats: 3 }],
    seats: [{ subscription_id: subscription, status: "pending", email: "ann@acme.com", invitation_token: "t" }],
    tokens: [{ token: tokens.customer, customer: buyer }]
  }),
  post("/_emulator/clock", undefined, { advance_seconds: 90_000 }),
  post("/_emulator/clock", undefined, { now: "2026-11-24T00:00:00Z" }),
  post("/_emulator/settings", undefined, { rate_limits: "sandbox", require_content_length: false, sandbox: true }),
  post("/_emulator/faults", undefined, {
    rules: [{ method: "GET", path: "/v1", times: 1, status: 503, headers: { "retry-after": "1" }, body: "busy" }]
  }),
  post("/_emulator/cancel", undefined, { subscription_id: subscription }),
  post("/_emulator/delete-member", undefined, { member_id: ben }),
  // Leaves the buyer without an owner
  post("/_emulator/delete-member", undefined, { member_id: "6d5c4b3a-2918-4706-95f4-e3d2c1b0a9f8" })
]

const methods: ReadonlyArray<HttpMethod.HttpMethod> = ["GET", "POST", "DELETE", "PATCH", "PUT", "HEAD", "OPTIONS"]
const headerValues: Readonly<Record<string, ReadonlyArray<string>>> = {
  "content-type": [
    "text/html",
    "",
    "application/json; charset=utf-16",
    "application/vnd.x+json",
    "multipart/form-data"
  ],
  "content-length": ["", "-1", "x", "99999999999"],
  "polar-version": ["2026-04", "2027-01", "1999-01", "", "x"],
  "polar-organization": ["acme", "8c5d1e7f-2a3b-4c69-b8d4-0e1f2a3b4c5d", "x", ""],
  origin: ["https://evil.example", "null"],
  "access-control-request-method": ["GET", "TRACE"],
  accept: ["text/event-stream", "*/*"],
  authorization: ["Basic eA==", "Bearer", "bearer  x", "Bearer \u00ff"]
}

// As a client spells it
const normalize = (path: string): string => {
  const url = URL.parse(`http://localhost${path}`)
  return url === null ? "/" : url.pathname + url.search
}

const mutateRequest = (random: Random): Request => {
  const base = random.pick(good)
  const isChanged = (inTimes = 4) => random.once(inTimes)
  const headers: Record<string, string> = {}
  while (isChanged(3)) {
    const name = random.pick(Object.keys(headerValues))
    headers[name] = random.pick(headerValues[name] ?? [""])
  }
  let path = base.path
  while (isChanged()) path = random.once(3) ? mutateText(random, path) : swapPart(random, path)
  const token = isChanged(3) ? random.pick([undefined, ...Object.values(tokens)]) : base.token
  return {
    method: isChanged(8) ? random.pick(methods) : base.method,
    path: normalize(path.startsWith("/") ? path : `/${path}`),
    token: token !== undefined && isChanged(12) ? mutateText(random, token) : token,
    headers,
    body: base.body === undefined ? undefined : mutateDocument(random, base.body)
  }
}

const swapPart = (random: Random, path: string): string => {
  const parts = path.split(/(?=[/?&=])/)
  const other = random.pick(good).path.split(/(?=[/?&=])/)
  parts[random.int(parts.length)] = random.once(3)
    ? `/${encodeURIComponent(random.pick(oddTexts).replaceAll("\ud800", ""))}`
    : random.pick(other)
  return parts.join("")
}

const isText = (value: unknown): value is string => typeof value === "string"
const parse = (text: string): unknown => Option.getOrUndefined(Option.liftThrowable(JSON.parse)(text))
const fits = (...schemas: ReadonlyArray<Schema.Codec<unknown, unknown>>) => {
  const decoders = schemas.map((schema) => Schema.decodeUnknownResult(schema))
  return (json: unknown) => decoders.some((decode) => Result.isSuccess(decode(json)))
}
const isSuccess = fits(
  SeatJson,
  SeatsListJson,
  ClaimJson,
  SeatClaimInfo,
  CustomerSession,
  CustomerSubscriptionPage,
  Schema.Struct({ openapi: Schema.String })
)
const isValidationError = fits(RequestValidationError)

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** The name of an answer's shape. Undefined if Polar documents none such. */
const shapeOf = ({ method }: Request, { headers, status, text }: Answer): string | undefined => {
  const json = parse(text)
  const row: { readonly error?: unknown; readonly detail?: unknown } =
    typeof json === "object" && json !== null ? json : {}
  const keys = Object.keys(row).toSorted().join()
  if (headers["content-type"]?.startsWith("text/event-stream") === true) return status === 200 ? "a stream" : undefined
  if (status === 200 && text === "OK" && method === "OPTIONS") return "a preflight"
  if (status === 400 && /^Disallowed CORS (method|headers|method, headers)$/.test(text)) return "a refused preflight"
  if (status === 200 || status === 201) return isSuccess(json) ? `a ${status}` : undefined
  if (status === 307) return text === "" && isText(headers["location"]) ? "a redirect" : undefined
  if (status === 429) return text === "" && isText(headers["retry-after"]) ? "a 429" : undefined
  if (status === 422) return isValidationError(json) ? "a 422" : undefined
  if (status === 404 || status === 405) {
    if (keys === "detail" && isText(row.detail)) return `a ${status} without a name`
    // The answer to HEAD has no body
    if (method === "HEAD" && text === "") return `a ${status} to HEAD`
  }
  if (keys !== "detail,error" && keys !== "error,error_description") return undefined
  return isText(row.error) ? PolarRefusal.find(status, row.error) : undefined
}

const isDone = fits(
  Schema.Record(Schema.String, Schema.Unknown),
  Schema.Array(Schema.Record(Schema.String, Schema.Unknown))
)
const isControlRefusal = fits(
  Schema.Struct({ error: Schema.Literal("Invalid"), issues: Schema.Array(Schema.Struct({ message: Schema.String })) }),
  Schema.Struct({ error: Schema.Literals(["NotFound", "ForeignOrigin", "UnsupportedMediaType"]) })
)

const controlShapeOf = ({ status, text }: Answer): string | undefined => {
  const json = parse(text)
  if (status === 200) return isDone(json) ? "a control call" : undefined
  return [403, 404, 415, 422].includes(status) && isControlRefusal(json) ? "a refused control call" : undefined
}

const isControl = ({ path }: Request) => /^\/_emulator(?:[/?]|$)/.test(path)

const restart = Effect.gen(function* () {
  const emulator = yield* Emulator.Emulator
  yield* emulator.seed(world)
  yield* emulator.setTime(DateTime.makeUnsafe(start))
})

const ask = Effect.fnUntraced(function* ({ body, headers, method, path, token }: Request) {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.make(method)(`http://localhost${path}`, {
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body: HttpBody.text(body, headers["content-type"] ?? "application/json") })
  })
  const response = yield* client.execute(request)
  // A stream of events would not end
  const isStream = response.headers["content-type"]?.startsWith("text/event-stream") === true
  return { status: response.status, headers: response.headers, text: isStream ? "" : yield* response.text }
})

/** Sends changed requests. It fails on an answer that no document describes, such as a 500, and on a request without an answer. */
export const makeRequestFuzzer = (): Fuzzer & { readonly stop: () => Promise<void> } => {
  const seen = new Map<string, number>()
  const runtime = ManagedRuntime.make(Emulator.layer(world))
  return {
    seen,
    reset: () => runtime.runPromise(restart),
    attempt: async (random, note) => {
      const request = mutateRequest(random)
      note(request)
      const exit = await runtime.runPromiseExit(Effect.timeout(ask(request), "10 seconds"))
      if (Exit.isFailure(exit)) {
        const text = String(exit.cause)
        // No client can send this URL
        if (text.includes("InvalidUrl")) return
        throw new Error(`it has no answer: ${text}`)
      }
      const answer = exit.value
      const shape = isControl(request) ? controlShapeOf(answer) : shapeOf(request, answer)
      if (shape === undefined) throw new Error(`it is answered with ${answer.status} ${answer.text.slice(0, 1500)}`)
      seen.set(shape, (seen.get(shape) ?? 0) + 1)
      // The next requests would meet a fault, or one setting alone
      if (/^\/_emulator\/(faults|settings)/.test(request.path)) await runtime.runPromise(restart)
    },
    stop: () => runtime.dispose()
  }
}
