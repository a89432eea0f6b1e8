import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, describe, it } from "@effect/vitest"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import { RateLimited, Unauthorized, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { Clock, DateTime, Duration, Effect, Fiber, Layer, Random, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { source, teamOf, token } from "./team.ts"
import { type Fault, withFaults } from "./faultInjection.ts"

const epoch = DateTime.makeUnsafe(0)

const above = (counts: Record<string, number>, fault: Fault = (_, call) => call) =>
  Invitations.layer.pipe(
    Layer.provideMerge(
      Layer.merge(withFaults(Layer.orDie(SeatsMemory.layer(teamOf(epoch, counts), token)), fault), Journal.layerMemory)
    )
  )

const mailed = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to)))
const tally = (outcomes: ReadonlyArray<ReminderOutcome>) => {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const word = outcome._tag === "Skipped" ? outcome.reason._tag : outcome._tag
    counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}

/** Runs every fiber that need not wait for the clock. */
const settled = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

/** Runs an effect to its end while the test clock advances in steps. Returns how long it took by that clock. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>, step: Duration.Input) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkChild(effect)
    yield* settled
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust(step)
      yield* settled
    }
    const seconds = ((yield* Clock.currentTimeMillis) - start) / 1000
    return { value: yield* Fiber.join(fiber), seconds }
  })

const fail = (error: unknown) => Effect.fail(error) as Effect.Effect<never>

const thousand = { live: 400, expired: 200, claimed: 300, revoked: 100 }

it.effect("mails six hundred of a thousand seats once each, and nobody in a second run", () =>
  Effect.gen(function* () {
    const { remind } = yield* Invitations
    const outcomes = yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))
    assert.deepEqual(tally(outcomes), { Resent: 400, Reissued: 200, NotPending: 400 })
    const recipients = yield* mailed
    assert.strictEqual(recipients.length, 600)
    assert.strictEqual(new Set(recipients).size, 600)
    const { seats } = yield* (yield* Seats).list(source)
    const now = yield* DateTime.now
    assert.strictEqual(seats.filter((seat) => seat.invitation(now)._tag === "Live").length, 600)

    assert.deepEqual(tally(yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))), {
      MailedRecently: 600,
      NotPending: 400
    })
    assert.strictEqual((yield* mailed).length, 600)
  }).pipe(Effect.provide(above(thousand)))
)

describe("a person in doubt", () => {
  const timeout = new Unavailable({
    operation: "Seats.resend",
    reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "no answer came" })
  })
  const doubtful = () => {
    let first = true
    const fault: Fault = (operation, call) => {
      if (operation !== "resend" || !first) return call
      first = false
      return Effect.andThen(call, fail(timeout))
    }
    return above({ live: 3 }, fault)
  }

  it.effect("is InDoubt in this run and the next, and stops nobody else", () =>
    Effect.gen(function* () {
      const { remind } = yield* Invitations
      assert.deepEqual(tally(yield* Stream.runCollect(remind(source))), { InDoubt: 1, Resent: 2 })
      assert.deepEqual(tally(yield* Stream.runCollect(remind(source))), { InDoubt: 1, MailedRecently: 2 })
      assert.strictEqual((yield* mailed).length, 3)
    }).pipe(Effect.provide(doubtful()))
  )

  it.effect("is mailed again with retryUnknown", () =>
    Effect.gen(function* () {
      const { remind } = yield* Invitations
      yield* Stream.runDrain(remind(source))
      assert.deepEqual(tally(yield* Stream.runCollect(remind(source, { retryUnknown: true }))), {
        Resent: 1,
        MailedRecently: 2
      })
    }).pipe(Effect.provide(doubtful()))
  )

  it.effect("is anybody whose resend was open when the run was interrupted, and the next run mails the others", () =>
    Effect.gen(function* () {
      const { remind } = yield* Invitations
      const { entries } = yield* Journal.Journal
      const run = yield* Effect.forkChild(Stream.runDrain(remind(source, { concurrency: 3 })))
      yield* settled
      for (const _ of [1, 2, 3, 4, 5]) {
        yield* TestClock.adjust("5 seconds")
        yield* settled
      }
      yield* Fiber.interrupt(run)
      const known = yield* Stream.runCollect(entries)
      assert.lengthOf(
        known.filter(({ doubt }) => doubt !== null),
        3
      )
      assert.lengthOf(
        known.filter(({ mailed }) => mailed !== null),
        6
      )
      assert.isTrue(known.every(({ attempt }) => attempt === null))

      const { value } = yield* timed(Stream.runCollect(remind(source)), "1 second")
      assert.deepEqual(tally(value), { InDoubt: 3, MailedRecently: 6, Resent: 1 })
      const recipients = yield* mailed
      assert.strictEqual(new Set(recipients).size, recipients.length, "nobody is mailed twice")
    }).pipe(
      Effect.provide(
        above({ live: 10 }, (operation, call) =>
          operation === "resend" ? Effect.andThen(Effect.sleep("10 seconds"), call) : call
        )
      )
    )
  )
})

describe("a run", () => {
  it.effect("continues with the other seats after an error of one seat", () => {
    let first = true
    const refused = new Unavailable({
      operation: "Seats.resend",
      reason: UnavailableReason.cases.NotSent.make({ description: "connection refused" })
    })
    const fault: Fault = (operation, call) => {
      if (operation !== "resend" || !first) return call
      first = false
      return fail(refused)
    }
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      assert.deepEqual(tally(yield* Stream.runCollect(remind(source))), { Failed: 1, Resent: 9 })
      assert.deepEqual(tally(yield* Stream.runCollect(remind(source))), { Resent: 1, MailedRecently: 9 })
    }).pipe(Effect.provide(above({ live: 10 }, fault)))
  })

  it.effect("stops after an error of the token, reports the requests in progress, and sends nothing more", () => {
    let sent = 0
    const unauthorized = new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" })
    const fault: Fault = (operation, call) =>
      operation !== "resend"
        ? call
        : Effect.suspend(() => Effect.andThen(Effect.sleep("1 second"), ++sent === 6 ? fail(unauthorized) : call))
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const seen: Array<ReminderOutcome> = []
      const run = Stream.runForEach(remind(source, { concurrency: 4 }), (outcome) =>
        Effect.sync(() => seen.push(outcome))
      )
      const { value } = yield* timed(Effect.flip(run), "1 second")
      assert.deepEqual(value, unauthorized)
      assert.isAtMost(sent, 9, "one more request per worker may have left before the sixth was refused")
      assert.deepEqual(tally(seen), { Resent: sent - 1 })
      assert.strictEqual((yield* mailed).length, sent - 1)
    }).pipe(Effect.provide(above({ live: 100 }, fault)))
  })

  it.effect.each([
    [1, "the last seat"],
    [3, "further seats"]
  ] as const)(
    "stops after an error of the journal, reports the sent mail, and sends nothing more, with %i seats",
    ([live]) =>
      Effect.gen(function* () {
        const { remind } = yield* Invitations
        const seen: Array<ReminderOutcome> = []
        const run = Stream.runForEach(
          remind(source, { concurrency: 2, pace: { limit: 10, window: "1 second" } }),
          (each) => Effect.sync(() => seen.push(each))
        )
        const { value: error } = yield* timed(Effect.flip(run), "100 millis")
        assert.strictEqual(error._tag, "JournalError")
        assert.deepEqual(yield* mailed, ["live-0@acme.com"], "the mail whose outcome could not be written down")
        assert.deepEqual(tally(seen), { Resent: 1 })
      }).pipe(
        Effect.provide(
          Invitations.layer.pipe(
            Layer.provideMerge(Layer.orDie(SeatsMemory.layer(teamOf(epoch, { live }), token))),
            Layer.provide(
              Layer.effect(
                Journal.Journal,
                Effect.gen(function* () {
                  const journal = yield* Journal.Journal
                  const writes = yield* Ref.make(0)
                  return Journal.Journal.of({
                    ...journal,
                    put: (...write) =>
                      Effect.flatMap(
                        Ref.updateAndGet(writes, (n) => n + 1),
                        (n) =>
                          n > 1
                            ? Effect.fail(new Journal.JournalError({ description: "the disk is full" }))
                            : journal.put(...write)
                      )
                  })
                })
              )
            ),
            Layer.provide(Journal.layerMemory)
          )
        )
      )
  )
})

/** Takes 5 ms for a resend, and answers 429 with `retryAfter` if `isRefused` returns true. */
const limited = (isRefused: (now: number) => Effect.Effect<boolean>, retryAfter: Duration.Input) => {
  const counts = { sent: 0, refused: 0 }
  const error = new RateLimited({ retryAfter: Duration.fromInputUnsafe(retryAfter) })
  const fault: Fault = (operation, call) =>
    operation !== "resend"
      ? call
      : Effect.gen(function* () {
          counts.sent++
          yield* Effect.sleep("5 millis")
          if (!(yield* isRefused(yield* Clock.currentTimeMillis))) return yield* call
          counts.refused++
          return yield* fail(error)
        })
  return { counts, fault }
}

