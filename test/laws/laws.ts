import { assert, it } from "@effect/vitest"
import { Outbox } from "@polar-seats/domain/Outbox"
import { SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, Forbidden, InvitationUnavailable, NotFound, Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { DateTime, Effect, type Layer, Redacted } from "effect"
import {
  order,
  seats,
  start,
  strangersSubscription,
  subscription,
  tokens,
  unknown,
  withoutProduct,
  withoutSeats
} from "./world.ts"

/** What an implementation brings: `Seats` and its outbox, filled with the world of the laws, at their start, for the holder of a token. */
export type Implementation = (token: string) => Layer.Layer<Seats | Outbox>

interface Law {
  readonly name: string
  readonly token?: string
  readonly holds: Effect.Effect<void, unknown, Seats | Outbox>
}

const resend = (id: SeatId) => Effect.flatMap(Seats, (service) => service.resend(id))
const list = (source: SeatSource) => Effect.flatMap(Seats, (service) => service.list(source))
const ofSubscription = SeatSource.Subscription({ id: subscription })
const recipients = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to)))

const fails = <A, E extends object>(attempt: Effect.Effect<A, E, Seats>, expected: object) =>
  Effect.gen(function* () {
    assert.deepEqual({ ...(yield* Effect.flip(attempt)) }, { ...expected })
    assert.deepEqual(yield* recipients, [], "a refusal mails nobody")
  })

const mails = (id: SeatId, to: string) =>
  Effect.gen(function* () {
    const seat = yield* resend(id)
    assert.strictEqual(seat.id, id)
    assert.strictEqual(seat.status, "pending")
    assert.strictEqual(seat.holderEmail, to)
    assert.deepEqual(yield* recipients, [to])
  })

const laws: ReadonlyArray<Law> = [
  { name: "a resend mails the seat's own address once", holds: mails(seats.live, "ann@acme.com") },
  { name: "a resend goes to the member where the seat has no address", holds: mails(seats.memberOnly, "ben@acme.com") },
  {
    name: "a resend goes to the customer where nobody else is named",
    holds: mails(seats.customerOnly, "holder@acme.com")
  },
  { name: "a seat of an order is resent like any other", holds: mails(seats.ofOrder, "ora@acme.com") },
  { name: "an invitation without an end is resent", holds: mails(seats.unlimited, "uli@acme.com") },
  { name: "an owner may resend", token: tokens.owner, holds: mails(seats.live, "ann@acme.com") },
  { name: "a billing manager may resend", token: tokens.billingManager, holds: mails(seats.live, "ann@acme.com") },
  {
    name: "each resend mails again, with the same link, and changes nothing",
    holds: Effect.gen(function* () {
      const before = yield* list(ofSubscription)
      const first = yield* resend(seats.live)
      const second = yield* resend(seats.live)
      assert.deepEqual(first, second)
      assert.deepEqual(yield* list(ofSubscription), before)
      const links = (yield* Effect.flatMap(Outbox, (outbox) => outbox.mails)).map(({ claimUrl }) =>
        Redacted.value(claimUrl)
      )
      assert.strictEqual(links.length, 2)
      assert.strictEqual(links[0], links[1])
    })
  },
  {
    name: "an expired invitation is mailed all the same, and the seat tells",
    holds: Effect.gen(function* () {
      const seat = yield* resend(seats.expired)
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
      const now = DateTime.makeUnsafe(start)
      assert.strictEqual(seat.invitation(now)._tag, "Expired")
    })
  },
  {
    name: "an unknown seat is NotFound",
    holds: fails(resend(SeatId.make(unknown)), new NotFound({ resource: "seat", id: unknown }))
  },
  {
    name: "another customer's seat is NotFound",
    holds: fails(resend(seats.strangers), new NotFound({ resource: "seat", id: seats.strangers }))
  },
  {
    name: "a claimed seat is AlreadyClaimed",
    holds: fails(resend(seats.claimed), new AlreadyClaimed({ seatId: seats.claimed }))
  },
  {
    name: "a revoked seat is AlreadyClaimed too",
    holds: fails(resend(seats.revoked), new AlreadyClaimed({ seatId: seats.revoked }))
  },
  {
    name: "a seat without a token is InvitationUnavailable",
    holds: fails(resend(seats.withoutToken), new InvitationUnavailable({ seatId: seats.withoutToken }))
  },
  {
    name: "a seat that nobody holds is InvitationUnavailable",
    holds: fails(resend(seats.withoutRecipient), new InvitationUnavailable({ seatId: seats.withoutRecipient }))
  },
  {
    name: "a resend for an order without a product fails in Polar itself",
    holds: Effect.gen(function* () {
      const error = yield* Effect.flip(resend(seats.withoutProduct))
      assert.strictEqual(error._tag, "Unavailable")
      assert.deepInclude(error, { operation: "Seats.resend", reason: { _tag: "ServerFailed", status: 500 } })
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "a plain member may not resend",
    token: tokens.member,
    holds: fails(resend(seats.live), new Forbidden({ reason: "Role" }))
  },
  {
    name: "a plain member is told so before anything else",
    token: tokens.member,
    holds: fails(resend(seats.strangers), new Forbidden({ reason: "Role" }))
  },
  {
    name: "where seats are not for sale, a resend is Forbidden",
    token: tokens.withoutSeats,
    holds: fails(resend(seats.withoutSeats), new Forbidden({ reason: "SeatsNotEnabled" }))
  },
  {
    name: "NotFound comes before Forbidden",
    token: tokens.withoutSeats,
    holds: fails(resend(seats.live), new NotFound({ resource: "seat", id: seats.live }))
  },
  ...([tokens.organization, tokens.user, tokens.registration] as const).map((token): Law => ({
    name: `the portal takes no ${token}`,
    token,
    holds: fails(resend(seats.live), new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
  })),
  {
    name: "an expired session is Unauthorized",
    token: tokens.expired,
    holds: fails(resend(seats.live), new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },
  {
    name: "an unknown session is Unauthorized",
    token: tokens.unknown,
    holds: fails(list(ofSubscription), new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },

  {
    name: "a list has every seat, revoked ones too, and counts those that are taken",
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
    name: "an order is listed like a subscription",
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
    name: "another customer's subscription is NotFound",
    holds: fails(
      list(SeatSource.Subscription({ id: strangersSubscription })),
      new NotFound({ resource: "subscription", id: strangersSubscription })
    )
  },
  {
    name: "where seats are not for sale, a list is Forbidden",
    token: tokens.withoutSeats,
    holds: fails(list(SeatSource.Subscription({ id: withoutSeats })), new Forbidden({ reason: "SeatsNotEnabled" }))
  }
]

/** Runs every law on an implementation: under the test clock, or where there are sockets on the real one. */
export const obeys = (implementation: Implementation, test: typeof it.effect | typeof it.live): void => {
  test.each([...laws])("$name", ({ holds, token = tokens.customer }) => Effect.provide(holds, implementation(token)))
}
