import { assert } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { AlreadyClaimed, Forbidden, InvitationUnavailable, NotFound, Unauthorized } from "@polar-seats/domain/SeatError"
import { DateTime, Effect, Redacted } from "effect"
import { fails, type Law, list, mails, ofSubscription, recipients, resend } from "./law.ts"
import { seats, start, tokens, unknown } from "./world.ts"

const resends = (id: SeatId, to: string) =>
  Effect.gen(function* () {
    const seat = yield* resend(id)
    assert.strictEqual(seat.id, id)
    assert.strictEqual(seat.status, "pending")
    assert.strictEqual(seat.holderEmail, to)
    assert.deepEqual(yield* recipients, [to])
  })

export const resendLaws: ReadonlyArray<Law> = [
  { name: "resend mails the seat's own address once", holds: resends(seats.live, "ann@acme.com") },
  {
    name: "resend mails the member if the seat has no address",
    holds: resends(seats.memberOnly, "ben@acme.com")
  },
  {
    name: "resend mails the customer if the seat has no address and no member",
    holds: resends(seats.customerOnly, "holder@acme.com")
  },
  { name: "resend mails a seat of an order like any other", holds: resends(seats.ofOrder, "ora@acme.com") },
  { name: "resend mails an invitation without an expiry", holds: resends(seats.unlimited, "uli@acme.com") },
  { name: "an owner may resend", surface: "portal", token: tokens.owner, holds: resends(seats.live, "ann@acme.com") },
  {
    name: "a billing manager may resend",
    surface: "portal",
    token: tokens.billingManager,
    holds: resends(seats.live, "ann@acme.com")
  },
  {
    name: "each resend mails again with the same link, and changes nothing",
    holds: Effect.gen(function* () {
      const before = yield* list(ofSubscription)
      const first = yield* resend(seats.live)
      const second = yield* resend(seats.live)
      assert.deepEqual(first, second)
      assert.deepEqual(yield* list(ofSubscription), before)
      const links = (yield* mails).map(({ claimUrl }) => Redacted.value(claimUrl))
      assert.strictEqual(links.length, 2)
      assert.strictEqual(links[0], links[1])
    })
  },
  {
    name: "resend mails an expired invitation too, and the returned seat says so",
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
    surface: "portal",
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
    name: "resend for an order without a product fails inside Polar with a 500",
    holds: Effect.gen(function* () {
      const error = yield* Effect.flip(resend(seats.withoutProduct))
      assert.strictEqual(error._tag, "Unavailable")
      assert.deepInclude(error, { operation: "Seats.resend", reason: { _tag: "ServerFailed", status: 500 } })
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "a plain member may not resend",
    surface: "portal",
    token: tokens.member,
    holds: fails(resend(seats.live), new Forbidden({ reason: "Role" }))
  },
  {
    name: "resend checks the role of a member before it looks for the seat",
    surface: "portal",
    token: tokens.member,
    holds: fails(resend(seats.strangers), new Forbidden({ reason: "Role" }))
  },
  {
    name: "a seat of a customer of another organization is NotFound",
    surface: "portal",
    token: tokens.globexCustomer,
    holds: fails(resend(seats.live), new NotFound({ resource: "seat", id: seats.live }))
  },
  {
    name: "an expired session is Unauthorized",
    surface: "portal",
    token: tokens.expired,
    holds: fails(resend(seats.live), new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },
  {
    name: "an unknown session is Unauthorized",
    surface: "portal",
    token: tokens.unknown,
    holds: fails(list(ofSubscription), new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },
  {
    name: "a seat of another organization is NotFound",
    surface: "organization",
    holds: fails(resend(seats.ofGlobex), new NotFound({ resource: "seat", id: seats.ofGlobex }))
  },
  {
    name: "an organization reaches the seats of all its customers",
    surface: "organization",
    holds: resends(seats.strangers, "sam@example.com")
  },
  {
    name: "a token without the write scope may not resend",
    surface: "organization",
    token: tokens.organizationReader,
    holds: fails(resend(seats.live), new Forbidden({ reason: "Scope" }))
  },
  {
    name: "a token with only the write scope may resend",
    surface: "organization",
    token: tokens.organizationWriter,
    holds: resends(seats.live, "ann@acme.com")
  },
  {
    name: "a user token works like an organization token",
    surface: "organization",
    token: tokens.user,
    holds: resends(seats.live, "ann@acme.com")
  },
  ...[tokens.userOfBoth, tokens.oauthOfBoth].map((token): Law => ({
    name: `${token} resends seats of each organization that it reaches`,
    surface: "organization",
    token,
    holds: Effect.andThen(
      Effect.andThen(resend(seats.live), resend(seats.ofGlobex)),
      Effect.map(recipients, (all) => assert.deepEqual(all, ["ann@acme.com", "wim@example.com"]))
    )
  })),
  ...[tokens.organizationExpired, tokens.organizationUnknown].map((token): Law => ({
    name: `${token} is Unauthorized`,
    surface: "organization",
    token,
    holds: fails(resend(seats.live), new Unauthorized({ reason: "InvalidToken", wants: "OrganizationToken" }))
  }))
]
