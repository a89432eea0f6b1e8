import type { PolarTime } from "@polar-seats/domain/PolarTime"
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { monotonicMillisUnsafe } from "./monotonic.ts"

// docs/adr/0018-polars-time.md gives the reasons for these rules

/** The `Date` of an answer, and when its request left and its headers came, in milliseconds on the monotonic `clock`. */
export interface Dated {
  /** Undefined if the answer has no `Date`, or if a cache may have kept it. */
  readonly date: string | undefined
  readonly sentAt: number
  readonly receivedAt: number
  readonly clock: Clock.Clock
}

/** Dates an answer whose headers have just come. `age` is its `Age` header, which only caches send. */
export const datedNow = (
  clock: Clock.Clock,
  sentAt: number,
  date: string | undefined,
  age: string | undefined
): Dated => ({
  date: age === undefined ? date : undefined,
  sentAt,
  receivedAt: monotonicMillisUnsafe(clock),
  clock
})

/** Reads a `Date` header in the spelling that servers write. Anything else is undefined, such as two dates in one text. */
export const parseDate = (header: string | undefined): DateTime.Utc | undefined => {
  const date = Option.getOrUndefined(DateTime.make(header ?? ""))
  return date !== undefined && DateTime.toDateUtc(date).toUTCString() === header ? date : undefined
}

/** Polar's time lies between the two. Each is in milliseconds beyond the monotonic clock. */
type Bounds = readonly [low: number, high: number]

// Two sources of the time that differ by no more than this agree
const agreementMillis = 10_000
// A `Date` that differs by more than half a year from the machine's clock is nobody's time
const plausibleMillis = 183 * 86_400_000

/** How far apart two bounds are. Not positive if they overlap. */
const gap = (one: Bounds, other: Bounds) => Math.max(one[0] - other[1], other[0] - one[1])
const agree = (one: Bounds | undefined, other: Bounds) => one !== undefined && gap(one, other) <= agreementMillis

/** Clocks drift, so the later of two bounds counts if they agree and do not overlap. */
const narrow = (earlier: Bounds, later: Bounds): Bounds =>
  gap(earlier, later) > 0 ? later : [Math.max(earlier[0], later[0]), Math.min(earlier[1], later[1])]

const machineOffset = (clock: Clock.Clock) => clock.currentTimeMillisUnsafe() - monotonicMillisUnsafe(clock)

/** Polar's clock, as one `Seats` knows it from the answers to its own calls. */
export interface PolarClock {
  /** Learns from an answer that only Polar gives. */
  readonly learn: (dated: Dated | undefined) => void
  /** Whether the last answer told a time that nothing else confirms, so that another answer has to decide. */
  readonly isDoubtful: () => boolean
  /** Ends a doubt that no further answer of a call can decide: forgets a time that nothing has confirmed. */
  readonly settle: () => void
  /** The time now. It needs the machine's clock only until an answer tells Polar's time. */
  readonly now: (clock: Clock.Clock) => PolarTime
}

/** Makes the clock of a `Seats` that has no answer yet. */
export const makePolarClock = (): PolarClock => {
  let known: Bounds | undefined
  let isConfirmed = false
  let rival: Bounds | undefined
  let isDoubtful = false
  let text: string | undefined
  let millis: number | undefined
  let latest: PolarTime = { now: DateTime.makeUnsafe(0), clock: "Machine" }

  const judge = (seen: Bounds, fromMachine: number) => {
    if (agree(known, seen) || agree(rival, seen) || (!isConfirmed && fromMachine <= agreementMillis)) {
      known = known !== undefined && agree(known, seen) ? narrow(known, seen) : seen
      isConfirmed = true
      rival = undefined
    } else if (fromMachine <= plausibleMillis) {
      isDoubtful = true
      if (known === undefined) known = seen
      else rival = seen
    }
  }

  return {
    learn: (dated) => {
      isDoubtful = false
      if (dated?.date === undefined) return
      const { clock, date, receivedAt, sentAt } = dated
      if (date !== text) {
        text = date
        millis = parseDate(date)?.epochMilliseconds
      }
      if (millis === undefined) return
      // Polar wrote the date between the two, and has cut the fraction of its second off
      const seen: Bounds = [millis - receivedAt, millis + 1000 - sentAt]
      const offset = machineOffset(clock)
      judge(seen, gap(seen, [offset, offset]))
    },

    isDoubtful: () => isDoubtful,

    settle: () => {
      if (!isConfirmed) known = undefined
    },

    now: (machine) => {
      const offset = machineOffset(machine)
      const [low, high] = known ?? [offset, offset]
      // Within the bounds, nothing is more exact than the machine's clock
      const ahead = gap([low, high], [offset, offset]) > 0 ? Math.floor((low + high) / 2) - offset : 0
      const at = machine.currentTimeMillisUnsafe() + ahead
      const clock = known === undefined ? "Machine" : "Polar"
      // A run asks many times within a millisecond
      const isUnconfirmed = known !== undefined && !isConfirmed
      if (latest.now.epochMilliseconds !== at || latest.clock !== clock || latest.isDoubtful !== isUnconfirmed)
        latest = { now: DateTime.makeUnsafe(at), clock, isDoubtful: isUnconfirmed }
      return latest
    }
  }
}
