import { assert } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { Effect, Stream } from "effect"
import { assign, fails, type Law } from "./law.ts"
import { buyer, manager, single, subscription, tokens } from "./world.ts"

const claimed = Effect.flatMap(Seats, (seats) => Stream.runCollect(seats.claimedSubscriptions))

export const claimedSubscriptionsLaws: ReadonlyArray<Law> = [
  {
    name: "claimedSubscriptions lists the subscriptions in which a member has a claimed seat",
    surface: "portal",
    token: tokens.member,
    holds: Effect.gen(function* () {
      const [found, ...others] = yield* claimed
      assert.deepInclude(
        { ...found },
        { id: subscription, customerId: buyer, productName: "Acme Pro", status: "active", seats: 10 }
      )
      assert.strictEqual(others.length, 0)
    })
  },
  {
    name: "a pending seat does not count, and a claimed seat counts at once",
    surface: "portal",
    token: tokens.billingManager,
    holds: Effect.gen(function* () {
      const source = AssignmentSource.Subscription({ id: single })
      assert.strictEqual((yield* claimed).length, 0)
      yield* assign({ source, recipient: Recipient.Member({ id: manager }), immediateClaim: true })
      assert.deepEqual(
        (yield* claimed).map(({ id }) => id),
        [single]
      )
    })
  },
  {
    name: "claimedSubscriptions with an expired session is Unauthorized",
    surface: "portal",
    token: tokens.expired,
    holds: fails(claimed, new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },
  {
    name: "claimedSubscriptions with an organization token is Unauthorized",
    surface: "organization",
    // The client knows the answer without a request
    holds: fails(claimed, new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }), { isAsked: false })
  }
]
