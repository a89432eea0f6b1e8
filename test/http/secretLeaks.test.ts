import { NodeHttpClient } from "@effect/platform-node"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { DateTime, Effect, Exit, Layer, Logger, Redacted, References, Schedule, Tracer } from "effect"
import { FetchHttpClient } from "effect/http"
import { inspect } from "node:util"
import { seats, start, tokens, world } from "../laws/world.ts"
import { casesOf } from "../everyCase.ts"
import { startFaultyEmulator } from "./faultyEmulator.ts"
import { type Fault, faults } from "./faultyPolar.ts"
import { type Operation, operations } from "./allOperations.ts"

// Long enough that no other text can equal it
const mark = "MARKEDsecret0123456789"
const marked = {
  session: `polar_cst_${mark}A`,
  organization: `polar_oat_${mark}B`,
  invitation: `${mark}C`
}
const markedWorld = {
  ...world,
  seats:
    world.seats?.map((seat) => (seat.id === seats.live ? { ...seat, invitationToken: marked.invitation } : seat)) ?? [],
  tokens: [
    ...(world.tokens ?? []).map((row) =>
      row.token === tokens.sessions ? { ...row, token: marked.organization } : row
    ),
    ...(world.tokens ?? [])
      .filter((row) => row.token === tokens.customer)
      .map((row) => ({ ...row, token: marked.session }))
  ]
}

// A server that repeats all that it received, in every part of its answer
const echoes: ReadonlyArray<Fault> = [
  [400, (said: string) => ({ error: "SeatNotAvailable", detail: said })],
  [400, (said: string) => ({ error: "BadRequest", detail: said })],
  [
    422,
    (said: string) => ({
      error: "RequestValidationError",
      detail: [{ type: said, loc: [said], msg: said, input: said }]
    })
  ],
  [418, (said: string) => ({ error: said, detail: said })],
  [200, (said: string) => ({ [said]: said })],
  [429, (said: string) => ({ detail: said })],
  [500, (said: string) => said]
].map(([status, body]): Fault => ({
  name: `${String(status)} that repeats what it was told`,
  works: true,
  answer: (response, _, request, told) => {
    const said = `${request.headers.authorization} ${request.url} ${told}`
    response.writeHead(status as number, { "content-type": "application/json", "x-said": said, "retry-after": "99" })
    response.end(JSON.stringify((body as (said: string) => unknown)(said)))
  }
}))

const { emulator, proxy, stop } = await startFaultyEmulator(markedWorld)
afterAll(stop)

/** Runs an effect, and returns all that others can see of it: spans, log lines and its outcome. */
const everythingSeen = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<string> =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make((options) => {
      seen.push(inspect(options.message, { depth: 9 }), inspect(options.cause, { depth: 9 }))
    })
    const exit = yield* Effect.tapCause(effect, (cause) => Effect.logDebug("it failed", cause)).pipe(
      Effect.exit,
      Effect.withSpan("caller"),
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "All")
    )
    for (const { annotations, attributes, events, links, name, status } of spans) {
      seen.push(inspect({ name, attributes: [...attributes], events, links, status, annotations }, { depth: 20 }))
    }
    seen.push(inspect(exit, { depth: 20, showHidden: true }), JSON.stringify(exit), String(exit))
    if (Exit.isFailure(exit)) {
      // The text that a crash would print
      yield* Effect.promise(() =>
        Effect.runPromise(effect).catch((error: Error) => void seen.push(inspect(error), error.stack ?? ""))
      )
    }
    return seen.join("\n")
  })

const clients = [
  ["undici", NodeHttpClient.layerUndici],
  ["our transport", UndiciTransport.layer],
  ["our fetch", FetchTransport.layer],
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp]
] as const

describe.each(clients.map(([name, client], column) => [name, client, column] as const))(
  "no secret of a call leaks through %s",
  (_, client, column) => {
    const { claim, revoke, ...others } = operations(Redacted.make(marked.invitation))
    // The calls that end the invitation come last
    const rounds = [Object.entries(others), [["claim", claim] as const], [["revoke", revoke] as const]]
    it.live.each(casesOf([...faults, ...echoes], column, 5))("$name", (fault) =>
      Effect.gen(function* () {
        yield* Effect.promise(() =>
          emulator.runPromise(
            Effect.gen(function* () {
              const { seed, setTime } = yield* Emulator.Emulator
              yield* seed(markedWorld)
              yield* setTime(DateTime.makeUnsafe(start))
            })
          )
        )
        proxy.set(fault)
        const hangs = fault.name.startsWith("hang")
        const policy = {
          baseUrl: proxy.url(),
          times: 1,
          schedule: Schedule.spaced("1 millis"),
          attemptTimeout: hangs ? "100 millis" : "5 seconds",
          totalTimeout: "15 seconds",
          maxBytes: { list: 2 * 1024 * 1024 }
        } as const
        const layers = Layer.mergeAll(
          PortalSeats.layer({ token: Redacted.make(marked.session), ...policy }),
          CustomerSessions.layer({ token: Redacted.make(marked.organization), ...policy }),
          SeatClaims.layer(policy)
        ).pipe(Layer.provide(client))
        const sweep = ([name, call]: readonly [string, Operation]) =>
          Effect.map(
            everythingSeen(
              call.pipe(
                // Only a stream has no time limit
                Effect.timeoutOrElse({ duration: hangs ? "500 millis" : "18 seconds", orElse: () => Effect.interrupt }),
                Effect.provide(layers)
              )
            ),
            (text) => ({ name, text })
          )
        for (const round of rounds) {
          for (const { name, text } of yield* Effect.forEach(round, sweep, { concurrency: "unbounded" })) {
            assert.isAbove(text.length, 200, "there is text to search")
            assert.notInclude(text, mark, name)
          }
        }
        assert.strictEqual(proxy.requests() > 0, fault.obstacle === undefined)
      })
    )
  }
)

it.live("the sweep would see a leak", () =>
  Effect.gen(function* () {
    const planted = [
      Effect.fail({ why: marked.session }),
      Effect.annotateCurrentSpan("url.full", `https://polar.test/${marked.invitation}`).pipe(Effect.withSpan("leaky")),
      Effect.logDebug({ headers: { authorization: marked.organization } }),
      Effect.die({ deep: { down: marked.session } })
    ]
    for (const leak of planted) assert.include(yield* everythingSeen(leak), mark)
  })
)
