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

describe("an answer that is cut off after the work was done", () => {
  const cut = [{ drop: "after", times: 1 } as const]

  it.effect("leaves a resend open: one mail, and the caller is told to look", () =>
    Effect.gen(function* () {
      yield* (yield* Emulator.Emulator).faults(cut)
      const error = yield* Effect.flip((yield* Seats).resend(seats.live))
      assert.containSubset(error, { _tag: "Unavailable", reason: { _tag: "OutcomeUnknown" } })
      assert.include(error.message, "The mail may have gone out: look before trying again.")
      assert.strictEqual((yield* (yield* Outbox).mails).length, 1)
    }).pipe(Effect.provide(polar))
  )

  it.effect("does not matter to a revocation, which is repeated, and announced once", () =>
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

// How many resends ended so that nobody knows what became of them
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

describe("a call that is interrupted", () => {
  it.effect("aborts its request, and leaves behind that nobody knows what became of it", () =>
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
        "the request waits in the emulator for another four seconds"
      )
    }).pipe(Effect.provide(polar))
  )
})
