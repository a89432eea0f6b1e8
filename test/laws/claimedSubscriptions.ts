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
    name: "a member sees the subscriptions that they sit in",
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
    name: "a pending seat does not count, a claimed one does at once",
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
    name: "an expired session sees none",
    surface: "portal",
    token: tokens.expired,
    holds: fails(claimed, new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
  },
  {
    name: "an organization sits nowhere",
    surface: "organization",
    holds: fails(claimed, new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
  }
]
