import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer, Redacted, Result, Schema, Stream } from "effect"

// The emulator answers from indexes. They must agree with the list, which shows every row, after any change of the seats

const buyer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const id = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")
const other = SubscriptionId.make("c7f1d9a2-6b3e-4d58-9a47-2e8b5c0f1d36")
const token = "polar_cst_buyer"

const world: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme" }],
  customers: [{ id: buyer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [id, other].map((id) => ({ id, product, customer: buyer, seats: 3 })),
  // Nobody but the address holds it
  seats: [{ subscriptionId: id, customerId: buyer, status: "pending", email: "Cy@acme.com" }],
  tokens: [{ token, customer: buyer }]
}

const polar = PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world)))

const Change = Schema.Struct({
  act: Schema.Literals(["invite", "seat", "revoke", "delete", "cancel"]),
  subscription: Schema.Literals([id, other]),
  person: Schema.Literals(["ann", "Ann", "ben", "cy", "dee"]),
  index: Schema.Literals([0, 1, 2])
})

const isHeldBy = (address: string) => (seat: Seat) =>
  seat.status !== "revoked" && seat.email?.toLowerCase() === address.toLowerCase()

const make = ({ act, index, person, subscription }: typeof Change.Type) =>
  Effect.gen(function* () {
    const seats = yield* Seats
    const emulator = yield* Emulator.Emulator
    const before = yield* seats.list(SeatSource.Subscription({ id: subscription }))
    const seat = before.seats[index]
    if (act === "cancel") return yield* emulator.cancel(subscription)
    if (act === "revoke") return seat === undefined ? undefined : yield* seats.revoke(seat.id)
    if (act === "delete") return seat?.memberId == null ? undefined : yield* emulator.deleteMember(seat.memberId)
    const email = `${person}@acme.com`
    const result = yield* Effect.result(
      seats.assign({
        source: AssignmentSource.Subscription({ id: subscription }),
        recipient: Recipient.Email({ email }),
        immediateClaim: act === "seat"
      })
    )
    const refusal = before.availableSeats === 0 ? "NoSeatAvailable" : "AlreadyAssigned"
    const isRefused = before.availableSeats === 0 || before.seats.some(isHeldBy(email))
    assert.strictEqual(Result.isFailure(result) ? result.failure._tag : null, isRefused ? refusal : null)
    return undefined
  })

const check = Effect.gen(function* () {
  const seats = yield* Seats
  const claimed: Array<string> = []
  for (const subscription of [id, other]) {
    const list = yield* seats.list(SeatSource.Subscription({ id: subscription }))
    const held = list.seats.filter(({ status }) => status !== "revoked")
    assert.strictEqual(list.availableSeats, 3 - held.length)
    assert.isAtMost(list.seats.length, 3)
    claimed.push(...held.filter(({ status }) => status === "claimed").map(() => subscription))
  }
  const shown = yield* Stream.runCollect(seats.claimedSubscriptions)
  assert.deepEqual(shown.map((subscription) => String(subscription.id)).toSorted(), claimed.toSorted())
})

it.effect.prop("the indexes agree with the list after any changes", [Schema.Array(Change)], ([changes]) =>
  Effect.gen(function* () {
    for (const change of changes) {
      yield* make(change)
      yield* check
    }
  }).pipe(Effect.provide(polar))
)
