import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import { Member, Seat, SeatId } from "@polar-seats/domain/Seat"
import { RateLimited, Unauthorized, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { WorldInput } from "@polar-seats/emulator/World"
import { Cause, DateTime, Duration, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { source, teamOf, token } from "./team.ts"
import { type Fault, withFaults } from "./faultInjection.ts"
import { away, processOver, seatOf, type Store } from "./processes.ts"

const epoch = DateTime.makeUnsafe(0)
const world = teamOf(epoch, { expired: 1, claimed: 1, revoked: 2 })
const address = "expired-0@acme.com"
const first = "00000000-0000-4000-8000-000000000000"

const above = (fault: Fault, team: WorldInput = world, journal = Journal.layerMemory) =>
  Invitations.layer.pipe(
    Layer.provideMerge(Layer.merge(withFaults(Layer.orDie(SeatsMemory.layer(team, token)), fault), journal))
  )
const noFault: Fault = (_, call) => call

const theSeat = Effect.gen(function* () {
  const { seats } = yield* (yield* Seats).list(source)
  return yield* Effect.fromNullishOr(seats.find((seat) => seat.holderEmail === address))
})

const held = Effect.gen(function* () {
  const { seats } = yield* (yield* Seats).list(source)
  return seats.filter((seat) => seat.status !== "revoked" && seat.holderEmail === address)
})
const mailed = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to)))

const incompleteIn = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E | Reissue.ReissueIncomplete>) =>
  Exit.isFailure(exit)
    ? exit.cause.reasons
        .filter(Cause.isFailReason)
        .flatMap(({ error }) => (error._tag === "ReissueIncomplete" ? [error as Reissue.ReissueIncomplete] : []))
    : []

const unauthorized = new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" })
const cutOff = (operation: "Seats.assign" | "Seats.revoke") =>
  new Unavailable({ operation, reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "cut off" }) })

describe("an interrupted reissue", () => {
  // Each request travels for a second, and its answer for another one
  const points = Array.from({ length: 14 }, (_, index) => index * 0.5 + 0.1)

  it.effect.each(points)(
    "after %f seconds leaves the seat, or an error that can finish the reissue a minute later",
    (seconds) =>
      Effect.gen(function* () {
        const { finish, reissue, unfinished } = yield* Invitations
        const looking = yield* Effect.forkChild(theSeat)
        yield* TestClock.adjust("2 seconds")
        const seat = yield* Fiber.join(looking)

        const fiber = yield* Effect.forkChild(reissue(seat))
        yield* TestClock.adjust(`${seconds} seconds`)
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        const [incomplete] = incompleteIn(exit)
        const left = yield* Stream.runCollect(unfinished)

        // The list takes two seconds. The seat is revoked after three, and the answer arrives after four
        if (seconds < 2) {
          assert.isUndefined(incomplete)
          assert.deepEqual(left, [])
        } else if (seconds < 6) {
          assert.isDefined(incomplete, "the caller gets the error")
          assert.isTrue(Exit.hasInterrupts(exit))
          assert.strictEqual(left.length, 1, "the journal has the reissue")
          assert.deepEqual(left[0], incomplete.reissue)
        } else assert.isTrue(Exit.isSuccess(exit))

        // Until then the revocation may still arrive
        yield* TestClock.adjust("1 minute")
        const again = yield* Effect.forkChild(incomplete === undefined ? reissue(seat) : finish(incomplete))
        yield* TestClock.adjust("1 minute")
        const after = yield* Fiber.join(again)
        const reading = yield* Effect.forkChild(held)
        yield* TestClock.adjust("2 seconds")
        assert.deepEqual(
          (yield* Fiber.join(reading)).map(({ id, status }) => ({ id, status })),
          [{ id: after.id, status: "pending" }]
        )
        assert.deepEqual(yield* mailed, [address], "one mail, whenever it was interrupted")
        assert.deepEqual(yield* Stream.runCollect(unfinished), [])
      }).pipe(Effect.provide(above(away("1 second"))))
  )

  it.effect("is not finished while its revocation may still arrive, and nobody is revoked or mailed", () => {
    let revocations = 0
    const lost: Fault = (operation, call) => (operation === "revoke" && revocations++ === 0 ? Effect.never : call)
    return Effect.gen(function* () {
      const { finish, reissue } = yield* Invitations
      const fiber = yield* Effect.forkChild(reissue(yield* theSeat))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const [incomplete] = incompleteIn(yield* Fiber.await(fiber))
      assert.isDefined(incomplete)
      yield* TestClock.adjust("50 seconds")
      const error = yield* Effect.flip(finish(incomplete))
      assert.deepInclude(error, { _tag: "ReissueIncomplete", error: null })
      assert.strictEqual(revocations, 1)
      yield* TestClock.adjust("10 seconds")
      yield* finish(incomplete)
      assert.deepEqual(yield* mailed, [address])
    }).pipe(Effect.provide(above(lost)))
  })
})

