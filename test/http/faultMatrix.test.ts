import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Outbox } from "@polar-seats/domain/Outbox"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/http/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { DateTime, Effect, Exit, Layer, ManagedRuntime, Redacted, Schedule, Stream } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { seats, single, start, subscription, tokens, world } from "../laws/world.ts"
import { type Fault, faults, faultyPolar } from "./faultyPolar.ts"

const source = AssignmentSource.Subscription({ id: single })
const recipient = Recipient.Email({ email: "zoe@acme.com" })

type Call = Effect.Effect<unknown, { readonly _tag: string }, Seats | SeatClaims.SeatClaims>
const ofSeats = (call: (service: Seats["Service"]) => Effect.Effect<unknown, { readonly _tag: string }>): Call =>
  Effect.flatMap(Seats, call)

const operations = {
  resend: ofSeats((service) => service.resend(seats.live)),
  assign: ofSeats((service) => service.assign({ source, recipient })),
  claim: Effect.flatMap(SeatClaims.SeatClaims, (claims) => claims.claim(Redacted.make("live"))),
  revoke: ofSeats((service) => service.revoke(SeatId.make(seats.live))),
  list: ofSeats((service) => service.list(SeatSource.Subscription({ id: subscription }))),
  claimedSubscriptions: ofSeats((service) => Stream.runDrain(service.claimedSubscriptions)),
  info: Effect.flatMap(SeatClaims.SeatClaims, (claims) => claims.info(Redacted.make("live")))
} satisfies Record<string, Call>
type Operation = keyof typeof operations
const names = Object.keys(operations) as ReadonlyArray<Operation>

// What may be repeated after a doubt
const repeatable: ReadonlySet<Operation> = new Set(["revoke", "list", "claimedSubscriptions", "info"] as const)
const budget = 2

// The error that each fault ends in, and whether it is one after which what may be repeated is
const doubt = { outcome: "OutcomeUnknown", repeats: "repeatable" } as const
const failed = { outcome: "ServerFailed", repeats: "repeatable" } as const
const odd = { outcome: "UnexpectedResponse", repeats: "never" } as const
const limited = { outcome: "RateLimited", repeats: "always" } as const
const fine = { outcome: "Success", repeats: "never" } as const
// Where the strange part is in what the operation does not have, it makes no difference
const oddOrFine = { outcome: "UnexpectedResponse or Success", repeats: "never" } as const
// A client that unpacks fails within the body, one that does not finds no JSON
const oddOrDoubt = { outcome: "UnexpectedResponse or OutcomeUnknown", repeats: "either" } as const

const expected: Record<
  string,
  | typeof doubt
  | typeof failed
  | typeof odd
  | typeof limited
  | typeof fine
  | typeof oddOrFine
  | typeof oddOrDoubt
  | { outcome: "RateLimited"; repeats: "never" }
> = {
  "reset before headers": doubt,
  "reset mid-body": doubt,
  "hang before headers": doubt,
  "hang mid-body": doubt,
  "301 to another host": odd,
  "307 to another host": odd,
  "408": odd,
  "425": odd,
  "429 with seconds": limited,
  "429 with a date": limited,
  "429 without": limited,
  "429 for an hour": { outcome: "RateLimited", repeats: "never" },
  "500 text": failed,
  "502 HTML": failed,
  "503": failed,
  "truncated gzip": oddOrDoubt,
  "wrong content type": fine,
  "wrong length": odd,
  "endless body": odd,
  "invalid UTF-8": odd,
  "deep JSON": oddOrFine,
  "deep JSON alone": odd,
  "huge number": oddOrFine,
  "duplicate keys": fine,
  "a byte order mark": fine,
  "a header of 100 KB": doubt
}

const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", UndiciTransport.layer],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp]
] as const

const emulator = ManagedRuntime.make(
  Emulator.layerServer(world).pipe(
    Layer.provideMerge(
      NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "100 millis" })
    ),
    Layer.orDie
  )
)
let proxy: Awaited<ReturnType<typeof faultyPolar>>
beforeAll(async () => {
  proxy = await faultyPolar(await emulator.runPromise(HttpServer.addressFormattedWith(Effect.succeed)))
})
afterAll(async () => {
  proxy.close()
  await emulator.dispose()
})

const outcomeOf = (exit: Exit.Exit<unknown, { readonly _tag: string; readonly reason?: unknown }>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return `a defect: ${String(exit.cause)}`
  const { error } = reason
  return error._tag === "Unavailable" ? (error.reason as { _tag: string })._tag : error._tag
}

describe.each(clients)("by %s", (_, client) => {
  describe.each(faults as Array<Fault>)("$name", (fault) => {
    it.live.each(names)("%s", (name) =>
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
        const policy = {
          baseUrl: proxy.url,
          times: budget,
          schedule: Schedule.spaced("1 millis"),
          // Long enough for a slow machine, where something is to come
          attemptTimeout: fault.name.startsWith("hang") ? "150 millis" : "5 seconds",
          totalTimeout: "15 seconds",
          maxBytes: { list: 2 * 1024 * 1024 }
        } as const
        const token = Redacted.make(name === "claimedSubscriptions" ? tokens.member : tokens.customer)
        const exit = yield* operations[name].pipe(
          Effect.provide(
            Layer.merge(PortalSeats.layer({ token, ...policy }), SeatClaims.layer(policy)).pipe(Layer.provide(client))
          ),
          Effect.exit
        )
        const mails = yield* Effect.promise(() => emulator.runPromise(Effect.flatMap(Outbox, (outbox) => outbox.mails)))

        const { outcome, repeats } = expected[fault.name] ?? assert.fail(`nothing is expected of ${fault.name}`)
        assert.include(outcome.split(" or "), outcomeOf(exit as Exit.Exit<unknown, { readonly _tag: string }>))
        assert.isAtMost(mails.length, 1, "never more than one mail")
        const repeated = repeats === "always" || (repeats === "repeatable" && repeatable.has(name))
        if (repeats !== "either") assert.strictEqual(proxy.requests(), repeated ? budget + 1 : 1)
        if (!repeatable.has(name) && repeats !== "always") assert.strictEqual(proxy.requests(), 1)
      })
    )
  })
})
