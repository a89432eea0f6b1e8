import type { PolarTime } from "@polar-seats/domain/PolarTime"
import type { Seat } from "@polar-seats/domain/Seat"
import type { ListError, Seats } from "@polar-seats/domain/Seats"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { type Engine, keyForSeat } from "./engine.ts"

// Each `Seats` here has read a list. If Polar's time is not known after that, no further list tells it
const asked = new WeakSet<Seats["Service"]>()

/** Notes that a `Seats` has read a list, which tells Polar's time if anything does. */
export const noteAsked = (seats: Seats["Service"]): void => void asked.add(seats)

/**
 * The time to judge a seat's invitation by, before anything is mailed. If Polar's time is not known yet, or is in doubt, the
 * seats are read once, because the answer tells it. Without the right to read them, the machine's clock has to do.
 */
export const timeFor = (
  { looks, seats }: Engine,
  seat: Seat,
  { maxLookAge, rate }: { readonly maxLookAge: Duration.Duration; readonly rate: AdaptiveRate }
): Effect.Effect<PolarTime, ListError> =>
  Effect.flatMap(seats.now, (time): Effect.Effect<PolarTime, ListError> => {
    const { invitationTokenExpiresAt, source, status } = seat
    const isClear = status !== "pending" || invitationTokenExpiresAt === null || source === null
    const isKnown = time.clock === "Polar" && time.isDoubtful !== true
    if (isKnown || isClear || asked.has(seats)) return Effect.succeed(time)
    const options = { key: keyForSeat(seat), send: rate.send, maxAgeMillis: Duration.toMillis(maxLookAge) }
    return Effect.andThen(rate.waitForTurn, looks.look(source, options)).pipe(
      Effect.asVoid,
      Effect.catchTags({ Forbidden: () => Effect.void, NotFound: () => Effect.void }),
      Effect.flatMap(() => {
        noteAsked(seats)
        return seats.now
      })
    )
  })
