import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "@polar-seats/invitations/Journal"
import type { Phase } from "@polar-seats/invitations/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { DateTime, Deferred, Effect, Fiber, Stream } from "effect"
import type { Fault } from "./faultInjection.ts"
import {
  advance,
  heldBy,
  mailedTo,
  pausable,
  polar,
  processOver,
  remindAll,
  seatOf,
  type Store,
  unfinished
} from "./processes.ts"
import { source, teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const address = "expired-0@acme.com"

describe("a process that was stopped with its revocation on the wire, and whose reissue another one has ended", () => {
  /** The first process stops until the second one has reissued. Then its revocation reaches Polar, or does not. */
  const stoppedAndContinued = (store: Store, arrives: boolean) =>
    Effect.gen(function* () {
      const landing = yield* Deferred.make<void>()
      const fault: Fault = (operation, call) =>
        operation !== "revoke"
          ? call
          : arrives
            ? Effect.andThen(Deferred.await(landing), call)
            : Effect.tap(call, Deferred.await(landing))
      const first = pausable(store, fault)
      const seen: Array<ReminderOutcome> = []
      const run = yield* Effect.forkChild(
        Effect.flatMap(Invitations, ({ remind }) =>
          Stream.runForEach(remind(source, { onExpired: "reissue" }), (outcome) =>
            Effect.sync(() => seen.push(outcome))
          )
        ).pipe(Effect.provide(first.layer))
      )
      yield* advance("1 second")
      yield* first.pause
      const second = yield* Effect.forkChild(Effect.provide(remindAll({ onExpired: "reissue" }), processOver(store)))
      yield* advance("5 minutes")
      assert.deepEqual(yield* Fiber.join(second), { [address]: "Reissued" })
      assert.lengthOf(yield* heldBy(address), 1)
      yield* Deferred.succeed(landing, undefined)
      yield* first.resume
      yield* advance("2 hours")
      yield* Fiber.join(run)
      return seen
    })

  it.effect(
    "looks again, reports the seat as Failed, and leaves the reissue unfinished if the person has no seat",
    () => {
      const store: Store = new Map()
      return Effect.gen(function* () {
        const [outcome, ...others] = yield* stoppedAndContinued(store, true)
        assert.deepEqual(others, [])
        assert.isTrue(outcome?._tag === "Failed" && outcome.error._tag === "ReissueIncomplete")
        assert.deepEqual(yield* heldBy(address), [], "the revocation has hit the new seat")
        yield* Effect.gen(function* () {
          const [left, ...more] = yield* unfinished
          assert.deepEqual(more, [])
          assert.isDefined(left)
          yield* (yield* Invitations).finish(left, { again: true })
          assert.deepEqual(yield* unfinished, [])
        }).pipe(Effect.provide(processOver(store)))
        assert.lengthOf(yield* heldBy(address), 1)
        assert.deepEqual(yield* mailedTo, [address, address], "the first link is dead")
      }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
    }
  )

  it.effect("leaves the seat to the other process if its revocation finds the old seat revoked", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      // The other process assigns the seat that was free before
      const outcomes = yield* stoppedAndContinued(store, true)
      const outcome = outcomes.find((each) => each.address === address)
      assert.isTrue(outcome?._tag === "Skipped" && outcome.reason._tag === "MailedRecently", JSON.stringify(outcome))
      assert.lengthOf(yield* heldBy(address), 1)
      assert.deepEqual(yield* mailedTo, [address])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1, revoked: 1 }))))
  })

  it.effect("leaves the seat to the other process if the person has one", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const [outcome, ...others] = yield* stoppedAndContinued(store, false)
      assert.deepEqual(others, [])
      assert.isTrue(outcome?._tag === "Skipped" && outcome.reason._tag === "MailedRecently")
      assert.lengthOf(yield* heldBy(address), 1)
      assert.deepEqual(yield* mailedTo, [address])
      assert.deepEqual(yield* unfinished.pipe(Effect.provide(processOver(store))), [])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })
})

