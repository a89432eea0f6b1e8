import { assert } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Forbidden, NotFound } from "@polar-seats/domain/SeatError"
import { Effect } from "effect"
import { fails, type Law, list, ofSubscription, recipients, resend, revoke } from "./law.ts"
import { seats, tokens, unknown } from "./world.ts"

const listed = (id: SeatId) => Effect.map(list(ofSubscription), (found) => found.seats.find((seat) => seat.id === id))

export const revokeLaws: ReadonlyArray<Law> = [
  {
    name: "a revocation empties the seat, frees it and mails nobody",
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
    name: "the answer still names who had the seat, the list does not",
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
    name: "a seat that is revoked stays as it is",
    holds: Effect.gen(function* () {
      const before = yield* listed(seats.revoked)
      assert.deepEqual(yield* revoke(seats.revoked), before)
      assert.deepEqual(yield* listed(seats.revoked), before)
    })
  },
  {
    name: "an unknown seat cannot be revoked",
    holds: fails(revoke(SeatId.make(unknown)), new NotFound({ resource: "seat", id: unknown }))
  },
  {
    name: "a seat of an order without a product cannot be revoked by Polar itself",
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
    name: "where seats are not for sale, a revocation is Forbidden",
    surface: "portal",
    token: tokens.withoutSeats,
    holds: fails(revoke(seats.withoutSeats), new Forbidden({ reason: "SeatsNotEnabled" }))
  },
  {
    name: "where seats are not for sale, the portal lets a revoked seat be",
    surface: "portal",
    token: tokens.withoutSeats,
    holds: Effect.map(revoke(seats.revokedWithoutSeats), ({ status }) => assert.strictEqual(status, "revoked"))
  },
  {
    name: "where seats are not for sale, an organization is told so, even for a revoked seat",
    surface: "organization",
    token: tokens.organizationWithoutSeats,
    holds: fails(revoke(seats.revokedWithoutSeats), new Forbidden({ reason: "SeatsNotEnabled" }))
  },
  {
    name: "a token that may only read may not revoke",
    surface: "organization",
    token: tokens.organizationReader,
    holds: fails(revoke(seats.live), new Forbidden({ reason: "Scope" }))
  }
]
