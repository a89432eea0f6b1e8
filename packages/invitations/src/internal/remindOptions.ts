import { checkCount, checkDuration, checkPositiveDuration, InvalidOption } from "@polar-seats/domain/InvalidOption"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { OnExpired, type RemindOptions, type SeatOptions } from "../Reminder.ts"
import type { RunOptions } from "./runState.ts"

const maxLookAgeDefault = "5 seconds"

/** Checks how expired invitations are treated. */
export const checkOnExpired = (onExpired: OnExpired): Effect.Effect<OnExpired, InvalidOption> =>
  OnExpired.literals.includes(onExpired)
    ? Effect.succeed(onExpired)
    : Effect.fail(new InvalidOption({ option: "onExpired", description: "must be fail, resendAnyway or reissue" }))

/** Checks the options of a run that concern each seat. */
export const checkSeatOptions = (options: SeatOptions): Effect.Effect<RunOptions, InvalidOption> =>
  Effect.gen(function* () {
    const {
      cooldown = "24 hours",
      maxLookAge = maxLookAgeDefault,
      olderThan,
      onExpired = "fail",
      retryUnknown = false
    } = options
    return {
      ...options,
      onExpired: yield* checkOnExpired(onExpired),
      olderThan: olderThan === undefined ? undefined : yield* checkDuration("olderThan", olderThan),
      maxLookAge: yield* checkPositiveDuration("maxLookAge", maxLookAge),
      overrides: {
        cooldown: yield* checkDuration("cooldown", cooldown),
        retryUnknown,
        again: false,
        doubtEnds: false
      }
    }
  })

/** Checks how a run goes. `maxRate` is in requests a millisecond. */
export const checkRunOptions = ({ concurrency = 16, pace }: RemindOptions) =>
  Effect.gen(function* () {
    const workers = yield* checkCount("concurrency", concurrency)
    if (pace === undefined) return { concurrency: workers, maxRate: Number.POSITIVE_INFINITY }
    const limit = yield* checkCount("pace.limit", pace.limit)
    const window = yield* checkPositiveDuration("pace.window", pace.window)
    return { concurrency: workers, maxRate: limit / Duration.toMillis(window) }
  })

/** Options of one resend, reissue or finish. */
export interface SingleOptions {
  /** Fails with `MailedRecently` if the journal knows of a mail within this time. Default: 1 minute. */
  readonly cooldown?: Duration.Input | undefined
  /** Mails although the cooldown has not ended. Default: false. */
  readonly again?: boolean | undefined
}

/** Checks the options of one resend, reissue or finish. A single call looks for itself. */
export const checkSingleOptions = ({ again = false, cooldown = "1 minute" }: SingleOptions) =>
  Effect.map(checkDuration("cooldown", cooldown), (checked) => ({
    maxLookAge: Duration.fromInputUnsafe(maxLookAgeDefault),
    overrides: { cooldown: checked, again, retryUnknown: false, doubtEnds: true }
  }))