describe("two processes that reissue for the same person over one journal", () => {
  const aRun = (): Effect.Effect<void, unknown, Invitations> =>
    Effect.flatMap(Invitations, ({ remind }) => Stream.runDrain(remind(source, { onExpired: "reissue" })))
  const aReissue = (seat: Seat): Effect.Effect<void, unknown, Invitations> =>
    Effect.flatMap(Invitations, ({ reissue }) => Effect.ignore(reissue(seat)))
  const ways = { "a run": aRun, "a reissue": aReissue }
  const names = ["a run", "a reissue"] as const
  // Polar is a second away from the first process, and nearer, as far or farther away from the second
  const cases = names.flatMap((one) =>
    names.flatMap((other) =>
      [0.2, 1, 1.7].flatMap((seconds) =>
        Array.from({ length: 9 }, (_, index) => ({ one, other, seconds, later: index * 0.9 }))
      )
    )
  )

  it.effect.each(cases)("mail once: $one, and $later seconds later $other that is $seconds seconds away", (each) => {
    const store: Store = new Map()
    return Effect.gen(function* () {
      const seat = yield* theSeat
      const first = yield* Effect.forkChild(Effect.provide(ways[each.one](seat), processOver(store, away("1 second"))))
      yield* TestClock.adjust(`${each.later} seconds`)
      const there = away(`${each.seconds} seconds`)
      const second = yield* Effect.forkChild(Effect.provide(ways[each.other](seat), processOver(store, there)))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.deepEqual(yield* mailed, [address])
      // One of them waits for the other, so no revocation hits the new seat
      assert.lengthOf(yield* held, 1)
    }).pipe(Effect.provide(above(noFault)))
  })
})

/** Above a journal whose write fails once, after the given number of writes. */
const forgetful = (writes: number) => {
  let left = writes
  const failing = Layer.effect(
    Journal.Journal,
    Effect.map(Journal.Journal, (journal) => ({
      ...journal,
      put: (...write: Parameters<typeof journal.put>) =>
        left-- === 0
          ? Effect.fail(new Journal.JournalError({ description: "the disk is full" }))
          : journal.put(...write)
    }))
  )
  return above(noFault, world, Layer.provide(failing, Journal.layerMemory))
}

