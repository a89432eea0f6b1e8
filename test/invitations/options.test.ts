import { assert, describe, it } from "@effect/vitest"
import { Invitations, type ResendInvitationError, type ResendOptions } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { RemindOptions } from "@polar-seats/invitations/Reminder"
import { DateTime, Duration, Effect, Layer, Stream } from "effect"
import { heldBy, mailedTo, polar, remindAll, seatOf } from "./processes.ts"
import { source, teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const live = "live-0@acme.com"
const over = Effect.provide(
  Invitations.layer.pipe(
    Layer.provideMerge(Layer.merge(polar(teamOf(epoch, { live: 2, expired: 1 })), Journal.layerMemory))
  )
)

// JavaScript lets these through
const duration = (text: unknown) => text as Duration.Input
const count = "must be a positive integer"
const finite = "must be a finite duration, or zero"
const positive = "must be a finite duration greater than zero"

describe("an option that makes no sense is refused by name before anybody is mailed", () => {
  const ofRuns: ReadonlyArray<readonly [string, string, RemindOptions]> = [
    ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1.5].flatMap((number): Array<[string, string, RemindOptions]> => [
      ["concurrency", count, { concurrency: number }],
      ["pace.limit", count, { pace: { limit: number, window: "1 minute" } }]
    ]),
    ...["soon", "-1 minute", Number.NaN, Duration.infinity, null].flatMap(
      (text): Array<[string, string, RemindOptions]> => [
        ["cooldown", finite, { cooldown: duration(text) }],
        ["olderThan", finite, { olderThan: duration(text) }],
        ["maxLookAge", positive, { maxLookAge: duration(text) }],
        ["pace.window", positive, { pace: { limit: 1, window: duration(text) } }]
      ]
    ),
    ["maxLookAge", positive, { maxLookAge: 0 }],
    ["pace.window", positive, { pace: { limit: 1, window: 0 } }],
    ["onExpired", "must be fail, resendAnyway or reissue", { onExpired: "reisue" as never }]
  ]
  it.effect.each(ofRuns)("for a run: %s %s (%o)", ([option, problem, options]) =>
    over(
      Effect.gen(function* () {
        const { remind } = yield* Invitations
        const error = yield* Effect.flip(Stream.runCollect(remind(source, options)))
        assert.deepInclude(error, { _tag: "InvalidOption", option, description: problem })
        assert.strictEqual(error.message, `The option ${option} ${problem}. Nothing was sent: correct the option.`)
        assert.deepEqual(yield* mailedTo, [])
      })
    )
  )

  it.effect("for remindOne", () =>
    over(
      Effect.gen(function* () {
        const { remindOne } = yield* Invitations
        const error = yield* Effect.flip(remindOne(yield* seatOf(live), { cooldown: Duration.infinity }))
        assert.deepInclude(error, { _tag: "InvalidOption", option: "cooldown" })
        assert.deepEqual(yield* mailedTo, [])
      })
    )
  )

  const ofCalls: ReadonlyArray<readonly [string, ResendOptions]> = [
    ["cooldown", { cooldown: Duration.infinity }],
    ["cooldown", { cooldown: duration("soon") }],
    ["cooldown", { cooldown: -1 }]
  ]
  it.effect.each(ofCalls)("for a resend, a reissue and a finish: %s (%o)", ([option, options]) =>
    over(
      Effect.gen(function* () {
        const { finish, reissue, resend } = yield* Invitations
        const seat = yield* seatOf(live)
        const calls = [resend(seat, options), resend(seat.id, options), Effect.asVoid(reissue(seat, options))]
        for (const call of calls) {
          assert.deepInclude(yield* Effect.flip(Effect.asVoid<unknown, ResendInvitationError, never>(call)), {
            _tag: "InvalidOption",
            option,
            description: finite
          })
        }
        yield* reissue(seat)
        const known = Reissue.fromSeat(seat)
        assert.isDefined(known)
        assert.deepInclude(yield* Effect.flip(finish(known, options)), { _tag: "InvalidOption", option })
        assert.deepEqual(yield* mailedTo, [live], "the reissue without such an option")
      })
    )
  )

  it.effect("for a resend that names no way to treat an expired invitation", () =>
    over(
      Effect.gen(function* () {
        const { resend } = yield* Invitations
        const seat = yield* seatOf("expired-2@acme.com")
        const error = yield* Effect.flip(resend(seat, { onExpired: "reisue" as never }))
        assert.deepInclude(error, { _tag: "InvalidOption", option: "onExpired" })
        assert.deepEqual(yield* mailedTo, [])
      })
    )
  )
})

describe("an address that nobody can have", () => {
  const world = teamOf(epoch, { live: 3 })
  const addresses = [`${"a".repeat(1000)}@acme.com`, "nul\u0000@acme.com", "ok@acme.com"]
  const odd = polar({
    ...world,
    seats: (world.seats ?? []).map((seat, index) => ({ ...seat, email: addresses[index] ?? "" }))
  })

  it.effect("has a short key of its own in the journal, and the run goes on", () =>
    Effect.gen(function* () {
      const outcomes = yield* remindAll()
      assert.deepEqual(Object.values(outcomes), ["Resent", "Resent", "Resent"])
      const entries = yield* Stream.runCollect((yield* Journal.Journal).entries)
      assert.lengthOf(entries, 3)
      assert.isTrue(entries.every(({ key }) => key.length < 1000 && !/\p{Cc}/u.test(key)))
      assert.deepEqual(Object.values(yield* remindAll()), ["MailedRecently", "MailedRecently", "MailedRecently"])
      assert.lengthOf(yield* mailedTo, 3)
    }).pipe(Effect.provide(Invitations.layer.pipe(Layer.provideMerge(Layer.merge(odd, Journal.layerMemory)))))
  )

  it.effect("gets no reissue, because Polar could not assign a seat to it again", () =>
    Effect.gen(function* () {
      const { reissue } = yield* Invitations
      for (const address of addresses.slice(0, 2)) {
        assert.strictEqual((yield* Effect.flip(reissue(yield* seatOf(address))))._tag, "InvitationUnavailable")
        assert.lengthOf(yield* heldBy(address), 1)
      }
      assert.deepEqual(yield* Stream.runCollect((yield* Journal.Journal).entries), [])
    }).pipe(Effect.provide(Invitations.layer.pipe(Layer.provideMerge(Layer.merge(odd, Journal.layerMemory)))))
  )
})
