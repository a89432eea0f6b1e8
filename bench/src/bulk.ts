import type { SeatId } from "@polar-seats/domain/Seat"
import type { Seats } from "@polar-seats/domain/Seats"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** Resends many, so many at once, and says of each whether it was. */
export const resendAll = (
  seats: Seats["Service"],
  ids: ReadonlyArray<SeatId>,
  concurrency: number,
  onEach: (isDone: boolean) => void
): Effect.Effect<void> =>
  Effect.forEach(
    ids,
    (id) =>
      Effect.match(seats.resend(id), {
        onSuccess: () => onEach(true),
        onFailure: () => onEach(false)
      }),
    { concurrency, discard: true }
  ).pipe(RetryPolicy.provide({ times: 1000, schedule: Schedule.spaced("1 second"), totalTimeout: "10 minutes" }))