describe("a reissue whose revocation or assignment fails", () => {
  const once = (operation: string, happens: boolean, error: Unavailable): Fault => {
    let times = 0
    return (name, call) =>
      name === operation && times++ === 0
        ? Effect.andThen(happens ? call : Effect.void, Effect.fail(error) as Effect.Effect<never>)
        : call
  }
  it.effect.each([
    { what: "the revocation was cut off before Polar did it", half: "revoke", happens: false },
    { what: "the revocation was cut off after Polar did it", half: "revoke", happens: true },
    { what: "the assignment was cut off before Polar did it", half: "assign", happens: false },
    { what: "the assignment was cut off after Polar did it", half: "assign", happens: true }
  ] as const)("is finished a minute later if $what", ({ half, happens }) =>
    Effect.gen(function* () {
      const { finish, reissue, unfinished } = yield* Invitations
      const error = yield* Effect.flip(reissue(yield* theSeat))
      assert.strictEqual(error._tag, "ReissueIncomplete")
      if (error._tag !== "ReissueIncomplete") return
      assert.include(error.message, "finish")
      assert.notInclude(error.message, address, "the message does not show the address")
      assert.deepEqual(yield* Stream.runCollect(unfinished), [error.reissue])
      yield* TestClock.adjust("1 minute")
      const seat = yield* finish(error)
      assert.deepEqual(
        (yield* held).map(({ id }) => id),
        [seat.id]
      )
      assert.deepEqual(yield* mailed, [address])
    }).pipe(Effect.provide(above(once(half, happens, cutOff(`Seats.${half}`)))))
  )

  // The journal is written before the revocation and after it, and before the assignment and after it
  it.effect.each([
    { what: "before the seat is revoked", writes: 0, tag: "JournalError", mails: 0 },
    { what: "after the seat was revoked", writes: 1, tag: "ReissueIncomplete", mails: 0 },
    { what: "before it was assigned again", writes: 2, tag: "ReissueIncomplete", mails: 0 },
    { what: "after it was assigned again", writes: 3, tag: "ReissueIncomplete", mails: 1 }
  ])("is finished when a journal that failed $what works again", ({ mails, tag, writes }) =>
    Effect.gen(function* () {
      const { finish, reissue, unfinished } = yield* Invitations
      const error = yield* Effect.flip(reissue(yield* theSeat))
      assert.strictEqual(error._tag, tag)
      assert.include(error.message, "the disk is full")
      assert.lengthOf(yield* mailed, mails)
      const begun = yield* Stream.runCollect(unfinished)
      assert.lengthOf(begun, writes === 0 ? 0 : 1)
      yield* error._tag === "ReissueIncomplete" ? finish(error) : reissue(yield* theSeat)
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
      assert.lengthOf(yield* held, 1)
      assert.deepEqual(yield* mailed, [address])
    }).pipe(Effect.provide(forgetful(writes)))
  )

  it.effect("fails plainly if the revocation was certainly not done", () => {
    const notSent = new Unavailable({
      operation: "Seats.revoke",
      reason: UnavailableReason.cases.NotSent.make({ description: "connection refused" })
    })
    return Effect.gen(function* () {
      const { reissue, unfinished } = yield* Invitations
      assert.deepEqual(yield* Effect.flip(reissue(yield* theSeat)), notSent)
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
      assert.deepEqual(yield* mailed, [])
      yield* reissue(yield* theSeat)
      assert.deepEqual(yield* mailed, [address])
    }).pipe(Effect.provide(above(once("revoke", false, notSent))))
  })
})

it.effect("two concurrent reissues do not revoke each other's invitation", () => {
  let revocations = 0
  // Both read the list before either revokes, and the second revocation comes after the first reissue is done
  const fault: Fault = (operation, call) => {
    if (operation === "list") return Effect.tap(call, Effect.sleep("1 second"))
    return operation === "revoke" && ++revocations === 2 ? Effect.andThen(Effect.sleep("5 seconds"), call) : call
  }
  return Effect.gen(function* () {
    const { reissue } = yield* Invitations
    const looking = yield* Effect.forkChild(theSeat)
    yield* TestClock.adjust("1 second")
    const seat = yield* Fiber.join(looking)
    const both = yield* Effect.forkChild(Effect.all([reissue(seat), reissue(seat)], { concurrency: "unbounded" }))
    yield* TestClock.adjust("1 minute")
    const [one, other] = yield* Fiber.join(both)
    assert.deepEqual(one, other)
    assert.deepEqual(yield* mailed, [address])
  }).pipe(Effect.provide(above(fault)))
})

describe("a reissue for a person whose address has changed", () => {
  const buyer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
  const ann = "4b0d7c62-93f1-4e7a-8c25-6a1f0e9d3b58"
  // Polar mails a seat without an address to its member's address
  const ofAnn = {
    ...world,
    members: [{ id: ann, customer: buyer, email: "new@acme.com" }],
    seats: (world.seats ?? []).slice(0, 1).map(({ email: _, ...seat }) => ({ ...seat, memberId: ann }))
  }
  const asItWas = Effect.gen(function* () {
    const { seats } = yield* (yield* Seats).list(source)
    const [seat] = seats
    if (!seat?.member) return yield* Effect.die("the seat is a member's")
    return new Seat({ ...seat, member: new Member({ ...seat.member, email: "old@acme.com" }) })
  })
  const mailsNewOne = Effect.gen(function* () {
    const { remind, unfinished } = yield* Invitations
    assert.deepEqual(yield* mailed, ["new@acme.com"])
    assert.deepEqual(yield* Stream.runCollect(unfinished), [])
    const again = yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))
    assert.deepEqual(
      again.map((outcome) => outcome._tag === "Skipped" && outcome.reason._tag),
      ["MailedRecently"]
    )
  })
  const over = above(noFault, ofAnn)

  it.effect("mails the new address, and the journal has the mail", () =>
    Effect.gen(function* () {
      const { reissue } = yield* Invitations
      yield* reissue(yield* asItWas)
      yield* mailsNewOne
    }).pipe(Effect.provide(over))
  )

  it.effect("does the same in a run", () =>
    Effect.gen(function* () {
      const { remindOne } = yield* Invitations
      assert.strictEqual((yield* remindOne(yield* asItWas, { onExpired: "reissue" }))._tag, "Reissued")
      yield* mailsNewOne
    }).pipe(Effect.provide(over))
  )
})

