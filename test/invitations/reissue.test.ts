import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { ReissueIncomplete } from "@polar-seats/invitations/Reissue"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import { Member, Seat, SeatId } from "@polar-seats/domain/Seat"
import { RateLimited, Unauthorized, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { WorldInput } from "@polar-seats/emulator/World"
import { Cause, DateTime, Duration, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { source, teamOf, token } from "./team.ts"
import { type Trouble, troubled } from "./faultInjection.ts"

const epoch = DateTime.makeUnsafe(0)
const world = teamOf(epoch, { expired: 1, claimed: 1, revoked: 2 })
const address = "expired-0@acme.com"
const first = "00000000-0000-4000-8000-000000000000"

const above = (trouble: Trouble, team: WorldInput = world, journal = Journal.layerMemory) =>
  Invitations.layer.pipe(
    Layer.provideMerge(Layer.merge(troubled(Layer.orDie(SeatsMemory.layer(team, token)), trouble), journal))
  )
const noTrouble: Trouble = (_, call) => call

const theSeat = Effect.gen(function* () {
  const { seats } = yield* (yield* Seats).list(source)
  return yield* Effect.fromNullishOr(seats.find((seat) => seat.holderEmail === address))
})

const held = Effect.gen(function* () {
  const { seats } = yield* (yield* Seats).list(source)
  return seats.filter((seat) => seat.status !== "revoked" && seat.holderEmail === address)
})
const mailed = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to)))

const incompleteIn = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E | ReissueIncomplete>) =>
  Exit.isFailure(exit)
    ? exit.cause.reasons
        .filter(Cause.isFailReason)
        .flatMap(({ error }) => (error._tag === "ReissueIncomplete" ? [error as ReissueIncomplete] : []))
    : []

const unauthorized = new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" })
const cutOff = (operation: "Seats.assign" | "Seats.revoke") =>
  new Unavailable({ operation, reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "cut off" }) })

describe("a reissue that is interrupted", () => {
  // Each call travels for ten seconds, is carried out, and its answer travels for ten more
  const slow: Trouble = (_, call) =>
    Effect.sleep("10 seconds").pipe(Effect.andThen(call), Effect.tap(Effect.sleep("10 seconds")))
  const points = Array.from({ length: 14 }, (_, index) => index * 5 + 1)

  it.effect.each(points)("after %i seconds loses no seat without an error that can finish it", (seconds) =>
    Effect.gen(function* () {
      const { finish, reissue, unfinished } = yield* Invitations
      const looking = yield* Effect.forkChild(theSeat)
      yield* TestClock.adjust("20 seconds")
      const seat = yield* Fiber.join(looking)

      const fiber = yield* Effect.forkChild(reissue(seat))
      yield* TestClock.adjust(`${seconds} seconds`)
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      const [incomplete] = incompleteIn(exit)
      const left = yield* Stream.runCollect(unfinished)

      // 20 seconds to look, then the seat is revoked at 30, and the answer to that is there at 40
      if (seconds < 20) {
        assert.isUndefined(incomplete)
        assert.deepEqual(left, [])
      } else if (seconds < 60) {
        assert.isDefined(incomplete, "whoever waits for it can tell")
        assert.isTrue(Exit.hasInterrupts(exit))
        assert.strictEqual(left.length, 1, "and so can the journal")
        assert.deepEqual(left[0], incomplete.reissue)
      } else assert.isTrue(Exit.isSuccess(exit))

      const again = yield* Effect.forkChild(incomplete === undefined ? reissue(seat) : finish(incomplete))
      yield* TestClock.adjust("2 minutes")
      const after = yield* Fiber.join(again)
      const reading = yield* Effect.forkChild(held)
      yield* TestClock.adjust("20 seconds")
      assert.deepEqual(
        (yield* Fiber.join(reading)).map(({ id, status }) => ({ id, status })),
        [{ id: after.id, status: "pending" }]
      )
      assert.deepEqual(yield* mailed, [address], "one mail, whenever it was cut off")
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
    }).pipe(Effect.provide(above(slow)))
  )
})

