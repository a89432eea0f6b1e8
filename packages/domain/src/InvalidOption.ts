import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** An option has a value that nothing could be done with. Nothing was sent. It names the option, and never shows a token. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>()("InvalidOption", {
  option: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `The option ${this.option} ${this.problem}. Nothing was sent: correct the option.`
  }
}

const fail = (option: string, problem: string) => Effect.fail(new InvalidOption({ option, problem }))

// Effect reads NaN as zero, and a wait of zero is what nobody meant
const hasNaN = (input: unknown): boolean =>
  Number.isNaN(input) || (Predicate.isObject(input) && Object.values(input).some(Number.isNaN))

/** Reads a duration that is finite and not negative. */
export const checkDuration = (
  option: string,
  input: Duration.Input
): Effect.Effect<Duration.Duration, InvalidOption> => {
  const duration = hasNaN(input) ? undefined : Option.getOrUndefined(Duration.fromInput(input))
  return duration !== undefined && Duration.isFinite(duration) && !Duration.isNegative(duration)
    ? Effect.succeed(duration)
    : fail(option, "must be a finite duration, or zero")
}

/** Reads a duration that is finite and longer than zero. */
export const checkPositiveDuration = (
  option: string,
  input: Duration.Input
): Effect.Effect<Duration.Duration, InvalidOption> =>
  Effect.matchEffect(checkDuration(option, input), {
    onFailure: () => fail(option, "must be a finite duration greater than zero"),
    onSuccess: (duration) =>
      Duration.isPositive(duration)
        ? Effect.succeed(duration)
        : fail(option, "must be a finite duration greater than zero")
  })

/** Reads a whole number from 1 on. */
export const checkCount = (option: string, count: number): Effect.Effect<number, InvalidOption> =>
  Number.isSafeInteger(count) && count >= 1 ? Effect.succeed(count) : fail(option, "must be a positive integer")
