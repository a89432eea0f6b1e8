import type { Seat } from "@polar-seats/domain/Seat"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Phase, Reissue } from "../Reissue.ts"
import type { ReminderOutcome, SeatOptions, StoppingError } from "../Reminder.ts"
import type { AdaptiveRate } from "./adaptiveRate.ts"
import type { Engine } from "./engine.ts"
import type { Overrides } from "./knowledge.ts"
import type { ReissueOptions } from "./reissueSeat.ts"
import type { Attempt } from "./retryQueue.ts"

/** How often an item had to wait, and since when (in milliseconds of the monotonic clock). */
interface Waits {
  readonly times: number
  readonly since: number
}

/** One item of a run: a seat, or a reissue that an earlier run or an earlier attempt left unfinished. */
export type RunItem = Data.TaggedEnum<{
  Seat: { readonly seat: Seat; readonly waits?: Waits | undefined }
  Reissue: {
    readonly reissue: Reissue
    readonly phase: Phase
    /** Whether an `Unavailable` is followed by another look. */
    readonly mayLookAgain: boolean
    readonly waits?: Waits | undefined
  }
}>
export const RunItem = Data.taggedEnum<RunItem>()

export type RunAttempt = Attempt<RunItem, ReminderOutcome>
export const done = (result: ReminderOutcome): RunAttempt => ({ _tag: "Done", result })
export const retry = (item: RunItem, after: Duration.Duration): RunAttempt => ({ _tag: "Retry", item, after })

/** The options of a run, once they are checked. */
export interface RunOptions extends Omit<SeatOptions, "cooldown" | "olderThan"> {
  readonly olderThan: Duration.Duration | undefined
  readonly overrides: Overrides
  readonly maxLookAge: Duration.Duration
}

/** The state that the items of one run share. */
export interface RunState {
  readonly engine: Engine
  readonly options: RunOptions
  readonly rate: AdaptiveRate
  readonly reissueOptions: ReissueOptions
  /** The error that has stopped the run. Nothing is sent while it is set. */
  stoppedBy: StoppingError | undefined
}

/** Stops the run after the current outcome is reported. */
export const stopRun = (run: RunState, error: StoppingError): Effect.Effect<void> =>
  Effect.sync(() => {
    run.stoppedBy = error
  })
