import type { SeatId } from "@polar-seats/domain/Seat"
import { mayHaveHappened, ResentRecently, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { checkDuration, finite, fromConfig } from "./internal/options.ts"
import type { InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options {
  /** How long after a mail a seat is not resent, to the millisecond. Zero turns the cooldown off. Default: 1 minute. */
  readonly window?: Duration.Input | undefined
}

const storeTimeout = "5 seconds"

const storeFailed = UnavailableReason.cases.NotSent.make({
  description: "the store of the cooldown could not say whether the seat was mailed already"
})

const make = Effect.fnUntraced(function* ({ window: input = "1 minute" }: Options) {
  const window = Math.ceil(yield* checkDuration("window", input, finite))
  const seats = yield* Seats
  const limiter = yield* RateLimiter.RateLimiter
  if (window === 0) return seats

  // Each seat has one token. The call that takes it may mail, and the token returns when the window ends
  const take = (seatId: SeatId, tokens: number, onExceeded: "fail" | "delay" = "fail") =>
    limiter.consume({ key: `polar-seats/cooldown/${seatId}`, limit: 1, window, tokens, onExceeded })

  const takeToken = (seatId: SeatId) =>
    take(seatId, 1).pipe(
      Effect.timeout(storeTimeout),
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        Effect.flatMap(DateTime.now, (now) =>
          Effect.fail(new ResentRecently({ seatId, again: DateTime.addDuration(now, retryAfter) }))
        )
      ),
      Effect.catchTag(["RateLimiterError", "TimeoutError"], () =>
        Effect.fail(new Unavailable({ operation: "Seats.resend", reason: storeFailed }))
      )
    )

  // Return the token only if it is certainly ours: within half the window, and if no assignment has mailed this row in the
  // meantime
  const returnToken = (seatId: SeatId, since: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now - since > window / 2) return Effect.void
      const isOurs = Effect.map(take(seatId, 0, "delay"), ({ remaining }) => remaining === 0)
      const returned = Effect.flatMap(isOurs, (isOurs) => (isOurs ? Effect.asVoid(take(seatId, -1)) : Effect.void))
      return Effect.ignore(Effect.timeout(returned, storeTimeout))
    })

  // Polar uses the row of a revoked seat again, so the seat may be in a cooldown already. That cooldown starts anew
  const start = (seatId: SeatId) =>
    take(seatId, 1).pipe(
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        // Take at least a little, so that the call which took the token does not return it
        take(seatId, Math.max(1, window - Duration.toMillis(retryAfter)) / window, "delay")
      ),
      Effect.timeout(storeTimeout),
      Effect.ignore
    )

  return Seats.of({
    ...seats,
    resend: Effect.fnUntraced(function* (seatId) {
      const since = yield* Clock.currentTimeMillis
      yield* takeToken(seatId)
      return yield* Effect.tapError(seats.resend(seatId), (error) =>
        mayHaveHappened(error) ? Effect.void : returnToken(seatId, since)
      )
    }),
    assign: (assignment) =>
      assignment.immediateClaim === true
        ? seats.assign(assignment)
        : Effect.tap(seats.assign(assignment), ({ id }) => start(id))
  })
})

/**
 * Prevents a second resend to a seat within a window. Provide it around any `Seats`. A resend within the window fails with
 * `ResentRecently`, which says when the seat may be resent. If several calls resend a seat at the same time, one gets
 * through. Layers whose `RateLimiter` is on one store share their cooldowns: `RateLimiter.layerStoreMemory` covers one
 * process and keeps a few bytes a seat, and `RateLimiter.layerStoreRedis` covers several machines.
 *
 * - The window starts when a resend begins. It also runs after a resend that may have mailed: one with an unknown outcome, a
 *   failed server or an interruption. An assignment that mails starts it when the answer names the seat.
 * - A resend that certainly mailed nobody ends the window. If the refusal takes more than half of the window to arrive, or if
 *   the store fails at that moment, the window runs on.
 * - A resend is not sent if the store fails or takes more than 5 seconds. It fails with `Unavailable` and the reason
 *   `NotSent`. An assignment is sent all the same, and starts no window.
 */
export const layer = (options: Options = {}): Layer.Layer<Seats, InvalidOption, Seats | RateLimiter.RateLimiter> =>
  Layer.effect(Seats, make(options))

/** `layer` with options from the configuration. */
export const layerConfig = /* @__PURE__ */ fromConfig(layer)
