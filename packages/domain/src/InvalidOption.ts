import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** An option has a value that nothing could be done with. Nothing was sent. It names the option, and never shows a token. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>()("InvalidOption", {
  option: Schema.String,
  description: Schema.String
}) {
  override get message() {
    return `The option ${this.option} ${this.description}. Nothing was sent: correct the option.`
  }
}

const fail = (option: string, problem: string) => Effect.fail(new InvalidOption({ option, description: problem }))

/** Which durations an option accepts, and the description of all others. */
export interface DurationRule {
  readonly accepts: (duration: Duration.Duration) => boolean
  readonly problem: string
}

/** A finite duration, or zero. */
export const finite: DurationRule = {
  accepts: (duration) => Duration.isFinite(duration) && !Duration.isNegative(duration),
  problem: "must be a finite duration, or zero"
}

/** A finite duration that is longer than zero. */
export const finiteAndPositive: DurationRule = {
  accepts: (duration) => Duration.isFinite(duration) && Duration.isPositive(duration),
  problem: "must be a finite duration greater than zero"
}

/** Any duration that is not negative, even an infinite one. */
export const notNegative: DurationRule = {
  accepts: (duration) => !Duration.isNegative(duration),
  problem: "must be a duration of zero or more"
}

/** Any duration that is longer than zero, even an infinite one. */
export const positive: DurationRule = {
  accepts: Duration.isPositive,
  problem: "must be a duration greater than zero"
}

// `Duration` reads NaN, and a part that is not a number, as zero
const isNumeric = (value: unknown): boolean =>
  Predicate.isBigInt(value) || (Predicate.isNumber(value) && !Number.isNaN(value))
const isMeant = (input: Duration.Input): boolean => {
  if (Duration.isDuration(input) || Predicate.isString(input)) return true
  return Predicate.isObjectOrArray(input) ? Object.values(input).every(isNumeric) : isNumeric(input)
}

/** Reads a duration, or returns undefined if the rule does not accept it. */
export const readDuration = (input: Duration.Input, { accepts }: DurationRule): Duration.Duration | undefined =>
  isMeant(input) ? Option.getOrUndefined(Option.filter(Duration.fromInput(input), accepts)) : undefined

/** Reads a duration that the rule accepts. By default, it is finite and not negative. */
export const checkDuration = (
  option: string,
  input: Duration.Input,
  rule: DurationRule = finite
): Effect.Effect<Duration.Duration, InvalidOption> => {
  const duration = readDuration(input, rule)
  return duration === undefined ? fail(option, rule.problem) : Effect.succeed(duration)
}

/** Reads a duration that is finite and longer than zero. */
export const checkPositiveDuration = (
  option: string,
  input: Duration.Input
): Effect.Effect<Duration.Duration, InvalidOption> => checkDuration(option, input, finiteAndPositive)

/** Whether a number is whole, and no less than `least`. */
export const isCount = (count: number, least = 1): boolean => Number.isSafeInteger(count) && count >= least

/** Reads a whole number from `least` on. */
export const checkCount = (option: string, count: number, least: 0 | 1 = 1): Effect.Effect<number, InvalidOption> =>
  isCount(count, least)
    ? Effect.succeed(count)
    : fail(option, least === 1 ? "must be a positive integer" : "must be zero or a positive integer")
