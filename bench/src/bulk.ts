import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { subscriptionId } from "./wire.ts"

const source = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })

/** Resends the pending seats of the subscription, so many at once, and says of each whether it was. */
export const resendAll = Effect.fnUntraced(
  function* (concurrency: number, onEach: (isDone: boolean) => void) {
    const { list, resend } = yield* Seats
    const { seats } = yield* list(source)
    yield* Effect.forEach(
      seats.filter(({ status }) => status === "pending"),
      ({ id }) =>
        Effect.match(resend(id), { onSuccess: (seat) => onEach(seat.id === id), onFailure: () => onEach(false) }),
      { concurrency, discard: true }
    )
  },
  RetryPolicy.provide({ times: 1000, schedule: Schedule.spaced("1 second"), totalTimeout: "10 minutes" })
)
