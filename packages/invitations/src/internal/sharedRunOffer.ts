import type { Forbidden, Unauthorized } from "@polar-seats/domain/SeatError"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type { ListError, Seats } from "@polar-seats/domain/Seats"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { unlimited } from "./adaptiveRate.ts"
import { monotonicMillis } from "./clock.ts"
import { listSeats } from "./remindSources.ts"
import { decodeSource, nameOfSource } from "./sharedRunItem.ts"
import type { SharedRunError } from "./sharedRunResult.ts"
import type { Claimed, Table } from "./sharedRunTable.ts"

/** How long the end of an interrupted offer or worker may take. */
const patienceAtEnd = "400 millis"

/** The services that an offer acts through. */
export interface Offering {
  readonly seats: Seats["Service"]
  readonly table: Table
  readonly lockExpiration: Duration.Duration
}

/** Moves locks on for ever. `until` is when those that are still the holder's end, on the monotonic clock. */
export const renewForEver = (
  { lockExpiration, table }: Pick<Offering, "lockExpiration" | "table">,
  holder: string,
  held: () => ReadonlyArray<string>,
  onRenewed: (ids: ReadonlyArray<string>, until: number) => void
): Effect.Effect<never, SharedRunError> =>
  Effect.sleep(Duration.times(lockExpiration, 0.25)).pipe(
    Effect.andThen(monotonicMillis),
    Effect.flatMap((now) => {
      const ids = held()
      const until = now + Duration.toMillis(lockExpiration)
      return ids.length === 0
        ? Effect.void
        : Effect.map(table.renew(holder, ids), (renewed) => onRenewed(renewed, until))
    }),
    Effect.forever
  )

/** Lists the source of an offer that this process holds. Fails only if the database does. */
const offerSource = (
  offering: Offering,
  { id, source }: { readonly id: string; readonly source: SeatSource },
  holder: string
): Effect.Effect<Result.Result<number, ListError>, SharedRunError> =>
  Effect.gen(function* () {
    const { seats, table } = offering
    const list = yield* Effect.result(seats.list(source))
    if (Result.isFailure(list)) {
      yield* table.failOffer(id, holder, list.failure.message)
      return Result.fail(list.failure)
    }
    const { seats: all } = list.success
    yield* table.addSeats(id, holder, all)
    if (yield* table.closeOffer(id, holder)) return Result.succeed(all.length)
    // This process was paused, and a worker has taken the offer over. That worker's list may be the older one
    return yield* offerOnce(offering, [source])
  })

/** Offers sources, and returns how many seats they have, or the first error of a list. */
const offerOnce = (
  offering: Offering,
  sources: ReadonlyArray<SeatSource>
): Effect.Effect<Result.Result<number, ListError>, SharedRunError> => {
  const { table } = offering
  const holder = SecureRandom.uuidV4Unsafe()
  const body = Effect.gen(function* () {
    // An open offer keeps the run from being done
    const offers = yield* Effect.forEach(sources, (source) =>
      Effect.map(table.openOffer(source, holder), (id) => ({ id, source }))
    )
    const ids = offers.map(({ id }) => id)
    const counts = yield* Effect.raceFirst(
      Effect.forEach(offers, (offer) => offerSource(offering, offer, holder)),
      renewForEver(
        offering,
        holder,
        () => ids,
        () => {}
      )
    )
    return Result.map(Result.all(counts), (each) => each.reduce((sum, count) => sum + count, 0))
  })
  return Effect.onError(body, () => table.giveBack(holder, [], patienceAtEnd))
}

/**
 * Offers the seats of some sources. If one cannot be listed, the others are offered all the same. The offers that an
 * interruption leaves open go to the workers at once.
 */
export const offerSources = (
  offering: Offering,
  sources: Iterable<SeatSource>
): Effect.Effect<number, ListError | SharedRunError> => {
  const all = [...new Map(Array.from(sources, (source) => [nameOfSource(source), source])).values()]
  return Effect.flatMap(offerOnce(offering, all), Effect.fromResult)
}

/** Lists the source of an offer whose process is gone. Fails if this worker may not read it. */
export const takeOver = (
  { seats, table }: Offering,
  holder: string,
  { attempts, id, item }: Claimed,
  maxAttempts: number
): Effect.Effect<void, Unauthorized | Forbidden | SharedRunError> => {
  const fail = (reason: string) => table.failOffer(id, holder, reason)
  return Effect.gen(function* () {
    if (attempts > maxAttempts) return yield* fail(`${maxAttempts} workers ended while they listed it`)
    const source = yield* decodeSource(item ?? "")
    const list = yield* Effect.result(listSeats({ seats }, source, unlimited))
    if (Result.isFailure(list)) {
      const { failure } = list
      if (failure._tag === "Unauthorized" || failure._tag === "Forbidden") return yield* failure
      return yield* fail(failure.message)
    }
    yield* table.addSeats(id, holder, list.success)
    yield* table.closeOffer(id, holder)
  }).pipe(Effect.catchTag("SchemaError", () => fail("its row in the run is damaged, or of a later version")))
}
