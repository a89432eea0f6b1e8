import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

/** The time at Polar, which decides when an invitation expires, as a `Seats` knows it. */
export interface PolarTime {
  readonly now: DateTime.Utc
  /**
   * The clock that `now` comes from. `Machine` means that no answer has told Polar's time yet, so `now` is as wrong as the
   * clock of this machine.
   */
  readonly clock: "Polar" | "Machine"
  /**
   * True if one answer alone tells this time, and it contradicts the machine's clock. A proxy may have dated that answer.
   * `Seats.list` resolves the doubt.
   */
  readonly isDoubtful?: boolean | undefined
}

/** The time of the machine: `now` of a `Seats` that cannot learn Polar's time. */
export const ofMachine: Effect.Effect<PolarTime> = /* @__PURE__ */ Effect.map(DateTime.now, (now) => ({
  now,
  clock: "Machine"
}))
