import { assert, describe, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import { Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { DateTime, Effect, Fiber, Stream } from "effect"
import type { Fault } from "./faultInjection.ts"
import {
  advance,
  fail,
  giveTo,
  heldBy,
  mailedTo,
  polar,
  processOver,
  remindAll,
  seatOf,
  type Store,
  unfinished
} from "./processes.ts"
import { source, teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const ann = "expired-0@acme.com"
const bob = "bob@acme.com"
const reissuing = { onExpired: "reissue" } as const

/** Somebody acts in Polar's dashboard right before the first request of a kind reaches Polar. */
const before = (seats: Seats["Service"], kind: string, act: Effect.Effect<unknown, unknown, Seats>): Fault => {
  let isDone = false
  return (operation, call) => {
    if (operation !== kind || isDone) return call
    isDone = true
    return Effect.andThen(Effect.orDie(Effect.provideService(act, Seats, seats)), call)
  }
}

describe("a row that goes to somebody else", () => {
  it.effect("while a run waits for its turn stays theirs", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const { id } = yield* seatOf(ann)
      // A turn comes every six seconds. The administrator acts between two of them
      const run = yield* Effect.forkChild(
        remindAll({ ...reissuing, pace: { limit: 10, window: "1 minute" } }).pipe(Effect.provide(processOver(store)))
      )
      yield* advance("9 seconds")
      yield* giveTo(id, bob)
      yield* advance("10 minutes")
      const outcomes = yield* Fiber.join(run)
      assert.lengthOf(yield* heldBy(bob), 1)
      assert.deepEqual(yield* mailedTo, [bob])
      assert.notInclude(["Reissued", "Resent", "RevokedSomebodyElse"], outcomes[ann])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })

  it.effect("in the instant before the revocation: bob is reported with all that is needed to seat him again", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* seatOf(ann)
      const fault = before(yield* Seats, "revoke", giveTo(seat.id, bob))
      yield* Effect.gen(function* () {
        const { finish, reissue } = yield* Invitations
        const error = yield* Effect.flip(reissue(seat))
        assert.strictEqual(error._tag, "RevokedSomebodyElse")
        if (error._tag !== "RevokedSomebodyElse") return
        assert.strictEqual(
          error.message,
          `Seat ${seat.id} had another holder by now: ${bob} has lost the seat instead of ${ann}, and has no mail of it. Finish the reissue of this error to seat them again.`
        )
        assert.deepEqual(yield* unfinished, [error.reissue])
        assert.deepEqual(yield* mailedTo, [bob], "the administrator's mail alone")
        const [left] = yield* unfinished
        assert.isDefined(left)
        yield* finish(left)
        assert.deepEqual(yield* unfinished, [])
      }).pipe(Effect.provide(processOver(store, fault)))
      assert.lengthOf(yield* heldBy(bob), 1)
      assert.deepEqual(yield* mailedTo, [bob, bob])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })

  it.effect("in the instant before the revocation: a run reports it, and the next run seats bob again", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const { id } = yield* seatOf(ann)
      const fault = before(yield* Seats, "revoke", giveTo(id, bob))
      assert.deepInclude(yield* remindAll(reissuing).pipe(Effect.provide(processOver(store, fault))), {
        [ann]: "RevokedSomebodyElse"
      })
      // Another process waits until the first one is surely gone
      yield* advance("30 minutes")
      assert.deepInclude(yield* remindAll(reissuing).pipe(Effect.provide(processOver(store))), { [bob]: "Reissued" })
      assert.lengthOf(yield* heldBy(bob), 1)
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })

  it.effect("before a resend: the journal remembers bob, who was mailed, and the next run skips him", () => {
    const store: Store = new Map()
    const live = "live-0@acme.com"
    return Effect.gen(function* () {
      const seat = yield* seatOf(live)
      const fault = before(yield* Seats, "resend", giveTo(seat.id, bob))
      const outcomes = yield* Effect.flatMap(Invitations, ({ remind }) => Stream.runCollect(remind(source))).pipe(
        Effect.provide(processOver(store, fault))
      )
      const [outcome] = outcomes
      assert.isTrue(outcome?._tag === "Failed" && outcome.error._tag === "MailedSomebodyElse")
      assert.strictEqual(
        outcome?._tag === "Failed" && outcome.error.message,
        `Seat ${seat.id} has another holder by now: the invitation went to ${bob}, and not to ${live}. List the seats to see where ${live} sits.`
      )
      assert.deepEqual(yield* mailedTo, [bob, bob], "the administrator's mail, and ours")
      assert.deepEqual(yield* remindAll().pipe(Effect.provide(processOver(store))), { [bob]: "MailedRecently" })
      assert.deepEqual(yield* mailedTo, [bob, bob])
    }).pipe(Effect.provide(polar(teamOf(epoch, { live: 1 }))))
  })

  it.effect(
    "before a single resend: the call fails with MailedSomebodyElse, and a second one is refused for bob",
    () => {
      const store: Store = new Map()
      return Effect.gen(function* () {
        const seat = yield* seatOf("live-0@acme.com")
        const fault = before(yield* Seats, "resend", giveTo(seat.id, bob))
        yield* Effect.gen(function* () {
          const { resend } = yield* Invitations
          assert.strictEqual((yield* Effect.flip(resend(seat)))._tag, "MailedSomebodyElse")
          assert.strictEqual((yield* Effect.flip(resend(yield* seatOf(bob))))._tag, "MailedRecently")
        }).pipe(Effect.provide(processOver(store, fault)))
      }).pipe(Effect.provide(polar(teamOf(epoch, { live: 1 }))))
    }
  )
})

