import type { SeatId } from "@polar-seats/domain/Seat"
import { ResentRecently, Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { type ResendError, Seats } from "@polar-seats/domain/Seats"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options {
  /** How long a seat that was mailed is not resent, to the millisecond. Zero turns the cooldown off. Default: 1 minute. */
  readonly window?: Duration.Input | undefined
}

const isUsable = (window: Duration.Duration): boolean => Duration.isFinite(window) && !Duration.isNegative(window)

const patience = "5 seconds"

const storeSilent = UnavailableReason.cases.NotSent.make({
  description: "whether the seat was mailed already could not be asked of the store of the cooldown"
})

const mayHaveMailed = (error: ResendError): boolean => error._tag === "Unavailable" && error.mayHaveHappened

const make = Effect.fnUntraced(function* ({ window: input = "1 minute" }: Options) {
  const window = yield* Option.match(Option.filter(Duration.fromInput(input), isUsable), {
    onNone: () => Effect.fail(new InvalidOption({ option: "window", problem: "is neither zero nor a time that ends" })),
    onSome: (duration) => Effect.succeed(Math.ceil(Duration.toMillis(duration)))
  })
  const seats = yield* Seats
  const limiter = yield* RateLimiter.RateLimiter
  if (window === 0) return seats

  // One token a seat. Who takes it may mail; it comes back by itself when the window is over
  const take = (seatId: SeatId, tokens: number, onExceeded: "fail" | "delay" = "fail") =>
    limiter.consume({ key: `polar-seats/cooldown/${seatId}`, limit: 1, window, tokens, onExceeded })

  const claim = (seatId: SeatId) =>
    Effect.catch(
      Effect.timeout(take(seatId, 1), patience),
      (error): Effect.Effect<never, ResentRecently | Unavailable> => {
        if (error._tag !== "RateLimiterError" || error.reason._tag !== "RateLimitExceeded") {
          return Effect.fail(new Unavailable({ operation: "Seats.resend", reason: storeSilent }))
        }
        const { retryAfter } = error.reason
        return Effect.flatMap(DateTime.now, (now) =>
          Effect.fail(new ResentRecently({ seatId, again: DateTime.addDuration(now, retryAfter) }))
        )
      }
    )

  // Not after half of the window, nor where an assignment has mailed the row meanwhile: the token that is given back has to
  // be the one that was taken
  const giveBack = (seatId: SeatId, since: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now - since > window / 2) return Effect.void
      const isOurs = Effect.map(take(seatId, 0, "delay"), ({ remaining }) => remaining === 0)
      const given = Effect.flatMap(isOurs, (isOurs) => (isOurs ? Effect.asVoid(take(seatId, -1)) : Effect.void))
      return Effect.ignore(Effect.timeout(given, patience))
    })

  // A seat in a cooldown already, because its row is used again, is in one from now on
  const start = (seatId: SeatId) =>
    take(seatId, 1).pipe(
      Effect.catch(({ reason }) =>
        reason._tag === "RateLimitExceeded"
          ? // A trace of it in any case, for who took the token and may want to give it back
            take(seatId, Math.max(1, window - Duration.toMillis(reason.retryAfter)) / window, "delay")
          : Effect.void
      ),
      Effect.timeout(patience),
      Effect.ignore
    )

  return Seats.of({
    ...seats,
    resend: Effect.fnUntraced(function* (seatId) {
      const since = yield* Clock.currentTimeMillis
      yield* claim(seatId)
      return yield* Effect.tapError(seats.resend(seatId), (error) =>
        mayHaveMailed(error) ? Effect.void : giveBack(seatId, since)
      )
    }),
    assign: (assignment) =>
      assignment.immediateClaim === true
        ? seats.assign(assignment)
        : Effect.tap(seats.assign(assignment), ({ id }) => start(id))
  })
})

/**
 * Around any `Seats`: a seat that was mailed is not resent within a window, and `ResentRecently` says from when on it
 * may be. Of resends at the same time one gets through. Everybody whose `RateLimiter` is on one store shares one memory:
 * `RateLimiter.layerStoreMemory` is that of a process, where a seat takes a few bytes until it ends, and
 * `RateLimiter.layerStoreRedis` that of several machines.
 *
 * - A resend starts the window when it begins. One that may have mailed counts too: an outcome that is unknown, a
 *   server that failed, an interruption. So does an assignment that mails, once its answer names the seat.
 * - A resend that surely mailed nobody gives its turn back. Where the store fails just then, or the refusal takes more
 *   than half of the window to come, the window runs all the same.
 * - Where the store fails or takes more than 5 seconds, a resend is not sent: it is `Unavailable` with the reason
 *   `NotSent`. An assignment is made all the same, and starts no window.
 */
export const layer = (options: Options = {}): Layer.Layer<Seats, InvalidOption, Seats | RateLimiter.RateLimiter> =>
  Layer.effect(Seats, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, InvalidOption | Config.ConfigError, Seats | RateLimiter.RateLimiter> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))
