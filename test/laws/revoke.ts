import { assert } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Forbidden, NotFound } from "@polar-seats/domain/SeatError"
import { Effect } from "effect"
import { fails, type Law, list, ofSubscription, recipients, resend, revoke } from "./law.ts"
import { seats, tokens, unknown } from "./world.ts"

const listed = (id: SeatId) => Effect.map(list(ofSubscription), (found) => found.seats.find((seat) => seat.id === id))

export const revokeLaws: ReadonlyArray<Law> = [
  {
    name: "revoke takes the seat from its holder, makes it available and mails nobody",
    holds: Effect.gen(function* () {
      const before = yield* list(ofSubscription)
      const seat = yield* revoke(seats.live)
      assert.strictEqual(seat.status, "revoked")
      assert.deepEqual([seat.customerId, seat.memberId, seat.email], [null, null, null])
      assert.notStrictEqual(seat.revokedAt, null)
      assert.notStrictEqual(seat.invitationTokenExpiresAt, null)
      assert.strictEqual((yield* list(ofSubscription)).availableSeats, before.availableSeats + 1)
      assert.deepEqual(yield* recipients, [])
      assert.strictEqual((yield* Effect.flip(resend(seats.live)))._tag, "AlreadyClaimed")
    })
  },
  {
    name: "the answer to revoke still names the holder, but the list does not",
    holds: Effect.gen(function* () {
      const seat = yield* revoke(seats.claimed)
      assert.strictEqual(seat.member?.name, "Ben")
      assert.strictEqual(seat.customerEmail, "ben@acme.com")
      assert.notStrictEqual(seat.claimedAt, null)
      const later = yield* listed(seats.claimed)
      assert.strictEqual(later?.member, null)
      assert.strictEqual(later?.customerEmail, null)
      assert.deepEqual(later?.claimedAt, seat.claimedAt)
    })
  },
  {
    name: "revoke leaves a revoked seat unchanged",
    holds: Effect.gen(function* () {
      const before = yield* listed(seats.revoked)
      assert.deepEqual(yield* revoke(seats.revoked), before)
      assert.deepEqual(yield* listed(seats.revoked), before)
    })
  },
  {
    name: "revoke of an unknown seat is NotFound",
    holds: fails(revoke(SeatId.make(unknown)), new NotFound({ resource: "seat", id: unknown }))
  },
  {
    name: "revoke for an order without a product fails inside Polar with a 500",
    holds: Effect.gen(function* () {
      const error = yield* Effect.flip(revoke(seats.withoutProduct))
      assert.strictEqual(error._tag, "Unavailable")
      assert.deepInclude(error, { operation: "Seats.revoke", reason: { _tag: "ServerFailed", status: 500 } })
    })
  },
  {
    name: "a plain member may not revoke",
    surface: "portal",
    token: tokens.member,
    holds: fails(revoke(seats.live), new Forbidden({ reason: "Role" }))
  },
  {
    name: "the portal answers for a revoked seat of an order without a product",
    surface: "portal",
    holds: Effect.map(revoke(seats.revokedWithoutProduct), ({ status }) => assert.strictEqual(status, "revoked"))
  },
  {
    name: "revoke by an organization fails inside Polar with a 500 for a revoked seat of an order without a product",
    surface: "organization",
    holds: Effect.gen(function* () {
      const error = yield* Effect.flip(revoke(seats.revokedWithoutProduct))
      assert.deepInclude(error, { _tag: "Unavailable", reason: { _tag: "ServerFailed", status: 500 } })
    })
  },
  {
    name: "a user token revokes seats of each organization that it reaches",
    surface: "organization",
    token: tokens.userOfBoth,
    holds: Effect.gen(function* () {
      for (const id of [seats.live, seats.ofGlobex]) assert.strictEqual((yield* revoke(id)).status, "revoked")
    })
  },
  {
    name: "a token without the write scope may not revoke",
    surface: "organization",
    token: tokens.organizationReader,
    holds: fails(revoke(seats.live), new Forbidden({ reason: "Scope" }))
  }
]
