import * as CallMetrics from "@polar-seats/domain/CallMetrics"
import type { SeatId } from "@polar-seats/domain/Seat"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ReminderOutcome } from "../Reminder.ts"
import { monotonicMillisOf } from "./clock.ts"

/** The outcome of a seat in one word: that of a call, or why the seat was not mailed. */
export const outcomeOfReminder = (result: ReminderOutcome): string => {
  switch (result._tag) {
    case "Resent":
    case "Reissued":
      return "Success"
    case "Skipped":
      return result.reason._tag
    case "InDoubt":
      return "OutcomeUnknown"
    case "Failed":
      return CallMetrics.outcomeOfError(result.error)
  }
}

/** Records a call in the metrics and in its span: its outcome, also if no request was sent. */
export const recordCall = <A, E extends { readonly _tag: string }, R>(
  call: Effect.Effect<A, E, R>,
  operation: string,
  seatId: SeatId,
  outcomeOfSuccess: (value: A) => string = () => "Success"
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const start = monotonicMillisOf(clock)
    return Effect.onExit(call, (exit) => {
      const outcome = Exit.isSuccess(exit) ? outcomeOfSuccess(exit.value) : CallMetrics.outcomeOf(exit)
      CallMetrics.record({ operation, outcome, millis: monotonicMillisOf(clock) - start }, fiber.context)
      return Effect.annotateCurrentSpan({ "seat.id": seatId, "polar.outcome": outcome })
    })
  })