describe("a process that was stopped with its revocation on the wire, while another one ends its reissue", () => {
  it.effect.each(["5 seconds", "5 minutes"] as const)(
    "waits for the other one for %s, and does not report its success as a failure",
    (time) => {
      const store: Store = new Map()
      return Effect.gen(function* () {
        const [answered, assigned] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const first = pausable(store, (operation, call) =>
          operation === "revoke" ? Effect.tap(call, Deferred.await(answered)) : call
        )
        const second = processOver(store, (operation, call) =>
          operation === "assign" ? Effect.andThen(Deferred.await(assigned), call) : call
        )
        const options = { onExpired: "reissue" } as const
        const one = yield* Effect.forkChild(Effect.provide(remindAll(options), first.layer))
        yield* advance("1 second")
        yield* first.pause
        const other = yield* Effect.forkChild(Effect.provide(remindAll(options), second))
        yield* advance("5 minutes")
        yield* Deferred.succeed(answered, undefined)
        yield* first.resume
        yield* advance(time)
        assert.deepEqual(yield* heldBy(address), [], "the other one has not assigned yet")
        yield* Deferred.succeed(assigned, undefined)
        yield* advance("2 hours")
        assert.deepEqual(yield* Fiber.join(other), { [address]: "Reissued" })
        assert.deepEqual(yield* Fiber.join(one), { [address]: "MailedRecently" })
        assert.lengthOf(yield* heldBy(address), 1)
        assert.deepEqual(yield* mailedTo, [address])
      }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
    }
  )
})

describe("a process that was stopped with its revocation on the wire, and another one that was killed then", () => {
  it.effect("ends the reissue by itself", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const answered = yield* Deferred.make<void>()
      const first = pausable(store, (operation, call) =>
        operation === "revoke" ? Effect.tap(call, Deferred.await(answered)) : call
      )
      const second = pausable(store, (operation, call) =>
        operation === "assign" ? Effect.andThen(second.pause, Effect.never) : call
      )
      const options = { onExpired: "reissue" } as const
      const one = yield* Effect.forkChild(Effect.provide(remindAll(options), first.layer))
      yield* advance("1 second")
      yield* first.pause
      yield* Effect.forkDetach(Effect.provide(remindAll(options), second.layer))
      yield* advance("5 minutes")
      assert.deepEqual(yield* heldBy(address), [], "the other one has begun, and is gone")
      yield* Deferred.succeed(answered, undefined)
      yield* first.resume
      yield* advance("2 hours")
      assert.deepEqual(yield* Fiber.join(one), { [address]: "Reissued" })
      assert.deepEqual(yield* mailedTo, [address])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })
})

describe("a process that was stopped after its revocation was written down, and whose reissue another one has ended", () => {
  /** A memory that runs an effect once an attempt is in a phase for the first time. */
  class Watched extends Map<string, Entry> {
    readonly phase: Phase["_tag"]
    reaction: Effect.Effect<unknown> | undefined
    constructor(phase: Phase["_tag"]) {
      super()
      this.phase = phase
    }
    override set(key: string, entry: Entry) {
      const { attempt } = entry
      if (this.reaction !== undefined && attempt?._tag === "Reissue" && attempt.phase._tag === this.phase) {
        Effect.runSync(this.reaction)
        this.reaction = undefined
      }
      return super.set(key, entry)
    }
  }

  it.effect.each([
    { phase: "Revoked", when: "before it begins to assign", word: "MailedRecently" },
    { phase: "Assigning", when: "when it is about to assign", word: "InProgressElsewhere" }
  ] as const)("leaves the seat to the other one $when, and reports no failure", ({ phase, word }) => {
    const store = new Watched(phase)
    const options = { onExpired: "reissue" } as const
    return Effect.gen(function* () {
      const first = pausable(store)
      store.reaction = first.pause
      const one = yield* Effect.forkChild(Effect.provide(remindAll(options), first.layer))
      yield* advance("1 second")
      assert.deepEqual(yield* heldBy(address), [], "it is stopped halfway")
      const other = yield* Effect.forkChild(Effect.provide(remindAll(options), processOver(store)))
      yield* advance("5 minutes")
      assert.deepEqual(yield* Fiber.join(other), { [address]: "Reissued" })
      yield* first.resume
      yield* advance("2 hours")
      assert.deepEqual(yield* Fiber.join(one), { [address]: word })
      assert.lengthOf(yield* heldBy(address), 1)
      assert.deepEqual(yield* mailedTo, [address])
      assert.deepEqual(yield* unfinished.pipe(Effect.provide(processOver(store))), [])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 1 }))))
  })
})