describe("two who reissue for the same person at the same time, over one journal", () => {
  // Each of two processes has a way to Polar of its own, and locks of its own
  const away = (seconds: number) =>
    Layer.fresh(Invitations.layer).pipe(
      Layer.provide(
        Layer.effect(
          Seats,
          Effect.map(Seats, (service) => {
            const travel = Effect.sleep(`${seconds} seconds`)
            const slow = <A, E>(call: Effect.Effect<A, E>) => Effect.andThen(travel, call).pipe(Effect.tap(travel))
            return Seats.of({
              ...service,
              list: (of) => slow(service.list(of)),
              assign: (assignment) => slow(service.assign(assignment)),
              revoke: (id) => slow(service.revoke(id))
            })
          })
        )
      )
    )
  // Each tells whether it left the reissue incomplete
  const aRun = () =>
    Effect.flatMap(Invitations, ({ remind }) =>
      Effect.map(Stream.runCollect(remind(source, { onExpired: "reissue" })), (outcomes) =>
        outcomes.some((outcome) => outcome._tag === "Failed" && outcome.error._tag === "ReissueIncomplete")
      )
    )
  const aReissue = (seat: Seat) =>
    Effect.flatMap(Invitations, ({ reissue }) =>
      Effect.match(reissue(seat), { onFailure: ({ _tag }) => _tag === "ReissueIncomplete", onSuccess: () => false })
    )
  const ways = { "a run": aRun, "a reissue": aReissue }
  const names = ["a run", "a reissue"] as const
  // Polar is ten seconds away from the one, and as far, or nearer, or farther from the other
  const cases = names.flatMap((one) =>
    names.flatMap((other) =>
      [2, 10, 17].flatMap((seconds) =>
        Array.from({ length: 9 }, (_, index) => ({ one, other, seconds, later: index * 9 }))
      )
    )
  )

  it.effect.each(cases)("mail once: $one, and $later seconds later $other, $seconds seconds away", (each) =>
    Effect.gen(function* () {
      const seat = yield* theSeat
      const first = yield* Effect.forkChild(Effect.provide(ways[each.one](seat), away(10)))
      yield* TestClock.adjust(`${each.later} seconds`)
      const second = yield* Effect.forkChild(Effect.provide(ways[each.other](seat), away(each.seconds)))
      yield* TestClock.adjust("10 minutes")
      const isTold = [yield* Fiber.join(first), yield* Fiber.join(second)].includes(true)
      assert.deepEqual(yield* mailed, [address])
      // A revocation that travels long may hit what the other one has assigned meanwhile
      assert.isTrue(isTold || (yield* held).length === 1, "nobody is left without a seat and a word")
    }).pipe(Effect.provide(above(noTrouble)))
  )
})

/** Above a journal of which one write fails, after so many. */
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
  return above(noTrouble, world, Layer.provide(failing, Journal.layerMemory))
}

