import { NodeHttpClient } from "@effect/platform-node"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatError from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { DateTime, Duration, Effect, Exit, identity, Layer, Redacted, Schedule } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { start, tokens, world } from "../laws/world.ts"
import { casesOf } from "../everyCase.ts"
import { startFaultyEmulator } from "./faultyEmulator.ts"
import { type Fault, faults } from "./faultyPolar.ts"
import { operations } from "./allOperations.ts"

type Call = Effect.Effect<
  unknown,
  { readonly _tag: string },
  Seats | SeatClaims.SeatClaims | CustomerSessions.CustomerSessions
>

const calls = operations(Redacted.make("live"))
const columns = {
  "Seats.resend": calls.resend,
  "Seats.assign": calls.assign,
  "Seats.revoke": calls.revoke,
  "Seats.list": calls.list,
  "Seats.claimedSubscriptions": calls.claimedSubscriptions,
  "SeatClaims.info": calls.info,
  "SeatClaims.claim": calls.claim,
  "SeatClaims.events": calls.events,
  "CustomerSessions.create": calls.createSession
} satisfies Record<SeatError.Operation, Call>
const names = SeatError.Operation.literals

const mails: ReadonlySet<SeatError.Operation> = new Set(["Seats.resend", "Seats.assign"])
// The operations that are retried after a doubt
const repeatable: ReadonlySet<SeatError.Operation> = new Set([
  "Seats.revoke",
  "Seats.list",
  "Seats.claimedSubscriptions",
  "SeatClaims.info",
  "SeatClaims.events",
  "CustomerSessions.create"
])
const budget = 2

/** The outcome of a call, and the operations that are retried before it. */
interface Expected {
  readonly outcome: string
  readonly retried: "always" | "repeatable" | "never"
}
const notSent: Expected = { outcome: "NotSent", retried: "always" }
const doubt: Expected = { outcome: "OutcomeUnknown", retried: "repeatable" }
const failed = (status: number): Expected => ({ outcome: `ServerFailed ${status}`, retried: "repeatable" })
const undocumented = (status: number): Expected => ({ outcome: `UnexpectedResponse ${status}`, retried: "never" })
const limited = (retryAfter: string): Expected => ({ outcome: `RateLimited ${retryAfter}`, retried: "always" })
/** The status means success, but the body is invalid. */
const odd: Expected = { outcome: "UnexpectedResponse", retried: "never" }
const fine: Expected = { outcome: "Success", retried: "never" }

type Row = readonly [most: Expected, others?: Partial<Record<SeatError.Operation, Expected>>]
// The client retries nothing after a stream is open. It skips a line that is no event, as the standard says
const table: Record<string, Row> = {
  refused: [notSent],
  "DNS failure": [notSent],
  "TLS failure": [notSent],
  "reset before headers": [doubt],
  "reset mid-body": [doubt, { "SeatClaims.events": { ...doubt, retried: "never" } }],
  "hang before headers": [doubt],
  "hang mid-body": [doubt, { "SeatClaims.events": { outcome: "Waiting", retried: "never" } }],
  "301 to another host": [undocumented(301)],
  "307 to another host": [undocumented(307)],
  "408": [undocumented(408)],
  "425": [undocumented(425)],
  "429 with seconds": [limited("0")],
  "429 with a date": [limited("0")],
  "429 without": [limited("null")],
  "429 for ten years": [{ outcome: "RateLimited 3650d", retried: "never" }],
  "429 of Cloudflare": [limited("0")],
  // The client takes any 429 for a rate limit if it does not matter what Polar did
  "429 of another gateway": [
    limited("null"),
    {
      "Seats.resend": undocumented(429),
      "Seats.assign": undocumented(429),
      "Seats.revoke": undocumented(429),
      "SeatClaims.claim": undocumented(429)
    }
  ],
  ...Object.fromEntries(
    [401, 403, 404, 405, 409, 411, 413, 422].map((status): [string, Row] => [
      `the answer as a ${status}`,
      [undocumented(status)]
    ])
  ),
  "409 HTML": [undocumented(409)],
  "400 with an unknown name": [undocumented(400)],
  "404 with more than a detail": [undocumented(404)],
  "429 for an hour": [{ outcome: "RateLimited 1h", retried: "never" }],
  "500 text": [failed(500)],
  "502 HTML": [failed(502)],
  "503": [failed(503)],
  "truncated gzip": [odd, { "SeatClaims.events": fine }],
  "wrong content type": [fine, { "SeatClaims.events": odd }],
  "wrong length": [odd, { "SeatClaims.events": fine }],
  "endless body": [odd],
  "invalid UTF-8": [odd, { "SeatClaims.events": fine }],
  "deep JSON": [odd],
  "deep JSON alone": [odd, { "SeatClaims.events": fine }],
  "huge number": [odd],
  "duplicate keys": [fine],
  "a byte order mark": [fine],
  "a header of 100 KB": [doubt]
}

// A client made of ours is an ordinary client
const inAnother = Layer.provide(
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(identity))),
  UndiciTransport.layer
)
// As many programs set up their one client: a refusal is an error of its own, which holds the response
const refusing = Layer.provide(
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk)),
  NodeHttpClient.layerNodeHttp
)
const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", UndiciTransport.layer],
  ["our transport in another client", inAnother],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp],
  ["node:http with filterStatusOk", refusing]
] as const