describe("a reissue of a seat whose invitation has changed since it was read", () => {
  /** The seat as it was before somebody else reissued it: its invitation had another end. */
  const asItWas = (of: string) =>
    Effect.map(seatOf(of), (seat) => {
      const expiresAt = seat.invitationTokenExpiresAt
      assert.isNotNull(expiresAt)
      return new Seat({ ...seat, invitationTokenExpiresAt: DateTime.subtract(expiresAt, { hours: 48 }) })
    })
  const changed = above(noFault, teamOf(epoch, { live: 1, expired: 1 }))

  it.effect("mails a new link if the changed invitation is dead too", () =>
    Effect.gen(function* () {
      const { reissue } = yield* Invitations
      const after = yield* reissue(yield* asItWas("expired-1@acme.com"))
      assert.strictEqual(after.invitation(yield* DateTime.now)._tag, "Live")
      assert.deepEqual(yield* mailed, ["expired-1@acme.com"])
    }).pipe(Effect.provide(changed))
  )

  it.effect("returns the seat and mails nobody if the changed invitation is live", () =>
    Effect.gen(function* () {
      const { reissue } = yield* Invitations
      const seat = yield* seatOf("live-0@acme.com")
      assert.deepEqual(yield* reissue(yield* asItWas("live-0@acme.com")), seat)
      assert.deepEqual(yield* mailed, [])
    }).pipe(Effect.provide(changed))
  )

  it.effect("mails a new link too if an unfinished reissue finds a dead invitation", () =>
    Effect.gen(function* () {
      const { finish } = yield* Invitations
      const known = Reissue.fromSeat(yield* asItWas("expired-1@acme.com"))
      assert.isDefined(known)
      const after = yield* finish(known)
      assert.strictEqual(after.invitation(yield* DateTime.now)._tag, "Live")
      assert.deepEqual(yield* mailed, ["expired-1@acme.com"])
    }).pipe(Effect.provide(changed))
  )
})

it.effect("does not revoke a seat that could not be assigned again", () => {
  const metadata = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`key${index}`, "value"]))
  const crowded = { ...world, seats: (world.seats ?? []).map((seat) => ({ ...seat, seatMetadata: metadata })) }
  return Effect.gen(function* () {
    const { reissue, unfinished } = yield* Invitations
    assert.strictEqual((yield* Effect.flip(reissue(yield* theSeat)))._tag, "InvalidRequest")
    assert.lengthOf(yield* held, 1)
    assert.deepEqual(yield* Stream.runCollect(unfinished), [])
  }).pipe(Effect.provide(above(noFault, crowded)))
})