describe("a reissue of which a half fails", () => {
  const once = (operation: string, happens: boolean, error: Unavailable): Trouble => {
    let times = 0
    return (name, call) =>
      name === operation && times++ === 0
        ? Effect.andThen(happens ? call : Effect.void, Effect.fail(error) as Effect.Effect<never>)
        : call
  }
  it.effect.each([
    { what: "the revocation was cut off before it was done", half: "revoke", happens: false },
    { what: "the revocation was cut off after it was done", half: "revoke", happens: true },
    { what: "the assignment was cut off before it was done", half: "assign", happens: false },
    { what: "the assignment was cut off after it was done", half: "assign", happens: true }
  ] as const)("is finished where $what", ({ half, happens }) =>
    Effect.gen(function* () {
      const { finish, reissue, unfinished } = yield* Invitations
      const error = yield* Effect.flip(reissue(yield* theSeat))
      assert.strictEqual(error._tag, "ReissueIncomplete")
      if (error._tag !== "ReissueIncomplete") return
      assert.include(error.message, "finish")
      assert.notInclude(error.message, address, "nobody asked to see the address")
      assert.deepEqual(yield* Stream.runCollect(unfinished), [error.reissue])
      const seat = yield* finish(error)
      assert.deepEqual(
        (yield* held).map(({ id }) => id),
        [seat.id]
      )
      assert.deepEqual(yield* mailed, [address])
    }).pipe(Effect.provide(above(once(half, happens, cutOff(`Seats.${half}`)))))
  )

  // Before the revocation the reissue is written down, before the assignment again, and after it how it ended
  it.effect.each([
    { what: "before the seat is revoked", writes: 0, tag: "JournalError", mails: 0 },
    { what: "after the seat was revoked", writes: 1, tag: "ReissueIncomplete", mails: 0 },
    { what: "after it was assigned again", writes: 2, tag: "ReissueIncomplete", mails: 1 }
  ])("is finished once the journal works again that failed $what", ({ mails, tag, writes }) =>
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

  it.effect("is a plain failure where the revocation surely was not done", () => {
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

it.effect("two reissues at the same time do not revoke each other's invitation", () => {
  let revocations = 0
  // Both have looked before either revokes, and the second revocation comes after the first reissue is done
  const trouble: Trouble = (operation, call) => {
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
  }).pipe(Effect.provide(above(trouble)))
})

describe("a reissue of somebody whose address was changed", () => {
  const buyer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
  const ann = "4b0d7c62-93f1-4e7a-8c25-6a1f0e9d3b58"
  // A seat without an address of its own is mailed to its member's
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
      again.map((outcome) => outcome._tag === "Skipped" && outcome.why._tag),
      ["MailedRecently"]
    )
  })
  const over = above(noTrouble, ofAnn)

  it.effect("mails the new one, and remembers who was mailed", () =>
    Effect.gen(function* () {
      const { reissue } = yield* Invitations
      yield* reissue(yield* asItWas)
      yield* mailsNewOne
    }).pipe(Effect.provide(over))
  )

  it.effect("in a run too", () =>
    Effect.gen(function* () {
      const { remindOne } = yield* Invitations
      assert.strictEqual((yield* remindOne(yield* asItWas, { onExpired: "reissue" }))._tag, "Reissued")
      yield* mailsNewOne
    }).pipe(Effect.provide(over))
  )
})

it.effect("what could not be assigned again is not revoked", () => {
  const metadata = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`key${index}`, "value"]))
  const crowded = { ...world, seats: (world.seats ?? []).map((seat) => ({ ...seat, seatMetadata: metadata })) }
  return Effect.gen(function* () {
    const { reissue, unfinished } = yield* Invitations
    assert.strictEqual((yield* Effect.flip(reissue(yield* theSeat)))._tag, "InvalidRequest")
    assert.lengthOf(yield* held, 1)
    assert.deepEqual(yield* Stream.runCollect(unfinished), [])
  }).pipe(Effect.provide(above(noTrouble, crowded)))
})

describe("a look at the seats", () => {
  /** Counts lists, whose answers travel for a second. */
  const counting = () => {
    const counts = { lists: 0 }
    const trouble: Trouble = (operation, call) => {
      if (operation !== "list") return call
      counts.lists++
      return Effect.tap(call, Effect.sleep("1 second"))
    }
    return { counts, trouble }
  }

  it.effect("is one for all who ask while another is on its way", () => {
    const { counts, trouble } = counting()
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const run = Stream.runCollect(remind(source, { onExpired: "reissue", concurrency: 10 }))
      const running = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 hour")
      const outcomes = yield* Fiber.join(running)
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Reissued"))
      assert.lengthOf(yield* mailed, 100)
      assert.lengthOf(new Set(yield* mailed), 100)
      // Of each ten the first reads a list for itself, and the second one for the other nine
      assert.isAtMost(counts.lists, 1 + 2 * 10)
    }).pipe(Effect.provide(above(trouble, teamOf(epoch, { expired: 100 }))))
  })

  it.effect("is not at what was read before it was asked for", () => {
    const { trouble } = counting()
    return Effect.gen(function* () {
      const { reissue } = yield* Invitations
      const { revoke } = yield* Seats
      const looking = yield* Effect.forkChild(Effect.flatMap(Seats, (seats) => seats.list(source)))
      yield* TestClock.adjust("1 second")
      const [one, other] = (yield* Fiber.join(looking)).seats
      if (one === undefined || other === undefined) return assert.fail("there are two")
      const first = yield* Effect.forkChild(reissue(one))
      yield* TestClock.adjust("500 millis")
      // The list for the first has been read, and is on its way
      yield* revoke(other.id)
      const second = yield* Effect.forkChild(Effect.flip(reissue(other)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(first)
      assert.strictEqual((yield* Fiber.join(second))._tag, "AlreadyClaimed")
      assert.deepEqual(yield* mailed, [one.holderEmail])
    }).pipe(Effect.provide(above(trouble, teamOf(epoch, { expired: 2 }))))
  })

  it.effect("goes on for the others where the one who sent it is interrupted, and its failure is nobody else's", () => {
    const { counts, trouble: slow } = counting()
    const trouble: Trouble = (operation, call) =>
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
      if (first === undefined) return assert.fail("there are five")
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* Effect.forEach(others, Fiber.join), ["Unauthorized", "Success", "Success", "Success"])
      assert.lengthOf(yield* mailed, 3)
    }).pipe(Effect.provide(above(trouble, teamOf(epoch, { expired: 5 }))))
  })
})

