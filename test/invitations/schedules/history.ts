import type { Program } from "./schedule.ts"

/** A program that a process was told to run. */
export interface Run {
  readonly index: number
  readonly process: number
  readonly program: Program
  readonly startedAt: number
  /** The outcomes that a run of reminders told, or the result of another program. */
  readonly told: Array<Told>
  /** The person whom the caller of a single reissue wanted to be mailed. */
  readonly wanted: string | undefined
  /** The seats as the caller knew them, if the run was given seats. */
  snapshot: ReadonlyMap<string, Row> | undefined
  ended: { readonly at: number; readonly error: unknown } | undefined
}

export interface Told {
  readonly at: number
  readonly tag: string
  readonly address: string | null
  readonly seatId: string | null
  /** The tag of the skip, or of the error. */
  readonly reason: string | undefined
}

/** The holder of a row. */
export interface Row {
  readonly id: string
  readonly status: string
  readonly address: string | null
  readonly expiresAt: string | null
}

/** An event at Polar, in the order in which they happened. `by` is a run, or the administrator. */
export type Event =
  | {
      readonly what: "mailed"
      readonly at: number
      /** When the request for it left. */
      readonly leftAt: number
      /** The time by the clock of the process that sent it. */
      readonly wallAt: number
      readonly by: Run | null
      readonly address: string
      readonly row: string
      /** Whether the request was meant for somebody else: the row went to another person since it was read. */
      readonly isMisdirected: boolean
    }
  | {
      readonly what: "revoked"
      readonly at: number
      readonly leftAt: number
      readonly by: Run | null
      readonly row: Row
      /** When the read began that this run last had of the row, and whom it showed there. */
      readonly read: { readonly at: number; readonly row: Row | undefined } | undefined
    }
  | {
      readonly what: "assigned"
      readonly at: number
      readonly leftAt: number
      readonly by: Run | null
      readonly address: string
      readonly row: Row
    }

export interface History {
  readonly runs: Array<Run>
  readonly events: Array<Event>
  /** The revocations that were sent, whether they arrived or not, and when their process stopped waiting. */
  readonly revocations: Array<{ readonly row: string; readonly leftAt: number; endedAt: number }>
  /** When somebody set the clock of a process. */
  readonly clockSettings: Array<{ readonly process: number; readonly at: number }>
  /** The promises that were found broken while the schedule ran. */
  readonly violations: Array<string>
}