describe("a list request", () => {
  /** Counts the list requests, and delays each answer by a second. */
  const counting = () => {
    const counts = { lists: 0 }
    const fault: Fault = (operation, call) => {
      if (operation !== "list") return call
      counts.lists++
      return Effect.tap(call, Effect.sleep("1 second"))
    }
    return { counts, fault }
  }

  it.effect("is shared by all callers that ask while another one is on its way", () => {
    const { counts, fault } = counting()
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const run = Stream.runCollect(remind(source, { onExpired: "reissue", concurrency: 10 }))
      const running = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 hour")
      const outcomes = yield* Fiber.join(running)
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Reissued"))
      assert.lengthOf(yield* mailed, 100)
      assert.lengthOf(new Set(yield* mailed), 100)
      // In each group of ten, the first seat reads a list for itself, and the second seat for the other nine
      assert.isAtMost(counts.lists, 1 + 2 * 10)
    }).pipe(Effect.provide(above(fault, teamOf(epoch, { expired: 100 }))))
  })

  it.effect("is not answered from a list that was read before the caller asked", () => {
    const { fault } = counting()
    return Effect.gen(function* () {
      const { reissue } = yield* Invitations
      const { revoke } = yield* Seats
      const looking = yield* Effect.forkChild(Effect.flatMap(Seats, (seats) => seats.list(source)))
      yield* TestClock.adjust("1 second")
      const [one, other] = (yield* Fiber.join(looking)).seats
      if (one === undefined || other === undefined) return assert.fail("the team has two seats")
      const first = yield* Effect.forkChild(reissue(one))
      yield* TestClock.adjust("500 millis")
      // Polar has read the list for the first reissue, and its answer is on its way
      yield* revoke(other.id)
      const second = yield* Effect.forkChild(Effect.flip(reissue(other)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(first)
      assert.strictEqual((yield* Fiber.join(second))._tag, "AlreadyClaimed")
      assert.deepEqual(yield* mailed, [one.holderEmail])
    }).pipe(Effect.provide(above(fault, teamOf(epoch, { expired: 2 }))))
  })

  it.effect("continues for the others if its sender is interrupted, and its failure reaches only one caller", () => {
    const { counts, fault: slow } = counting()
    const fault: Fault = (operation, call) =>
      slow(
        operation,
        operation === "list" && counts.lists === 2 ? (Effect.fail(unauthorized) as Effect.Effect<never>) : call
      )
    return Effect.gen(function* () {
      const { reissue } = yield* Invitations
      const looking = yield* Effect.forkChild(Effect.flatMap(Seats, (seats) => seats.list(source)))
      yield* TestClock.adjust("1 second")
      const { seats } = yield* Fiber.join(looking)
      const [first, ...others] = yield* Effect.forEach(seats, (seat) =>
        Effect.forkChild(Effect.match(reissue(seat), { onFailure: ({ _tag }) => _tag, onSuccess: () => "Success" }))
      )
      if (first === undefined) return assert.fail("the team has five seats")
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* Effect.forEach(others, Fiber.join), ["Unauthorized", "Success", "Success", "Success"])
      assert.lengthOf(yield* mailed, 3)
    }).pipe(Effect.provide(above(fault, teamOf(epoch, { expired: 5 }))))
  })
})

