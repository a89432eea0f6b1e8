import { afterAll, assert, describe, it } from "@effect/vitest"
import type * as SeatError from "@polar-seats/domain/SeatError"
import { type ResendError, Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import { Effect, Layer, Redacted } from "effect"
import { seats, tokens, world } from "../laws/world.ts"
import { startFaultyEmulator } from "./faultyEmulator.ts"
import { faults } from "./faultyPolar.ts"

const { proxy, stop } = await startFaultyEmulator(world)
afterAll(stop)

/** Resends while a fault is between the client and Polar. */
const resendWith = (name: string) =>
  Effect.suspend(() => {
    proxy.set(faults.find((fault) => fault.name === name) ?? assert.fail(`there is no fault ${name}`))
    return Effect.flatMap(Seats, ({ resend }) => resend(seats.live)).pipe(
      Effect.provide(
        PortalSeats.layer({ token: Redacted.make(tokens.customer), baseUrl: proxy.url(), times: 0 }).pipe(
          Layer.provide(FetchTransport.layer)
        )
      ),
      Effect.catchTag("InvalidOption", Effect.die)
    )
  })

const rows = [
  ["refused", "NotSent", false],
  ["reset before headers", "OutcomeUnknown", true],
  ["503", "ServerFailed", true],
  ["307 to another host", "UnexpectedResponse", true]
] as const

describe("Unavailable", () => {
  it.live.each(rows)("after %s is caught by its reason %s", ([fault, tag, mayHaveHappened]) =>
    Effect.gen(function* () {
      const caught = yield* resendWith(fault).pipe(
        Effect.catchReason("Unavailable", tag, (reason, error) => Effect.succeed({ reason, error }))
      )
      if ("id" in caught) return assert.fail("the resend succeeded")
      assert.strictEqual(caught.reason._tag, tag)
      assert.strictEqual(caught.error.reason, caught.reason)
      assert.strictEqual(caught.error.mayHaveHappened, mayHaveHappened)
    })
  )

  it.live.each(rows)("after %s passes the handlers of other reasons", ([fault, tag]) =>
    Effect.gen(function* () {
      const caught = () => Effect.die("the handler of another reason was called")
      const others = rows.map(([, each]) => each).filter((other) => other !== tag)
      const error = yield* others
        .reduce((resend, other) => Effect.catchReason(resend, "Unavailable", other, caught), resendWith(fault))
        .pipe(Effect.flip)
      assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: tag } })
    })
  )

  it.live("gives the handlers the fields of each reason, and the rest to the last one", () =>
    Effect.gen(function* () {
      const tell = (name: string) =>
        resendWith(name).pipe(
          Effect.as("resent"),
          Effect.catchReasons(
            "Unavailable",
            {
              NotSent: ({ description }) => Effect.succeed(`retry: ${description}`),
              ServerFailed: ({ status }) => Effect.succeed(`Polar is down: ${status}`)
            },
            (reason, { mayHaveHappened }) => Effect.succeed(`${reason._tag}: ${mayHaveHappened}`)
          )
        )
      assert.match(yield* tell("refused"), /^retry: /)
      assert.strictEqual(yield* tell("503"), "Polar is down: 503")
      assert.strictEqual(yield* tell("reset before headers"), "OutcomeUnknown: true")
    })
  )
})

// The compiler checks these
type ErrorOf<T> = T extends Effect.Effect<infer _A, infer E, infer _R> ? E : never
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
declare const resend: Effect.Effect<void, ResendError>
const reasonAlone = () => Effect.catchReason(resend, "Unavailable", "NotSent", () => Effect.void)
const allReasons = () =>
  Effect.catchReason(
    resend,
    "Unavailable",
    "NotSent",
    () => Effect.void,
    () => Effect.void
  )

it("leaves Unavailable in the errors, unless every reason has a handler", () => {
  const one: Equal<ErrorOf<ReturnType<typeof reasonAlone>>, ResendError> = true
  const all: Equal<ErrorOf<ReturnType<typeof allReasons>>, Exclude<ResendError, SeatError.Unavailable>> = true
  assert.isTrue(one && all)
})

it.live("InvalidWebhook is caught by its reason, too", () =>
  Effect.gen(function* () {
    const { verify } = yield* SeatWebhooks.SeatWebhooks
    const caught = yield* verify({ headers: {}, body: "{}" }).pipe(
      Effect.catchReason("InvalidWebhook", "MissingHeader", ({ header }) => Effect.succeed(header))
    )
    assert.strictEqual(caught, "webhook-id")
  }).pipe(Effect.provide(SeatWebhooks.layer({ secret: Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") })))
)
