import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Seats } from "@polar-seats/domain/Seats"
import * as Journal from "../Journal.ts"
import type { Reissue } from "../Reissue.ts"
import type { ReminderOutcome, StoppingError } from "../Reminder.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import type { Reissuer } from "./reissueSeat.ts"
import type { Attempt } from "./retryQueue.ts"

/** How often Polar has answered an item with 429, and since when (in epoch milliseconds). */
interface Refusals {
  readonly times: number
  readonly since: number
}

/** One item of a run: a seat, or a reissue that an earlier run or an earlier attempt left unfinished. */
export type RunItem = Data.TaggedEnum<{
  Seat: { readonly seat: Seat; readonly refusals?: Refusals | undefined }
  Reissue: {
    readonly reissue: Reissue
    /** `Look` reads how far the reissue came. `Assign` knows that the seat is revoked. */
    readonly next: "Look" | "Assign"
    /** Whether an `Unavailable` is followed by another look. */
    readonly mayLookAgain: boolean
    readonly refusals?: Refusals | undefined
  }
}>
export const RunItem = Data.taggedEnum<RunItem>()

export type RunAttempt = Attempt<RunItem, ReminderOutcome>
export const done = (result: ReminderOutcome): RunAttempt => ({ _tag: "Done", result })
export const retry = (item: RunItem, after: Duration.Duration): RunAttempt => ({ _tag: "Retry", item, after })

/** Names a seat in an outcome. */
export interface SeatRef {
  readonly seatId: SeatId
  readonly address: string | null
}
export const refOfSeat = (seat: Seat): SeatRef => ({ seatId: seat.id, address: seat.holderEmail })
export const refOfReissue = ({ address, seatId }: Reissue): SeatRef => ({ seatId, address: Redacted.value(address) })

/** The journal key of a seat's holder. A seat that names nobody has a key of its own. */
export const keyForSeat = (seat: Seat): string => {
  const { source } = seat
  return source === null || seat.holderEmail === null ? `seat/${seat.id}` : Journal.keyFor(source, seat.holderEmail)
}

/** The services that `Invitations` acts through. */
export interface Engine {
  readonly seats: Seats["Service"]
  readonly journal: Journal.Journal["Service"]
  readonly reissuer: Reissuer
}

/** The state that the items of one run share. */
export interface RunState extends Engine {
  readonly rate: AdaptiveRate
  readonly dryRun: boolean
  /** The error that has stopped the run. Nothing is sent while it is set. */
  stoppedBy: StoppingError | undefined
}

/** Stops the run after the current outcome is reported. */
export const stopRun = (run: RunState, error: StoppingError): Effect.Effect<void> =>
  Effect.sync(() => {
    run.stoppedBy = error
  })