describe("a person whom somebody else removed stays removed", () => {
  const cutOff = new Unavailable({
    operation: "Seats.revoke",
    reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "cut off" })
  })
  /** The first revocation is lost on its way to Polar. */
  const losing = (): Fault => {
    let revocations = 0
    return (operation, call) => (operation === "revoke" && revocations++ === 0 ? fail(cutOff) : call)
  }

  it.effect("after a reissue whose revocation never arrived: a month later nobody is seated or mailed", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* seatOf(ann)
      yield* Effect.gen(function* () {
        const { finish, reissue } = yield* Invitations
        const incomplete = yield* Effect.flip(reissue(seat))
        assert.strictEqual(incomplete._tag, "ReissueIncomplete")
        assert.lengthOf(yield* unfinished, 1)
        yield* advance("1 hour")
        yield* (yield* Seats).revoke(seat.id)
        yield* advance("30 days")
        assert.deepEqual(yield* remindAll(reissuing), { [ann]: "HolderRemoved" })
        assert.deepEqual(yield* unfinished, [], "the reissue has ended")
        if (incomplete._tag !== "ReissueIncomplete") return
        const error = yield* Effect.flip(finish(incomplete))
        assert.include(["AlreadyClaimed", "NotFound", "HolderRemoved"], error._tag)
      }).pipe(Effect.provide(processOver(store, losing())))
      assert.deepEqual(yield* heldBy(ann), [])
      assert.deepEqual(yield* mailedTo, [])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })

  it.effect("if the removal came right before our revocation, and the answer names nobody", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* seatOf(ann)
      const seats = yield* Seats
      const error = yield* Effect.flatMap(Invitations, ({ reissue }) => Effect.flip(reissue(seat))).pipe(
        Effect.provide(processOver(store, before(seats, "revoke", seats.revoke(seat.id))))
      )
      assert.strictEqual(error._tag, "HolderRemoved")
      assert.strictEqual(
        error.message,
        `The holder of seat ${seat.id} has no seat now, and somebody else may have removed them. Nothing was mailed: assign a seat to them if they should have one.`
      )
      assert.deepEqual(yield* heldBy(ann), [])
      assert.deepEqual(yield* mailedTo, [])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })

  it.effect("and is seated again if our own revocation took the seat away", () => {
    const store: Store = new Map()
    const answerLost: Fault = (operation, call) => (operation === "revoke" ? Effect.andThen(call, fail(cutOff)) : call)
    return Effect.gen(function* () {
      const seat = yield* seatOf(ann)
      yield* Effect.flatMap(Invitations, ({ reissue }) => Effect.flip(reissue(seat))).pipe(
        Effect.provide(processOver(store, answerLost))
      )
      yield* advance("30 days")
      assert.deepEqual(yield* remindAll(reissuing).pipe(Effect.provide(processOver(store))), { [ann]: "Reissued" })
      assert.lengthOf(yield* heldBy(ann), 1)
      assert.deepEqual(yield* mailedTo, [ann])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })
})