describe("Polar's rate limit", () => {
  it.effect("a seat that has to wait holds up no other seat", () => {
    const { counts, fault } = limited(() => Effect.map(Random.next, (dice) => dice < 0.2), "1 second")
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const { seconds, value } = yield* timed(Stream.runCollect(remind(source, { concurrency: 64 })), "5 millis")
      assert.deepEqual(tally(value), { Resent: 4000 })
      assert.strictEqual((yield* mailed).length, 4000)
      // 5,000 requests of 5 ms, 64 at a time, take half a second; the unluckiest seats wait five times
      assert.isBelow(seconds, 10)
      assert.isAbove(counts.refused, 800)
    }).pipe(Effect.provide(above({ live: 4000 }, fault)))
  })

  it.effect("many 429 in a row slow all seats down, and few requests are wasted", () => {
    // 500 requests a second, and up to 100 at once
    let tokens = 100
    let last = 0
    const { counts, fault } = limited(
      (now) =>
        Effect.sync(() => {
          tokens = Math.min(100, tokens + (now - last) * 0.5)
          last = now
          if (tokens < 1) return true
          tokens--
          return false
        }),
      "1 second"
    )
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const { seconds, value } = yield* timed(Stream.runCollect(remind(source, { concurrency: 64 })), "5 millis")
      assert.deepEqual(tally(value), { Resent: 4000 })
      assert.isBelow(counts.refused / counts.sent, 0.1)
      assert.isBelow(seconds, 12, "8 seconds is what the limit allows")
    }).pipe(Effect.provide(above({ live: 4000 }, fault)))
  })

  it.effect(
    "a pace spaces the requests evenly, and a list leaves together with the revocation that rests on it",
    () => {
      const times: Array<number> = []
      const fault: Fault = (_, call) =>
        Effect.andThen(
          Effect.map(Clock.currentTimeMillis, (now) => void times.push(now)),
          call
        )
      return Effect.gen(function* () {
        const { remind } = yield* Invitations
        const options = { onExpired: "reissue", pace: { limit: 100, window: "1 minute" } } as const
        const { seconds } = yield* timed(Stream.runCollect(remind(source, options)), "100 millis")
        // One to list, one for each resend, two for each reissue, and the lists that the reissues share
        assert.isAtLeast(times.length, 102)
        assert.isAtMost(times.length, 121)
        assert.closeTo(seconds, (times.length - 1) * 0.6, 12)
        times.slice(2).forEach((time, index) => assert.isAtLeast(time - (times[index] ?? 0), 599))
        times.slice(100).forEach((time, index) => assert.isAtLeast(time - (times[index] ?? 0), 59_000))
      }).pipe(Effect.provide(above({ live: 60, expired: 20 }, fault)))
    }
  )

  it.effect("a seat fails after one hour of 429 responses", () => {
    const { counts, fault } = limited(() => Effect.succeed(true), "1 minute")
    return Effect.gen(function* () {
      const { remind } = yield* Invitations
      const { seconds, value } = yield* timed(Stream.runCollect(remind(source)), "10 seconds")
      assert.deepEqual(tally(value), { Failed: 2 })
      assert.closeTo(seconds, 3900, 350, "an hour, and the pauses after several refusals in a row")
      assert.isBelow(counts.sent, 130)
    }).pipe(Effect.provide(above({ live: 2 }, fault)))
  })

  it.effect("a 429 in the middle of a reissue is waited for, and no seat is lost", () => {
    let assigned = 0
    const error = new RateLimited({ retryAfter: Duration.minutes(1) })
    const fault: Fault = (operation, call) => (operation === "assign" && assigned++ % 2 === 0 ? fail(error) : call)
    return Effect.gen(function* () {
      const { remind, unfinished } = yield* Invitations
      const { value } = yield* timed(Stream.runCollect(remind(source, { onExpired: "reissue" })), "1 second")
      assert.deepEqual(tally(value), { Reissued: 20 })
      assert.strictEqual(new Set(yield* mailed).size, 20)
      assert.strictEqual((yield* mailed).length, 20)
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
    }).pipe(Effect.provide(above({ expired: 20 }, fault)))
  })
})

it.effect("a caller that takes only some outcomes stops the run, and nothing is left running", () =>
  Effect.gen(function* () {
    const { remind } = yield* Invitations
    const some = yield* Stream.runCollect(Stream.take(remind(source, { concurrency: 2 }), 3))
    assert.strictEqual(some.length, 3)
    const count = (yield* mailed).length
    assert.isBelow(count, 12)
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* mailed).length, count)
  }).pipe(Effect.provide(above({ live: 50 })))
)

it.effect("reminds people whose invitation a clock ahead of ours has dated", () =>
  Effect.gen(function* () {
    const { remind } = yield* Invitations
    assert.deepEqual(tally(yield* Stream.runCollect(remind(source))), { Resent: 2 })
  }).pipe(
    Effect.provide(
      Invitations.layer.pipe(
        Layer.provide(Layer.orDie(SeatsMemory.layer(teamOf(DateTime.add(epoch, { hours: 13 }), { live: 2 }), token))),
        Layer.provide(Journal.layerMemory)
      )
    )
  )
)
