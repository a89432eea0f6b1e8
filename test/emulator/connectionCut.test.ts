import { assert, describe, it } from "@effect/vitest"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Fiber, Layer, Metric, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { seats, start, tokens, world } from "../laws/world.ts"

const polar = PortalSeats.layer({ token: Redacted.make(tokens.customer) }).pipe(
  Layer.provideMerge(Emulator.layer(world))
)
const atStart = TestClock.setTime(Date.parse(start))

describe("a connection that is cut after the work is done", () => {
  const cut = [{ drop: "after", times: 1 } as const]

  it.effect("leaves a resend in doubt: one mail is sent, and the error says to check", () =>
    Effect.gen(function* () {
      yield* (yield* Emulator.Emulator).faults(cut)
      const error = yield* Effect.flip((yield* Seats).resend(seats.live))
      assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
      assert.include(error.message, "The mail may have gone out: check before you retry.")
      assert.strictEqual((yield* (yield* Outbox).mails).length, 1)
    }).pipe(Effect.provide(polar))
  )

  it.effect("makes the client retry a revocation, which is announced once", () =>
    Effect.gen(function* () {
      yield* atStart
      const emulator = yield* Emulator.Emulator
      yield* emulator.faults(cut)
      const fiber = yield* Effect.forkChild((yield* Seats).revoke(seats.live))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "revoked")
      assert.strictEqual((yield* emulator.requests).length, 2)
      assert.deepEqual(
        (yield* emulator.webhooks).map(({ type }) => type),
        ["customer_seat.revoked"]
      )
    }).pipe(Effect.provide(polar))
  )
})

// The number of resends that ended in doubt
const interrupted = Effect.map(Metric.snapshot, (metrics) =>
  metrics.reduce(
    (sum, { attributes, id, state }) =>
      id === "polar_seats_operations_total" &&
      attributes?.["operation"] === "Seats.resend" &&
      attributes["outcome"] === "OutcomeUnknown" &&
      "count" in state
        ? sum + Number(state.count)
        : sum,
    0
  )
)

describe("an interrupted call", () => {
  it.effect("aborts its request, and counts it as OutcomeUnknown", () =>
    Effect.gen(function* () {
      const before = yield* interrupted
      yield* (yield* Emulator.Emulator).faults([{ delay: "5 seconds" }])
      const fiber = yield* Effect.forkChild((yield* Seats).resend(seats.live))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* interrupted) - before, 1)
      assert.strictEqual(
        (yield* (yield* Outbox).mails).length,
        0,
        "the emulator still delays the request for four seconds"
      )
    }).pipe(Effect.provide(polar))
  )
})