describe("a run that reissues", () => {
  const run = Effect.flatMap(Invitations, ({ remind }) => Stream.runCollect(remind(source, { onExpired: "reissue" })))
  const listing = Effect.flatMap(Seats, (service) => service.list(source))

  it.effect("takes no seat from who has claimed it since it was listed", () => {
    // Between the run's list and its look, somebody else has given the seat to the person, who sits in it
    let looks = 0
    const trouble: Trouble = (operation, call) => {
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
    }).pipe(Effect.provide(above(trouble)))
  })

  it.effect("revokes nothing where more seats are given away than there are", () => {
    const crowded = { ...world, subscriptions: world.subscriptions?.map((row) => ({ ...row, seats: 1 })) ?? [] }
    return Effect.gen(function* () {
      const outcomes = yield* run
      const mine = outcomes.find((outcome) => outcome.address === address)
      assert.strictEqual(mine?._tag === "Failed" && mine.error._tag, "NoSeatAvailable")
      assert.strictEqual((yield* held).length, 1)
    }).pipe(Effect.provide(above(noTrouble, crowded)))
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
  ])("tells of a half that $what stopped, and then sends nothing more", ({ layer, tag }) =>
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

  it.effect("tells of a half that waited when something else stopped all", () => {
    const limited = new RateLimited({ retryAfter: Duration.seconds(2) })
    let revocations = 0
    const trouble: Trouble = (operation, call) => {
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
    }).pipe(Effect.provide(above(trouble, teamOf(epoch, { expired: 2 }))))
  })

  describe("tells of a half that is in doubt, where it is to be looked at", () => {
    /** Waits until what is begun is done. */
    const toItsEnd = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(effect)
        while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
        return yield* Fiber.join(fiber)
      })
    const told = Effect.gen(function* () {
      const { remind } = yield* Invitations
      const seen: Array<ReminderOutcome> = []
      const error = yield* Stream.runForEach(remind(source, { onExpired: "reissue", concurrency: 1 }), (outcome) =>
        Effect.sync(() => seen.push(outcome))
      ).pipe(Effect.flip, toItsEnd)
      return [
        error._tag,
        ...seen.map((outcome) => `${outcome.address} ${outcome._tag === "Failed" ? outcome.error._tag : outcome._tag}`)
      ]
    })
    const over = (expired: number, trouble: Trouble, journal = Journal.layerMemory) =>
      Effect.provide(above(trouble, teamOf(epoch, { expired }), journal))
    /** The assignments fail so, one after the other. */
    const failing = (...errors: ReadonlyArray<Unavailable | Unauthorized>): Trouble => {
      let assignments = 0
      return (operation, call) =>
        operation === "assign"
          ? Effect.suspend(() => Effect.fail(errors[assignments++] ?? unauthorized) as Effect.Effect<never>)
          : call
    }
    /** A journal that is broken once something was assigned. */
    const breaking = () => {
      let isBroken = false
      const trouble: Trouble = (operation, call) => {
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
      return { trouble, journal }
    }

    it.effect("and another's half has stopped all", () =>
      Effect.gen(function* () {
        assert.deepEqual(yield* told, [
          "Unauthorized",
          "expired-1@acme.com ReissueIncomplete",
          "expired-0@acme.com ReissueIncomplete"
        ])
      }).pipe(over(2, failing(cutOff("Seats.assign"), unauthorized)))
    )

    it.effect("and the journal is broken by then", () => {
      const { journal, trouble } = breaking()
      return Effect.gen(function* () {
        assert.deepEqual(yield* told, ["JournalError", "expired-0@acme.com ReissueIncomplete"])
      }).pipe(over(1, trouble, journal))
    })

    it.effect("and the journal is broken by then, one by one", () => {
      const { journal, trouble } = breaking()
      return Effect.gen(function* () {
        const { remindOne } = yield* Invitations
        const outcome = yield* toItsEnd(remindOne(yield* theSeat, { onExpired: "reissue" }))
        assert.strictEqual(outcome._tag === "Failed" && outcome.error._tag, "ReissueIncomplete")
      }).pipe(over(1, trouble, journal))
    })
  })
})
