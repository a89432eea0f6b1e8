import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as JournalStore from "@polar-seats/invitations/JournalStore"
import { Console, Effect, Layer, Stream } from "effect"
import { KeyValueStore } from "effect/persistence"

const subscription = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")

const remind = Effect.gen(function* () {
  const invitations = yield* Invitations
  const outcomes = invitations.remind(SeatSource.Subscription({ id: subscription }))
  yield* Stream.runForEach(outcomes, ({ _tag, address }) => Console.log(`${_tag}: ${address}`))
})

// Polar itself is PortalSeats.layer or OrganizationSeats.layer of @polar-seats/http
const seats = SeatsMemory.layer(
  {
    organizations: [{ slug: "acme" }],
    products: [{ id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a", organization: "acme", name: "Acme Pro" }],
    customers: [{ id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", organization: "acme", email: "billing@acme.com" }],
    subscriptions: [
      {
        id: subscription,
        product: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
        customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
        seats: 5
      }
    ],
    seats: [{ subscriptionId: subscription, status: "pending", email: "ann@acme.com", invitationToken: "ann" }],
    tokens: [{ token: "polar_cst_acme", customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" }]
  },
  "polar_cst_acme"
)

// A journal that outlasts the process is JournalFile.layer("reminders.ndjson"), or JournalSql.layer() on PostgreSQL
const journal = JournalStore.layer.pipe(Layer.provide(KeyValueStore.layerMemory))

// The second run reads in the journal that Ann was mailed
await Effect.runPromise(
  Effect.provide(Effect.andThen(remind, remind), Invitations.layer.pipe(Layer.provide([seats, journal])))
)
