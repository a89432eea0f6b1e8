import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Effect, Layer, Redacted } from "effect"
import { single, tokens, world } from "../laws/world.ts"

const polar = Layer.merge(PortalSeats.layer({ token: Redacted.make(tokens.customer) }), SeatClaims.layer({})).pipe(
  Layer.provideMerge(Emulator.layer(world))
)

it.effect("a resend after 24 hours mails a dead link; revoking and assigning again mails one that works", () =>
  Effect.gen(function* () {
    const seats = yield* Seats
    const claims = yield* SeatClaims.SeatClaims
    const { mails } = yield* Outbox
    const emulator = yield* Emulator.Emulator
    const assignment = {
      source: AssignmentSource.Subscription({ id: single }),
      recipient: Recipient.Email({ email: "zoe@acme.com" })
    }

    const assigned = yield* seats.assign(assignment)
    yield* emulator.advance("25 hours")

    const resent = yield* seats.resend(assigned.id)
    assert.deepEqual(resent, assigned, "the seat and its expiry are unchanged")
    assert.strictEqual(resent.invitation(yield* emulator.now)._tag, "Expired")
    const [first, second] = yield* mails
    assert.isDefined(first)
    assert.isDefined(second)
    assert.strictEqual(Redacted.value(second.token), Redacted.value(first.token), "the second mail has the same link")

    assert.strictEqual((yield* Effect.flip(claims.info(second.token)))._tag, "InvalidInvitation")
    assert.strictEqual((yield* Effect.flip(claims.claim(second.token)))._tag, "InvalidInvitation")
    const statuses = (yield* emulator.requests).slice(-2).map(({ path, status }) => `${status} ${path}`)
    assert.deepEqual(statuses, ["404 /v1/customer-seats/claim/…", "400 /v1/customer-seats/claim"])

    yield* seats.revoke(assigned.id)
    const again = yield* seats.assign(assignment)
    assert.strictEqual(again.id, assigned.id, "the seat keeps its id")
    const third = (yield* mails).at(-1)
    assert.isDefined(third)
    assert.notStrictEqual(Redacted.value(third.token), Redacted.value(first.token), "the third mail has a new link")
    assert.strictEqual((yield* claims.info(third.token)).customerEmail, "zoe@acme.com")
    const { seat } = yield* claims.claim(third.token)
    assert.strictEqual(seat.status, "claimed")
  }).pipe(Effect.provide(polar))
)
