import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { ListError, Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Semaphore from "effect/Semaphore"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import { monotonicMillis } from "./clock.ts"
import { SeatsIndex } from "./seatsIndex.ts"

/** The seats of a source, as they were at some instant after `readAt` (on the monotonic clock). */
export interface Look {
  readonly index: SeatsIndex
  readonly readAt: number
  /** Orders it among the changes of this process. */
  readonly order: number
}

/** The last request for a source. `look` is undefined if it failed. `order` tells what came before it. */
interface Last {
  readonly semaphore: Semaphore.Semaphore
  order: number
  look: Look | undefined
  users: number
}

/** How a caller wants to look. */
interface LookOptions {
  /** Sends the request. The caller has waited for its turn. */
  readonly send: AdaptiveRate["send"]
  /** How old a look may be that began before the caller asked. Zero: it begins after the caller asked. */
  readonly maxAgeMillis: number
  /** The person whose own changes the look must show. */
  readonly key: string
}

/** Reads the seats of sources for all who act through the same `Seats`. */
export interface SeatsLook {
  readonly look: (source: SeatSource, options: LookOptions) => Effect.Effect<Look, ListError>
  /** Notes that this process has changed a person's seat: no earlier look tells of the person any more. */
  readonly noteChange: (key: string) => void
  /** Whether this process has changed a person's seat, or a seat, since a look began. */
  readonly isChangedSince: (look: Look, key: string) => boolean
  /** Notes that this process has revoked a seat. `answer` is Polar's. */
  readonly noteRevocation: (answer: Seat) => void
  /** Whether this process has revoked a seat, and nobody else since. */
  readonly isRevokedHere: (seat: Seat) => boolean
}

const maxRemembered = 10_000
const maxSources = 8

/** Sets a key as the latest one, and forgets the oldest one of too many. */
const setLatest = <Key, Value>(map: Map<Key, Value>, key: Key, value: Value) => {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > maxRemembered && oldest !== undefined) map.delete(oldest)
}

const make = (seats: Seats["Service"]): SeatsLook => {
  const sources = new Map<string, Last>()
  const changes = new Map<string, number>()
  const revoked = new Map<SeatId, DateTime.Utc | null>()
  // A counter orders events that share an instant
  let counter = 0

  // Only the seats of a run are shared after a look has ended, and a run reads one source after another
  const forgetUnused = () => {
    for (const [id, { users }] of sources) {
      if (sources.size <= maxSources) return
      if (users === 0) sources.delete(id)
    }
  }

  return {
    noteChange: (key) => setLatest(changes, key, ++counter),
    isChangedSince: ({ order }, key) => order <= (changes.get(key) ?? 0),
    noteRevocation: ({ id, revokedAt }) => setLatest(revoked, id, revokedAt),
    isRevokedHere: ({ id, revokedAt }) => revoked.has(id) && Equal.equals(revoked.get(id), revokedAt),

    look: (source, { key, maxAgeMillis, send }) =>
      Effect.suspend(() => {
        const askedAt = ++counter
        const id = `${source._tag}/${source.id}`
        const last = sources.get(id) ?? { semaphore: Semaphore.makeUnsafe(1), order: 0, look: undefined, users: 0 }
        sources.delete(id)
        sources.set(id, last)
        last.users++
        forgetUnused()

        const read = Effect.gen(function* () {
          const readAt = yield* monotonicMillis
          const order = ++counter
          const list = yield* send(Effect.suspend(() => seats.list(source)))
          return { index: new SeatsIndex(list), order, readAt }
        })

        // The inner effect runs after the lock is released
        const shareOrRead: Effect.Effect<Effect.Effect<Look, ListError>> = Effect.gen(function* () {
          const now = yield* monotonicMillis
          const { look, order } = last
          const isNew = order > askedAt
          const isRecent = look !== undefined && now - look.readAt <= maxAgeMillis && order > (changes.get(key) ?? 0)
          if (look !== undefined && (isNew || isRecent)) return Effect.succeed(look)
          // An error is its reader's alone: each caller has a timeout of its own
          if (isNew) return read
          last.order = ++counter
          return yield* Effect.matchEffect(read, {
            onFailure: (error): Effect.Effect<Effect.Effect<Look, ListError>> => {
              last.look = undefined
              return Effect.succeed(Effect.fail(error))
            },
            onSuccess: (look) => {
              last.order = look.order
              last.look = look
              return Effect.succeed(Effect.succeed(look))
            }
          })
        })
        return Effect.flatten(last.semaphore.withPermit(shareOrRead)).pipe(
          Effect.ensuring(
            Effect.sync(() => {
              last.users--
              if (last.users === 0 && maxAgeMillis === 0) sources.delete(id)
            })
          )
        )
      })
  }
}

const looks = new WeakMap<Seats["Service"], SeatsLook>()

/** The looks through a `Seats`. They belong to the instance that was asked, so two tenants never share one. */
export const seatsLookOf = (seats: Seats["Service"]): SeatsLook => {
  const known = looks.get(seats)
  if (known !== undefined) return known
  const made = make(seats)
  looks.set(seats, made)
  return made
}
