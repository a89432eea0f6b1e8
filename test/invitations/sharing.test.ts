import { assert, describe, it } from "@effect/vitest"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Invitations, make as makeInvitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalStore from "@polar-seats/invitations/JournalStore"
import { DateTime, Effect, Fiber, Layer, LayerMap, ManagedRuntime } from "effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { resendStarted } from "./journalLaws.ts"
import { advance, away, heldBy, mailedTo, polar, seatOf, seatsThrough } from "./processes.ts"
import { teamOf, token } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const team = teamOf(epoch, { expired: 1, live: 1, revoked: 1 })

describe("Invitations made for each request", () => {
  const send = (own: Layer.Layer<Journal.Journal, never, Journal.Journal | KeyValueStore.KeyValueStore>) =>
    Effect.gen(function* () {
      const seat = yield* seatOf("expired-1@acme.com")
      const request = Effect.flatMap(makeInvitations, ({ reissue }) => reissue(seat)).pipe(
        Effect.provide(seatsThrough(away("1 second"))),
        Effect.provide(own)
      )
      const all = yield* Effect.forkChild(Effect.all([request, request, request], { concurrency: "unbounded" }))
      yield* advance("1 minute")
      const reissued = yield* Fiber.join(all)
      assert.lengthOf(new Set(reissued.map(({ id }) => id)), 1)
      assert.isTrue(reissued.every(({ status }) => status === "pending"))
      assert.deepEqual(yield* mailedTo, ["expired-1@acme.com"])
      assert.lengthOf(yield* heldBy("expired-1@acme.com"), 1)
    }).pipe(Effect.provide(Layer.mergeAll(polar(team), Journal.layerMemory, KeyValueStore.layerMemory)))

  it.effect("return the same new seat to three reissues at once over one journal, and send one mail", () =>
    send(Layer.effectContext(Effect.context<Journal.Journal>()))
  )

  it.effect("do so too if each request opens the journal anew over one key-value store", () => send(JournalStore.layer))

  const clickThrice = (own: Layer.Layer<Journal.Journal, never, Journal.Journal>) =>
    Effect.gen(function* () {
      const seat = yield* seatOf("live-0@acme.com")
      const request = Effect.flatMap(makeInvitations, ({ resend }) => resend(seat)).pipe(
        Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: ({ _tag }) => _tag }),
        Effect.provide([seatsThrough(away("1 second")), own])
      )
      const all = yield* Effect.forkChild(Effect.all([request, request, request], { concurrency: "unbounded" }))
      yield* advance("1 minute")
      return { outcomes: (yield* Fiber.join(all)).toSorted(), mails: yield* mailedTo }
    }).pipe(Effect.provide(Layer.merge(polar(team), Journal.layerMemory)))

  it.effect("resend once if three ask for one seat at once over one journal", () =>
    Effect.gen(function* () {
      const { mails, outcomes } = yield* clickThrice(Layer.effectContext(Effect.context<Journal.Journal>()))
      assert.deepEqual(outcomes, ["MailedRecently", "MailedRecently", "Resent"])
      assert.deepEqual(mails, ["live-0@acme.com"])
    })
  )

  it.effect("resend three times if each of three builds a journal in memory of its own", () =>
    Effect.gen(function* () {
      const { mails, outcomes } = yield* clickThrice(Journal.layerMemory)
      assert.deepEqual(outcomes, ["Resent", "Resent", "Resent"])
      assert.lengthOf(mails, 3)
    })
  )
})

describe("Invitations act through exactly the Seats that their layer was built on", () => {
  const buyer = (name: string) => {
    const world = teamOf(epoch, { live: 1 })
    return {
      ...world,
      seats: (world.seats ?? []).map((seat) => ({
        ...seat,
        id: `0000000${name === "a" ? 1 : 2}-0000-4000-8000-000000000000`,
        email: `${name}@acme.com`
      }))
    }
  }

  it.effect("for two buyers of one LayerMap", () =>
    Effect.gen(function* () {
      const tenants = yield* LayerMap.make(
        (name: string) =>
          Invitations.layer.pipe(Layer.provide(Journal.layerMemory), Layer.provideMerge(polar(buyer(name)))),
        // The services of both live at the same time
        { idleTimeToLive: "1 hour" }
      )
      for (const name of ["a", "b", "a"]) {
        const sent = yield* Effect.gen(function* () {
          const { clear } = yield* Outbox
          yield* clear
          const { resend } = yield* Invitations
          yield* resend(yield* seatOf(`${name}@acme.com`), { again: true })
          return yield* mailedTo
        }).pipe(Effect.provide(tenants.get(name)))
        assert.deepEqual(sent, [`${name}@acme.com`])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("when a program inside a runtime provides them over a test double", () =>
    Effect.gen(function* () {
      const runtime = ManagedRuntime.make(
        Invitations.layer.pipe(Layer.provideMerge(Layer.merge(polar(buyer("a")), Journal.layerMemory)))
      )
      const double = Invitations.layer.pipe(
        Layer.provideMerge(Layer.orDie(SeatsMemory.layer(buyer("b"), token))),
        Layer.provide(Journal.layerMemory)
      )
      const nested = Effect.gen(function* () {
        const { resend } = yield* Invitations
        yield* resend(yield* seatOf("b@acme.com"), { onExpired: "resendAnyway" })
        return yield* mailedTo
      }).pipe(Effect.provide(double))
      const [inDouble, live] = yield* Effect.promise(() => runtime.runPromise(Effect.all([nested, mailedTo])))
      assert.deepEqual(inDouble, ["b@acme.com"])
      assert.deepEqual(live, [])
      yield* runtime.disposeEffect
    })
  )
})

describe("two journals over one KeyValueStore", () => {
  // A store that takes a second to answer
  const slow = Layer.effect(
    KeyValueStore.KeyValueStore,
    Effect.map(KeyValueStore.KeyValueStore, (store): KeyValueStore.KeyValueStore => ({
      ...store,
      get: (key) => Effect.tap(store.get(key), Effect.sleep("1 second")),
      set: (key, value) => Effect.andThen(Effect.sleep("1 second"), store.set(key, value))
    }))
  ).pipe(Layer.provide(KeyValueStore.layerMemory))
  const journal = Effect.provide(Journal.Journal, JournalStore.layer)

  it.effect("share their locks, so that one of two writes succeeds, and one of two callers waits", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([journal, journal])
      assert.notStrictEqual(one, other)
      const both = yield* Effect.forkChild(
        Effect.all([one.put("a", resendStarted, undefined), other.put("a", resendStarted, undefined)], {
          concurrency: "unbounded"
        })
      )
      yield* advance("1 minute")
      assert.lengthOf(
        (yield* Fiber.join(both)).filter((entry) => entry !== undefined),
        1
      )
      const holder = yield* Effect.forkChild(one.withLock("a", Effect.sleep("1 minute")))
      yield* advance("1 second")
      const waiter = yield* Effect.forkChild(other.withLock("a", Effect.void))
      yield* advance("58 seconds")
      assert.isUndefined(waiter.pollUnsafe())
      yield* advance("1 second")
      yield* Fiber.join(holder)
      yield* Fiber.join(waiter)
    }).pipe(Effect.provide(slow))
  )
})
