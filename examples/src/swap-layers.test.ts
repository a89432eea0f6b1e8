// A test suite that swaps layers. It tests a service of an app on Polar in memory, and on the emulator behind the real
// HTTP client. On Effect's test clock, a day passes at once. To run it:
//
//     npx -y pnpm@10.34.8 vitest run swap-layers

import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { assert, describe, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import * as World from "@polar-seats/emulator/World"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Context, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"

// A buyer of one seat, which is free
const team = World.team({ seats: 1 })

/** Assigns a seat to a new person, and resends the invitations of people who have not accepted yet. */
class Onboarding extends Context.Service<Onboarding>()("app/Onboarding", {
  make: Effect.gen(function* () {
    const { assign, list } = yield* Seats
    const { resend } = yield* Invitations
    const welcome = (email: string) => assign({ source: team.source, recipient: Recipient.Email({ email }) })
    const nudge = Effect.gen(function* () {
      const { seats } = yield* list(team.source)
      const waiting = seats.filter(({ status }) => status === "pending")
      const sent = yield* Effect.forEach(waiting, (seat) => resend(seat, { onExpired: "reissue" }))
      return sent.map(({ _tag, seat }) => `${_tag} ${seat.holderEmail}`)
    })
    return { welcome, nudge }
  })
}) {
  static readonly layer = Layer.effect(Onboarding, Onboarding.make).pipe(
    Layer.provide(Invitations.layer),
    Layer.provide(Journal.layerMemory)
  )
}

const memory = SeatsMemory.layer(team)
const emulator = PortalSeats.layer({ token: team.token }).pipe(Layer.provideMerge(Emulator.layer(team)))

describe.each([
  { name: "in memory", polar: memory },
  { name: "on the emulator", polar: emulator }
])("onboarding $name", ({ polar }) => {
  const app = Onboarding.layer.pipe(Layer.provideMerge(polar))
  const links = Outbox.use(({ mails }) => Effect.map(mails, (sent) => sent.map((mail) => Redacted.value(mail.token))))

  it.effect("mails the same link again while it works, and a new link a day later", () =>
    Effect.gen(function* () {
      const { nudge, welcome } = yield* Onboarding
      yield* welcome("ann@acme.com")
      assert.deepEqual(yield* nudge, ["Resent ann@acme.com"])
      yield* TestClock.adjust("25 hours")
      assert.deepEqual(yield* nudge, ["Reissued ann@acme.com"])

      const [first, again, fresh] = yield* links
      assert.strictEqual(again, first)
      assert.notStrictEqual(fresh, first)
    }).pipe(Effect.provide(app))
  )

  it.effect("fails if there is no free seat", () =>
    Effect.gen(function* () {
      const { welcome } = yield* Onboarding
      yield* welcome("ann@acme.com")
      assert.strictEqual((yield* Effect.flip(welcome("eve@acme.com")))._tag, "NoSeatAvailable")
    }).pipe(Effect.provide(app))
  )
})
