import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Seats } from "@polar-seats/domain/Seats"
import type { WorldInput } from "@polar-seats/emulator/World"
import { Console, Effect } from "effect"

const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

const invitations = Effect.gen(function* () {
  const seats = yield* Seats
  const team = yield* seats.list(SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) }))
  const { now } = yield* seats.now
  for (const seat of team.seats) yield* Console.log(`${seat.holderEmail}: ${seat.invitation(now)._tag}`)
})

const acme: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a", organization: "acme", name: "Acme Pro" }],
  customers: [{ id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", organization: "acme", email: "billing@acme.com" }],
  subscriptions: [
    {
      id: subscriptionId,
      product: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
      customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
      seats: 5
    }
  ],
  seats: [
    { subscriptionId, status: "pending", email: "ann@acme.com", invitationTokenExpiresAt: "2100-01-01T00:00:00Z" },
    { subscriptionId, status: "pending", email: "eve@acme.com", invitationTokenExpiresAt: "2026-01-01T00:00:00Z" },
    { subscriptionId, status: "claimed", email: "ben@acme.com" }
  ],
  tokens: [{ token: "polar_cst_acme", customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" }]
}

await Effect.runPromise(Effect.provide(invitations, SeatsMemory.layer(acme, "polar_cst_acme")))