const layers = (options: SeatClaims.Options, token: string = tokens.customer) =>
  Layer.mergeAll(
    PortalSeats.layer({ token: Redacted.make(token), ...options }),
    SeatClaims.layer(options),
    CustomerSessions.layer({ token: Redacted.make(tokens.sessions), ...options })
  )

const { emulator, proxy, stop } = await startFaultyEmulator(world)
afterAll(stop)

const success = (operation: SeatError.Operation) => (operation === "CustomerSessions.create" ? 201 : 200)
const outcomeOf = (
  exit: Exit.Exit<unknown, SeatError.RequestError | { readonly _tag: "Waiting" }>,
  success: number
): string => {
  if (Exit.isSuccess(exit)) return "Success"
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return `a defect: ${String(exit.cause)}`
  const { error } = reason
  if (error._tag === "RateLimited") {
    return `RateLimited ${error.retryAfter === null ? "null" : Duration.format(error.retryAfter)}`
  }
  if (error._tag !== "Unavailable") return error._tag
  const { _tag, ...fields } = error.reason
  return "status" in fields && fields.status !== success ? `${_tag} ${fields.status}` : _tag
}

it.effect("has a column for every operation of every service", () =>
  Effect.gen(function* () {
    const services = {
      Seats: yield* Seats,
      SeatClaims: yield* SeatClaims.SeatClaims,
      CustomerSessions: yield* CustomerSessions.CustomerSessions
    }
    const operations = Object.entries(services).flatMap(([service, methods]) =>
      // `now` sends nothing
      Object.keys(methods).flatMap((method) => (method === "now" ? [] : [`${service}.${method}`]))
    )
    assert.sameMembers(operations, Object.keys(columns))
    assert.sameMembers(operations, [...names])
  }).pipe(Effect.provide(layers({ baseUrl: "https://polar.test" }).pipe(Layer.provide(FetchHttpClient.layer))))
)

it("has a row for every fault", () => {
  assert.sameMembers(
    Object.keys(table),
    faults.map(({ name }) => name)
  )
})

describe.each(clients.map(([name, client], column) => [name, client, column] as const))(
  "through %s",
  (_, client, column) => {
    describe.each((faults as Array<Fault>).map((fault, row) => ({ ...fault, fault, row })))(
      "$name",
      ({ fault, row }) => {
        it.live.each(casesOf(names, column + row, 6))("%s", (name) =>
          Effect.gen(function* () {
            yield* Effect.promise(() =>
              emulator.runPromise(
                Effect.gen(function* () {
                  const { seed, setTime } = yield* Emulator.Emulator
                  yield* seed(world)
                  yield* setTime(DateTime.makeUnsafe(start))
                })
              )
            )
            proxy.set(fault)
            let pauses = 0
            const hangs = fault.name.startsWith("hang")
            const call: Call = columns[name]
            const exit = yield* call.pipe(
              // Only a stream has no time limit
              Effect.timeoutOrElse({
                duration: fault.name === "hang mid-body" && name === "SeatClaims.events" ? "1 second" : "18 seconds",
                orElse: () => Effect.fail({ _tag: "Waiting" })
              }),
              Effect.provide(
                layers(
                  {
                    baseUrl: proxy.url(),
                    times: budget,
                    schedule: Schedule.tap(Schedule.spaced("1 millis"), () => Effect.sync(() => void pauses++)),
                    // Long enough for a slow machine if an answer will come
                    attemptTimeout: hangs ? "100 millis" : "5 seconds",
                    totalTimeout: "15 seconds",
                    maxBytes: { list: 2 * 1024 * 1024 }
                  },
                  name === "Seats.claimedSubscriptions" ? tokens.member : tokens.customer
                ).pipe(Layer.provide(client))
              ),
              Effect.exit
            )
            yield* Effect.promise(proxy.settled)
            const sent = yield* Effect.promise(() =>
              emulator.runPromise(Effect.flatMap(Outbox, (outbox) => outbox.mails))
            )

            const row = table[fault.name] ?? assert.fail(`nothing is expected of ${fault.name}`)
            const { outcome, retried } = row[1]?.[name] ?? row[0]
            const repeated = retried === "always" || (retried === "repeatable" && repeatable.has(name))
            const attempts = repeated ? budget + 1 : 1
            // If a call mailed, the error does not say that nothing happened
            if (Exit.isFailure(exit) && fault.works && mails.has(name)) {
              const [failure] = exit.cause.reasons
              assert.isTrue(
                failure?._tag === "Fail" && SeatError.mayHaveHappened(failure.error),
                "the outcome is in doubt"
              )
            }
            assert.deepEqual(
              {
                outcome: outcomeOf(exit as Parameters<typeof outcomeOf>[0], success(name)),
                attempts: pauses + 1,
                requests: proxy.requests(),
                mails: sent.length
              },
              {
                outcome,
                attempts,
                requests: fault.obstacle === undefined ? attempts : 0,
                mails: fault.works && mails.has(name) ? 1 : 0
              }
            )
          })
        )
      }
    )
  }
)
