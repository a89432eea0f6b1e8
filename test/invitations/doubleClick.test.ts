import { assert, describe, it } from "@effect/vitest"
import { Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { keyFor } from "@polar-seats/invitations/Journal"
import { DateTime, Effect, Fiber } from "effect"
import type { Fault } from "./faultInjection.ts"
import { advance, away, fail, mailedTo, polar, processOver, remindAll, seatOf, type Store } from "./processes.ts"
import { source, teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const address = "live-0@acme.com"
const world = polar(teamOf(epoch, { live: 1, revoked: 1 }))
const over = (fault?: Fault, store: Store = new Map()) => Effect.provide(processOver(store, fault))

const word = <A extends { readonly _tag: string }, E extends { readonly _tag: string }>(call: Effect.Effect<A, E>) =>
  Effect.match(call, { onFailure: ({ _tag }) => _tag, onSuccess: ({ _tag }) => _tag })

describe("a resend obeys the journal", () => {
  it.effect("a double click sends one mail, and the second call says from when on another one may leave", () =>
    Effect.gen(function* () {
      const { id } = yield* seatOf(address)
      const { resend } = yield* Invitations
      const both = yield* Effect.forkChild(
        Effect.all([word(resend(id)), Effect.flip(Effect.andThen(Effect.yieldNow, resend(id)))], { concurrency: 2 })
      )
      yield* advance("1 minute")
      const [first, error] = yield* Fiber.join(both)
      assert.strictEqual(first, "Resent")
      assert.strictEqual(error._tag, "MailedRecently")
      assert.strictEqual(
        error.message,
        `The holder of seat ${id} was mailed a short while ago, or may have been. Nothing was mailed now: try again from 1970-01-01T00:01:02.000Z on, or pass again: true to mail at once.`
      )
      assert.deepEqual(yield* mailedTo, [address])
    }).pipe(over(away("1 second")), Effect.provide(world))
  )

  const ways = ["by the seat", "by its id"] as const
  it.effect.each(ways.flatMap((first) => ways.map((second) => [first, second] as const)))(
    "first %s, then %s: one mail in a minute, whichever comes first",
    ([first, second]) =>
      Effect.gen(function* () {
        const seat = yield* seatOf(address)
        const { resend } = yield* Invitations
        const by = (way: string) => word(resend(way === "by its id" ? seat.id : seat))
        assert.strictEqual(yield* by(first), "Resent")
        assert.strictEqual(yield* by(second), "MailedRecently")
        yield* advance("59 seconds")
        assert.strictEqual(yield* by(second), "MailedRecently")
        yield* advance("1 second")
        assert.strictEqual(yield* by(second), "Resent")
        assert.deepEqual(yield* mailedTo, [address, address])
      }).pipe(over(), Effect.provide(world))
  )

  it.effect("the cooldown is an option, and again: true overrides it", () =>
    Effect.gen(function* () {
      const seat = yield* seatOf(address)
      const { resend } = yield* Invitations
      yield* resend(seat)
      yield* advance("1 hour")
      assert.strictEqual(yield* word(resend(seat, { cooldown: "2 hours" })), "MailedRecently")
      assert.strictEqual(yield* word(resend(seat.id, { cooldown: "2 hours", again: true })), "Resent")
      assert.strictEqual(yield* word(resend(seat, { cooldown: 0 })), "Resent")
      assert.lengthOf(yield* mailedTo, 3)
    }).pipe(over(), Effect.provide(world))
  )

  it.effect("a run knows of a single resend, and a single resend knows of a run", () =>
    Effect.gen(function* () {
      const seat = yield* seatOf(address)
      const { resend } = yield* Invitations
      yield* resend(seat)
      assert.deepEqual(yield* remindAll(), { [address]: "MailedRecently" })
      assert.deepEqual(yield* remindAll({ cooldown: 0 }), { [address]: "Resent" })
      for (const which of [seat, seat.id]) assert.strictEqual(yield* word(resend(which)), "MailedRecently")
      assert.lengthOf(yield* mailedTo, 2)
    }).pipe(over(), Effect.provide(world))
  )

  it.effect("a resend by id alone is written down under the seat, and for the person whom Polar has mailed", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const { id } = yield* seatOf(address)
      yield* (yield* Invitations).resend(id)
      assert.sameMembers([...store.keys()], [`seat/${id}`, keyFor(source, address)])
      assert.isTrue([...store.values()].every(({ attempt, mailed }) => attempt === null && mailed?.seatId === id))
    }).pipe(over(undefined, store), Effect.provide(world))
  })

  it.effect("a resend that may have mailed counts as a mail for a minute", () => {
    const cutOff = new Unavailable({
      operation: "Seats.resend",
      reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "no answer came" })
    })
    let isFirst = true
    const fault: Fault = (operation, call) => {
      if (operation !== "resend" || !isFirst) return call
      isFirst = false
      return Effect.andThen(call, fail(cutOff))
    }
    return Effect.gen(function* () {
      const { id } = yield* seatOf(address)
      const { resend } = yield* Invitations
      assert.deepEqual(yield* Effect.flip(resend(id)), cutOff)
      assert.strictEqual(yield* word(resend(id)), "MailedRecently")
      yield* advance("1 minute")
      assert.strictEqual(yield* word(resend(id)), "Resent")
    }).pipe(over(fault), Effect.provide(world))
  })

  it.effect("a resend that was refused leaves no trace that keeps the next one from mailing", () => {
    const notSent = new Unavailable({
      operation: "Seats.resend",
      reason: UnavailableReason.cases.NotSent.make({ description: "connection refused" })
    })
    let isFirst = true
    const fault: Fault = (operation, call) => {
      if (operation !== "resend" || !isFirst) return call
      isFirst = false
      return fail(notSent)
    }
    return Effect.gen(function* () {
      const seat = yield* seatOf(address)
      const { resend } = yield* Invitations
      assert.deepEqual(yield* Effect.flip(resend(seat)), notSent)
      assert.strictEqual(yield* word(resend(seat)), "Resent")
    }).pipe(over(fault), Effect.provide(world))
  })

  it.effect(
    "a reissue obeys it too: a second one within a minute returns the new seat, and one after a resend is refused",
    () =>
      Effect.gen(function* () {
        const seat = yield* seatOf(address)
        const { reissue, resend } = yield* Invitations
        yield* resend(seat)
        assert.strictEqual((yield* Effect.flip(reissue(seat)))._tag, "MailedRecently")
        const again = yield* reissue(seat, { again: true })
        assert.strictEqual((yield* reissue(seat)).id, again.id)
        assert.lengthOf(yield* mailedTo, 2)
      }).pipe(over(), Effect.provide(world))
  )
})
