import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Seats } from "@polar-seats/domain/Seats"
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Journal from "../Journal.ts"
import { InProgressElsewhere, MailedRecently } from "../InvitationError.ts"
import type { Reissue } from "../Reissue.ts"
import { free, judge, type Overrides, type Standing } from "./knowledge.ts"
import { isUsableAddress } from "./journalKey.ts"
import { monotonicMillisOf, nowOf } from "./clock.ts"
import type { SeatsLook } from "./seatsLook.ts"
import * as Duration from "effect/Duration"

/** The services that `Invitations` acts through. */
export interface Engine {
  readonly seats: Seats["Service"]
  readonly journal: Journal.Journal["Service"]
  readonly looks: SeatsLook
  /** Whether nobody is at work on the attempt of an entry any more. */
  readonly isAbandoned: (entry: Journal.Entry, clock: Clock.Clock) => boolean
}

/** How far the clocks of machines that share a journal may be apart. */
const maxClockError = "10 minutes"
const maxObserved = 10_000

type Observed = Map<string, { readonly version: number; readonly since: number }>

// Observations belong to the journal: a request may have `Invitations` of its own
const observedBy = new WeakMap<Journal.Journal["Service"], Observed>()
const observedOf = (journal: Journal.Journal["Service"]): Observed => {
  const observed: Observed = observedBy.get(journal) ?? new Map()
  observedBy.set(journal, observed)
  return observed
}

export const make = (seats: Seats["Service"], journal: Journal.Journal["Service"], looks: SeatsLook): Engine => {
  // Another machine's clock may be wrong by some minutes, so the end that an attempt names does not count at once. It
  // does if this process has seen no sign of life for a lease
  const leaseMillis = Duration.toMillis(journal.lease)
  const observed = observedOf(journal)
  return {
    seats,
    journal,
    looks,
    isAbandoned: ({ attempt, key, version }, clock) => {
      if (attempt === null || !journal.isShared || attempt.owner === journal.owner) return true
      if (DateTime.isLessThan(DateTime.addDuration(attempt.until, maxClockError), nowOf(clock))) return true
      const millis = monotonicMillisOf(clock)
      const seen = observed.get(key)
      if (seen?.version === version) return millis - seen.since > leaseMillis
      observed.delete(key)
      observed.set(key, { version, since: millis })
      const [oldest] = observed.keys()
      if (observed.size > maxObserved && oldest !== undefined) observed.delete(oldest)
      return false
    }
  }
}

/** Judges what the journal says about mailing a person now. */
export const judgeEntry = (
  engine: Engine,
  entry: Journal.Entry | undefined,
  overrides: Overrides
): Effect.Effect<Standing> =>
  entry === undefined
    ? Effect.succeed(free)
    : Effect.clockWith((clock) =>
        Effect.succeed(judge(entry, nowOf(clock), engine.isAbandoned(entry, clock), overrides))
      )

/** Runs an effect while nothing else of this process mails the holder of a seat, or the seat by its id. */
export const withSeatLock = <A, E, R>(engine: Engine, seatId: SeatId, key: string, effect: Effect.Effect<A, E, R>) => {
  const { withLock } = engine.journal
  const bareKey = keyForId(seatId)
  return key === bareKey ? withLock(key, effect) : withLock(bareKey, withLock(key, effect))
}

/** Fails if what an entry says is in the way of a mail. */
export const refuse = (engine: Engine, seatId: SeatId, entry: Journal.Entry | undefined, overrides: Overrides) =>
  Effect.flatMap(
    judgeEntry(engine, entry, overrides),
    (standing): Effect.Effect<void, MailedRecently | InProgressElsewhere> => {
      switch (standing._tag) {
        case "MailedRecently":
          return Effect.fail(new MailedRecently({ seatId, again: standing.again }))
        case "Free":
          return Effect.void
        default:
          return Effect.fail(new InProgressElsewhere({ seatId }))
      }
    }
  )

/**
 * Fails if the seat is being resent, or was resent a short while ago, by its id alone: that has an entry of its own. It
 * runs once an attempt is written down. If two callers write and then look, one of them sees the other.
 */
export const guardBareId = (engine: Engine, seatId: SeatId, overrides: Overrides) =>
  Effect.flatMap(engine.journal.get(keyForId(seatId)), (entry) =>
    entry === undefined ? Effect.void : refuse(engine, seatId, entry, overrides)
  )

/** The same for a bare id, which looks for whoever holds the seat. */
export const guardHolder = (engine: Engine, seatId: SeatId, overrides: Overrides) =>
  Effect.flatMap(engine.journal.ofSeat(seatId), (entries) =>
    Effect.forEach(
      entries.filter(({ key }) => key !== keyForId(seatId)),
      (entry) => refuse(engine, seatId, entry, overrides),
      { discard: true }
    )
  )

/** Names a seat in an outcome. */
export interface SeatRef {
  readonly seatId: SeatId
  readonly address: string | null
}
export const refOfSeat = (seat: Seat): SeatRef => ({ seatId: seat.id, address: seat.holderEmail })
export const refOfReissue = ({ address, seatId }: Reissue): SeatRef => ({ seatId, address: Redacted.value(address) })

/** The key of a seat of which nothing but the id is known. */
export const keyForId = (seatId: SeatId): string => `seat/${seatId}`

/** The journal key of a seat's holder. A seat that names nobody, or an address that nobody can have, has a key of its own. */
export const keyForSeat = ({ holderEmail, id, source }: Seat): string =>
  source === null || holderEmail === null || !isUsableAddress(holderEmail)
    ? keyForId(id)
    : Journal.keyFor(source, holderEmail)