describe("a run that reissues", () => {
  const run = Effect.flatMap(Invitations, ({ remind }) => Stream.runCollect(remind(source, { onExpired: "reissue" })))
  const listing = Effect.flatMap(Seats, (service) => service.list(source))

  it.effect("takes no seat from a person who has claimed it since the list", () => {
    // Between the run's list and the list of the reissue, somebody else assigns the seat to the person as claimed
    let looks = 0
    const fault: Fault = (operation, call) => {
      if (operation !== "list" || ++looks !== 2) return call
      return Effect.andThen(Effect.orDie(takenOver), call)
    }
    const takenOver = Effect.suspend(() => behind)
    let behind: Effect.Effect<unknown, unknown> = Effect.void
    return Effect.gen(function* () {
      const seats = yield* Seats
      behind = Effect.flatMap(
        Effect.suspend(() => seats.revoke(SeatId.make(first))),
        () =>
          seats.assign({
            source: AssignmentSource.Subscription({ id: source.id }),
            recipient: Recipient.Email({ email: address }),
            immediateClaim: true
          })
      )
      const outcomes = yield* run
      const mine = outcomes.find((outcome) => outcome.address === address)
      assert.strictEqual(mine?._tag, "Skipped")
      const { seats: all } = yield* listing
      assert.strictEqual(all.find((seat) => seat.holderEmail === address)?.status, "claimed")
      assert.deepEqual(yield* mailed, [])
    }).pipe(Effect.provide(above(fault)))
  })

  it.effect("revokes nothing if more seats are given away than were bought", () => {
    const crowded = { ...world, subscriptions: world.subscriptions?.map((row) => ({ ...row, seats: 1 })) ?? [] }
    return Effect.gen(function* () {
      const outcomes = yield* run
      const mine = outcomes.find((outcome) => outcome.address === address)
      assert.strictEqual(mine?._tag === "Failed" && mine.error._tag, "NoSeatAvailable")
      assert.strictEqual((yield* held).length, 1)
    }).pipe(Effect.provide(above(noFault, crowded)))
  })

  it.effect.each([
    {
      what: "the token",
      tag: "Unauthorized",
      layer: above((operation, call) =>
        operation === "assign" ? (Effect.fail(unauthorized) as Effect.Effect<never>) : call
      )
    },
    { what: "the journal", tag: "JournalError", layer: forgetful(1) }
  ])("reports a half that $what stopped, and then sends nothing more", ({ layer, tag }) =>
    Effect.gen(function* () {
      const { remind, unfinished } = yield* Invitations
      const seen: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(remind(source, { onExpired: "reissue", concurrency: 1 }), (outcome) =>
          Effect.sync(() => seen.push(outcome._tag === "Failed" ? outcome.error._tag : outcome._tag))
        )
      )
      assert.strictEqual(error._tag, tag)
      assert.deepEqual(seen, ["ReissueIncomplete"])
      assert.strictEqual((yield* Stream.runCollect(unfinished)).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect("reports a half that waits for its next attempt when another error stops the run", () => {
    const limited = new RateLimited({ retryAfter: Duration.seconds(2) })
    let revocations = 0
    const fault: Fault = (operation, call) => {
      if (operation === "assign") return Effect.fail(limited) as Effect.Effect<never>
      return operation === "revoke" && ++revocations === 2 ? (Effect.fail(unauthorized) as Effect.Effect<never>) : call
    }
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const seen: Array<ReminderOutcome> = []
      const error = yield* Effect.flip(
        Stream.runForEach(remind(source, { onExpired: "reissue", concurrency: 1 }), (outcome) =>
          Effect.sync(() => seen.push(outcome))
        )
      )
      assert.deepEqual(error, unauthorized)
      assert.deepEqual(
        seen.map((outcome) => [outcome.address, outcome._tag === "Failed" && outcome.error._tag]),
        [["expired-0@acme.com", "ReissueIncomplete"]]
      )
    }).pipe(Effect.provide(above(fault, teamOf(epoch, { expired: 2 }))))
  })

  describe("reports a half in doubt that waits for another look", () => {
    /** Runs an effect to its end while the clock advances. */
    const untilDone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(effect)
        while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
        return yield* Fiber.join(fiber)
      })
    const reported = Effect.gen(function* () {
      const { remind } = yield* Invitations
      const seen: Array<ReminderOutcome> = []
      const error = yield* Stream.runForEach(remind(source, { onExpired: "reissue", concurrency: 1 }), (outcome) =>
        Effect.sync(() => seen.push(outcome))
      ).pipe(Effect.flip, untilDone)
      return [
        error._tag,
        ...seen.map((outcome) => `${outcome.address} ${outcome._tag === "Failed" ? outcome.error._tag : outcome._tag}`)
      ]
    })
    const over = (expired: number, fault: Fault, journal = Journal.layerMemory) =>
      Effect.provide(above(fault, teamOf(epoch, { expired }), journal))
    /** The assignments fail with these errors, one after the other. */
    const failing = (...errors: ReadonlyArray<Unavailable | Unauthorized>): Fault => {
      let assignments = 0
      return (operation, call) =>
        operation === "assign"
          ? Effect.suspend(() => Effect.fail(errors[assignments++] ?? unauthorized) as Effect.Effect<never>)
          : call
    }
    /** A journal that fails from the first assignment on. */
    const breaking = () => {
      let isBroken = false
      const fault: Fault = (operation, call) => {
        if (operation === "assign") isBroken = true
        return failing(cutOff("Seats.assign"))(operation, call)
      }
      const journal = Layer.effect(
        Journal.Journal,
        Effect.map(Journal.Journal, (journal) => ({
          ...journal,
          put: (...write: Parameters<typeof journal.put>) =>
            Effect.suspend(() =>
              isBroken
                ? Effect.fail(new Journal.JournalError({ description: "the disk is full" }))
                : journal.put(...write)
            )
        }))
      ).pipe(Layer.provide(Journal.layerMemory))
      return { fault, journal }
    }

    it.effect("when the half of another seat has stopped the run", () =>
      Effect.gen(function* () {
        assert.deepEqual(yield* reported, [
          "Unauthorized",
          "expired-1@acme.com ReissueIncomplete",
          "expired-0@acme.com ReissueIncomplete"
        ])
      }).pipe(over(2, failing(cutOff("Seats.assign"), unauthorized)))
    )

    it.effect("when the journal fails by then", () => {
      const { journal, fault } = breaking()
      return Effect.gen(function* () {
        assert.deepEqual(yield* reported, ["JournalError", "expired-0@acme.com ReissueIncomplete"])
      }).pipe(over(1, fault, journal))
    })

    it.effect("when the journal fails by then, in remindOne", () => {
      const { journal, fault } = breaking()
      return Effect.gen(function* () {
        const { remindOne } = yield* Invitations
        const outcome = yield* untilDone(remindOne(yield* theSeat, { onExpired: "reissue" }))
        assert.strictEqual(outcome._tag === "Failed" && outcome.error._tag, "ReissueIncomplete")
      }).pipe(over(1, fault, journal))
    })
  })
})