describe("two processes that were killed halfway through a reissue each", () => {
  const [one, other] = ["expired-0@acme.com", "expired-1@acme.com"]
  /** Reissues one person's seat in a process that dies when Polar has done an operation. */
  const killedAfter = (store: Store, operation: "revoke" | "assign", person: string) =>
    Effect.gen(function* () {
      const seat = yield* seatOf(person)
      const process = pausable(store, (called, call) =>
        called === operation ? Effect.tap(call, () => process.pause) : call
      )
      yield* Effect.forkDetach(Effect.provide(remindOne(seat), process.layer))
      yield* advance("1 second")
    })
  const remindOne = (seat: Seat) =>
    Effect.flatMap(Invitations, (service) => service.remindOne(seat, { onExpired: "reissue" }))

  it.effect("are both finished, since the journal remembers each revocation when it learns of the mail", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seats = [yield* seatOf(one), yield* seatOf(other)] as const
      yield* killedAfter(store, "revoke", one)
      yield* killedAfter(store, "assign", other)
      yield* advance("5 minutes")
      const finish = Effect.provide(Effect.forEach(seats.toReversed(), remindOne), processOver(store))
      const finished = yield* Effect.forkChild(finish)
      yield* advance("2 hours")
      assert.deepEqual(
        (yield* Fiber.join(finished)).map(({ _tag }) => _tag),
        ["Reissued", "Reissued"]
      )
      assert.deepEqual(yield* mailedTo, [other, one])
    }).pipe(Effect.provide(polar(teamOf(epoch, { expired: 2, revoked: 2 }))))
  })
})

describe("a process whose call takes five minutes", () => {
  const slow: Fault = (operation, call) =>
    operation === "list" ? call : Effect.andThen(Effect.sleep("5 minutes"), call)

  it.effect.each([
    { what: "resend", team: teamOf(epoch, { live: 1 }), word: "Resent", person: "live-0@acme.com" },
    { what: "reissue", team: teamOf(epoch, { expired: 1, revoked: 1 }), word: "Reissued", person: address }
  ])("is waited for by another one with retryUnknown, and one mail leaves: a $what", ({ person, team, word }) => {
    const store: Store = new Map()
    const options = { onExpired: "reissue", retryUnknown: true } as const
    return Effect.gen(function* () {
      const first = yield* Effect.forkChild(Effect.provide(remindAll(options), processOver(store, slow)))
      yield* advance("1 second")
      const second = yield* Effect.forkChild(Effect.provide(remindAll(options), processOver(store)))
      yield* advance("30 minutes")
      assert.deepEqual(yield* Fiber.join(first), { [person]: word })
      assert.include(["MailedRecently", "InProgressElsewhere"], (yield* Fiber.join(second))[person])
      assert.deepEqual(yield* mailedTo, [person])
      assert.lengthOf(yield* heldBy(person), 1)
    }).pipe(Effect.provide(polar(team)))
  })

  it.effect("refuses another call for the same person with InProgressElsewhere", () => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* seatOf("live-0@acme.com")
      const first = yield* Effect.forkChild(Effect.provide(remindAll(), processOver(store, slow)))
      yield* advance("2 minutes")
      const other = Effect.provide(processOver(store))
      const calls = [
        Effect.flatMap(Invitations, ({ resend }) => Effect.asVoid(resend(seat, { again: true }))),
        Effect.flatMap(Invitations, ({ resend }) => Effect.asVoid(resend(seat.id, { again: true }))),
        Effect.flatMap(Invitations, ({ reissue }) => Effect.asVoid(reissue(seat, { again: true })))
      ]
      for (const call of calls) {
        const error = yield* Effect.flip(other(call))
        assert.strictEqual(error._tag, "InProgressElsewhere")
        assert.strictEqual(
          error.message,
          `Another process is mailing the holder of seat ${seat.id}. Nothing was mailed here: look at the seat in a minute.`
        )
      }
      yield* advance("5 minutes")
      yield* Fiber.join(first)
      assert.lengthOf(yield* mailedTo, 1)
    }).pipe(Effect.provide(polar(teamOf(epoch, { live: 1 }))))
  })
})
