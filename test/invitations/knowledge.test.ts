import { assert, describe, it } from "@effect/vitest"
import { RateLimited, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { keyFor } from "@polar-seats/invitations/Journal"
import { DateTime, Duration, Effect, Fiber } from "effect"
import type { Fault } from "./faultInjection.ts"
import { advance, fail, mailedTo, pausable, polar, processOver, remindAll, seatOf, type Store } from "./processes.ts"
import { source, teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const address = "live-0@acme.com"
const key = keyFor(source, address)
const limited = new RateLimited({ retryAfter: Duration.minutes(5) })
const cutOff = new Unavailable({
  operation: "Seats.resend",
  reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "no answer came" })
})
const world = polar(teamOf(epoch, { live: 1, revoked: 1 }))
const refusing =
  (refused: string): Fault =>
  (operation, call) =>
    operation === refused ? fail(limited) : call
/** The mail leaves, and its answer is lost. */
const losing: Fault = (operation, call) => (operation === "resend" ? Effect.andThen(call, fail(cutOff)) : call)
const over = (store: Store, fault?: Fault) => Effect.provide(processOver(store, fault))

describe("an attempt that sent nothing leaves what was known", () => {
  it.effect("a mail stays known after a reissue that Polar refuses with 429", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      assert.deepEqual(yield* remindAll().pipe(over(store)), { [address]: "Resent" })
      const before = store.get(key)
      const seat = yield* seatOf(address)
      const error = yield* Effect.flatMap(Invitations, ({ reissue }) =>
        Effect.flip(reissue(seat, { again: true }))
      ).pipe(over(store, refusing("revoke")))
      assert.deepEqual(error, limited)
      const { attempt, doubt, mailed } = store.get(key) ?? {}
      assert.deepEqual({ attempt, doubt, mailed }, { attempt: null, doubt: null, mailed: before?.mailed })
      assert.deepEqual(yield* remindAll().pipe(over(store)), { [address]: "MailedRecently" })
      assert.deepEqual(yield* mailedTo, [address])
    }).pipe(Effect.provide(world))
  })

  it.effect.each(["interrupted", "killed"])(
    "a doubt stays after a run with retryUnknown that meets a 429 and is %s",
    (how) => {
      const store: Store = new Map()
      return Effect.gen(function* () {
        assert.deepEqual(yield* remindAll().pipe(over(store, losing)), { [address]: "InDoubt" })
        const { layer, pause } = pausable(store, refusing("resend"))
        const run = yield* Effect.forkChild(Effect.provide(remindAll({ retryUnknown: true }), layer))
        yield* advance("1 minute")
        yield* how === "killed" ? pause : Fiber.interrupt(run)
        assert.isNotNull(store.get(key)?.doubt)
        yield* advance("10 minutes")
        assert.deepEqual(yield* remindAll().pipe(over(store)), { [address]: "InDoubt" })
        assert.lengthOf(yield* mailedTo, 1)
      }).pipe(Effect.provide(world))
    }
  )

  it.effect("a late refusal of one process does not touch the doubt of another", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const { layer, pause, resume } = pausable(store, (operation, call) =>
        operation === "resend" ? Effect.andThen(Effect.sleep("1 second"), fail(limited)) : call
      )
      const slow = yield* Effect.forkChild(Effect.provide(remindAll(), layer))
      yield* advance("500 millis")
      yield* pause
      const second = yield* Effect.forkChild(remindAll({ retryUnknown: true }).pipe(over(store, losing)))
      yield* advance("2 minutes")
      assert.deepEqual(yield* Fiber.join(second), { [address]: "InDoubt" })
      const entry = store.get(key)
      assert.isNotNull(entry?.doubt)
      yield* resume
      yield* advance("10 seconds")
      assert.strictEqual(store.get(key), entry)
      yield* Fiber.interrupt(slow)
      assert.deepEqual(yield* remindAll().pipe(over(store)), { [address]: "InDoubt" })
      assert.lengthOf(yield* mailedTo, 1)
    }).pipe(Effect.provide(world))
  })
})