describe("an answer about another seat or person", () => {
  const two = polar(teamOf(epoch, { expired: 1, live: 2 }))
  /** A server answers out of step: the answer to one request comes for another one. */
  const outOfStep =
    (kind: string, answer: Seat): Fault =>
    (operation, call) =>
      operation === kind ? (Effect.as(call, answer) as never) : call

  it.effect("leaves a resend in doubt, and is not retried", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const other = yield* seatOf("live-1@acme.com")
      const only = { address: (address: string) => address === "live-0@acme.com" }
      const fault = outOfStep("resend", other)
      assert.deepInclude(yield* remindAll(only).pipe(Effect.provide(processOver(store, fault))), {
        "live-0@acme.com": "InDoubt"
      })
      assert.deepInclude(yield* remindAll(only).pipe(Effect.provide(processOver(store))), {
        "live-0@acme.com": "InDoubt"
      })
      assert.lengthOf(yield* mailedTo, 1)
    }).pipe(Effect.provide(two))
  })

  it.effect("fails a single resend with what Polar answered", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const fault = outOfStep("resend", yield* seatOf("live-1@acme.com"))
      const seat = yield* seatOf("live-0@acme.com")
      const error = yield* Effect.flatMap(Invitations, ({ resend }) => Effect.flip(resend(seat))).pipe(
        Effect.provide(processOver(store, fault))
      )
      assert.include(error.message, "the answer is about another seat")
    }).pipe(Effect.provide(two))
  })

  it.effect("fails a reissue as incomplete after its revocation, and nobody is assigned", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const fault = outOfStep("revoke", yield* seatOf("live-1@acme.com"))
      const seat = yield* seatOf("expired-2@acme.com")
      const error = yield* Effect.flatMap(Invitations, ({ reissue }) => Effect.flip(reissue(seat))).pipe(
        Effect.provide(processOver(store, fault))
      )
      assert.strictEqual(error._tag, "ReissueIncomplete")
      assert.include(error.message, "the answer is about another seat")
      assert.deepEqual(yield* mailedTo, [])
    }).pipe(Effect.provide(two))
  })

  it.effect("to an assignment is MailedSomebodyElse, and the journal remembers who was mailed", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const fault = outOfStep("assign", yield* seatOf("live-1@acme.com"))
      const seat = yield* seatOf("expired-2@acme.com")
      yield* Effect.gen(function* () {
        const { reissue } = yield* Invitations
        assert.strictEqual((yield* Effect.flip(reissue(seat)))._tag, "MailedSomebodyElse")
        assert.deepInclude(yield* remindAll(), { "live-1@acme.com": "MailedRecently" })
      }).pipe(Effect.provide(processOver(store, fault)))
    }).pipe(Effect.provide(two))
  })
})

it.effect(
  "an assignment to a person who has got a seat meanwhile sends no second mail, and the seat is the result",
  () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* seatOf(ann)
      const seats = yield* Seats
      const assign = seats.assign({ source, recipient: Recipient.Email({ email: ann }) })
      yield* (yield* Outbox).clear
      const after = yield* Effect.flatMap(Invitations, ({ reissue }) => reissue(seat)).pipe(
        Effect.provide(processOver(store, before(seats, "assign", assign)))
      )
      assert.strictEqual(after.holderEmail, ann)
      assert.lengthOf(yield* heldBy(ann), 1)
      assert.deepEqual(yield* mailedTo, [ann], "the administrator's mail alone")
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1, revoked: 1 }))))
  }
)
