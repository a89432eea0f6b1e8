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
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Context, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"

const team = SeatSource.Subscription({ id: SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e") })

/** Assigns a seat to a new person, and resends the invitations of people who have not accepted yet. */
class Onboarding extends Context.Service<Onboarding>()("app/Onboarding", {
  make: Effect.gen(function* () {
    const { assign, list } = yield* Seats
    const { resend } = yield* Invitations
    const welcome = (email: string) => assign({ source: team, recipient: Recipient.Email({ email }) })
    const nudge = Effect.gen(function* () {
      const { seats } = yield* list(team)
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

const token = "polar_cst_acme"
const world: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a", organization: "acme", name: "Acme Pro" }],
  customers: [{ id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", organization: "acme", email: "billing@acme.com" }],
  subscriptions: [
    {
      id: team.id,
      product: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
      customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
      seats: 1
    }
  ],
  tokens: [{ token, customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" }]
}

const memory = SeatsMemory.layer(world, token)
const emulator = PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world)))

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
