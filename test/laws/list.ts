import { assert } from "@effect/vitest"
import { Forbidden, InvalidRequest, NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Clock, Effect } from "effect"
import { fails, type Law, list, ofSubscription } from "./law.ts"
import { ofGlobex, order, seats, start, strangersSubscription, tokens, unknown, withoutProduct } from "./world.ts"

export const listLaws: ReadonlyArray<Law> = [
  {
    name: "after a list, now is the time at Polar, or says that it is the machine's",
    holds: Effect.gen(function* () {
      yield* list(ofSubscription)
      const { clock, now } = yield* Effect.flatMap(Seats, (seats) => seats.now)
      const expected = clock === "Polar" ? Date.parse(start) : yield* Clock.currentTimeMillis
      assert.approximately(now.epochMilliseconds, expected, 30_000)
    })
  },
  {
    name: "list returns every seat, including revoked ones, and counts the available ones",
    holds: Effect.gen(function* () {
      const found = yield* list(ofSubscription)
      assert.deepEqual(
        found.seats.map(({ id }) => id).toSorted(),
        [
          seats.live,
          seats.expired,
          seats.unlimited,
          seats.claimed,
          seats.revoked,
          seats.withoutToken,
          seats.withoutRecipient,
          seats.memberOnly,
          seats.customerOnly
        ].toSorted()
      )
      assert.strictEqual(found.totalSeats, 10)
      assert.strictEqual(found.availableSeats, 2)
      const claimed = found.seats.find(({ id }) => id === seats.claimed)
      assert.strictEqual(claimed?.member?.name, "Ben")
      assert.deepEqual(claimed?.seatMetadata, { team: "core" })
    })
  },
  {
    name: "list takes an order like a subscription",
    holds: Effect.gen(function* () {
      const found = yield* list(SeatSource.Order({ id: order }))
      assert.deepEqual(
        found.seats.map(({ id }) => id),
        [seats.ofOrder]
      )
      assert.strictEqual(found.availableSeats, 0)
      assert.strictEqual((yield* list(SeatSource.Order({ id: withoutProduct }))).totalSeats, 1)
    })
  },
  {
    name: "a plain member may list",
    surface: "portal",
    token: tokens.member,
    holds: Effect.gen(function* () {
      assert.strictEqual((yield* list(ofSubscription)).seats.length, 9)
    })
  },
  {
    name: "an unknown subscription is NotFound",
    holds: fails(
      list(SeatSource.Subscription({ id: SubscriptionId.make(unknown) })),
      new NotFound({ resource: "subscription", id: unknown })
    )
  },
  {
    name: "list with an id that is not a UUID of version 4 is InvalidRequest",
    holds: fails(
      list(SeatSource.Order({ id: OrderId.make("0190b5e0-1234-7000-8000-000000000000") })),
      new InvalidRequest({
        issues: [{ type: "uuid_version", path: ["query", "order_id"], message: "UUID version 4 expected" }]
      })
    )
  },
  {
    name: "another customer's subscription is NotFound",
    surface: "portal",
    holds: fails(
      list(SeatSource.Subscription({ id: strangersSubscription })),
      new NotFound({ resource: "subscription", id: strangersSubscription })
    )
  },
  {
    name: "another organization's subscription is NotFound",
    surface: "organization",
    holds: fails(
      list(SeatSource.Subscription({ id: ofGlobex })),
      new NotFound({ resource: "subscription", id: ofGlobex })
    )
  },
  {
    name: "a user token lists the seats of each organization that it reaches",
    surface: "organization",
    token: tokens.userOfBoth,
    holds: Effect.gen(function* () {
      assert.strictEqual((yield* list(ofSubscription)).totalSeats, 10)
      assert.strictEqual((yield* list(SeatSource.Subscription({ id: ofGlobex }))).totalSeats, 2)
    })
  },
  {
    name: "a token without the read scope may not list",
    surface: "organization",
    token: tokens.organizationWriter,
    holds: fails(list(ofSubscription), new Forbidden({ reason: "Scope" }))
  },
  {
    name: "a token with only the read scope may list",
    surface: "organization",
    token: tokens.organizationReader,
    holds: Effect.map(list(ofSubscription), (found) => assert.strictEqual(found.totalSeats, 10))
  }
]
