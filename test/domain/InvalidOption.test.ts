import { assert, describe, it } from "@effect/vitest"
import * as InvalidOption from "@polar-seats/domain/InvalidOption"
import { InvalidOption as OfHttp } from "@polar-seats/http/PolarConnection"
import { Duration, Effect } from "effect"

const { checkCount, checkDuration, checkPositiveDuration, finite, notNegative, positive } = InvalidOption

const isNone: ReadonlyArray<Duration.Input> = [
  Number.NaN,
  JSON.parse('"soon"'),
  JSON.parse('{"hours":"x"}'),
  JSON.parse("null")
]
const rows: ReadonlyArray<
  readonly [
    name: string,
    check: (value: Duration.Input) => Effect.Effect<Duration.Duration, InvalidOption.InvalidOption>,
    accepted: ReadonlyArray<Duration.Input>,
    refused: ReadonlyArray<Duration.Input>,
    problem: string
  ]
> = [
  [
    "checkDuration",
    (value) => checkDuration("pause", value),
    [0, "1 second", 1.5, Duration.minutes(3)],
    [-1, "-1 second", Duration.infinity, Number.POSITIVE_INFINITY, ...isNone],
    "must be a finite duration, or zero"
  ],
  [
    "checkPositiveDuration",
    (value) => checkPositiveDuration("pause", value),
    ["1 second", 1.5],
    [0, "0 seconds", -1, Duration.infinity, ...isNone],
    "must be a finite duration greater than zero"
  ],
  [
    "checkDuration with notNegative",
    (value) => checkDuration("pause", value, notNegative),
    [0, "1 second", Duration.infinity],
    [-1, "-1 second", ...isNone],
    "must be a duration of zero or more"
  ],
  [
    "checkDuration with positive",
    (value) => checkDuration("pause", value, positive),
    ["1 second", Duration.infinity],
    [0, -1, ...isNone],
    "must be a duration greater than zero"
  ]
]

describe.each(rows)("%s", (_, check, accepted, refused, problem) => {
  it.effect.each(accepted)("returns the duration %s", (value) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* check(value), Duration.fromInputUnsafe(value))
    })
  )

  it.effect.each(refused)("fails for %s, and names the option and what is wanted", (value) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(check(value))
      assert.deepStrictEqual({ ...error }, { _tag: "InvalidOption", option: "pause", description: problem })
      assert.strictEqual(error.message, `The option pause ${problem}. Nothing was sent: correct the option.`)
    })
  )
})

describe("checkCount", () => {
  const senseless = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]
  it.effect.each([1, 7, Number.MAX_SAFE_INTEGER])("returns %s", (count) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* checkCount("limit", count), count)
      assert.strictEqual(yield* checkCount("limit", count, 0), count)
    })
  )
  it.effect.each([0, ...senseless])("fails for %s", (count) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(checkCount("limit", count))
      assert.strictEqual(error.description, "must be a positive integer")
    })
  )
  it.effect.each(senseless)("fails for %s even if zero counts", (count) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* checkCount("limit", 0, 0), 0)
      const error = yield* Effect.flip(checkCount("limit", count, 0))
      assert.strictEqual(error.description, "must be zero or a positive integer")
    })
  )
})

describe("readDuration", () => {
  it("returns undefined instead of an error", () => {
    assert.deepStrictEqual(InvalidOption.readDuration("2 seconds", finite), Duration.seconds(2))
    assert.isUndefined(InvalidOption.readDuration(Duration.infinity, finite))
  })
})

it("the packages have one InvalidOption", () => assert.strictEqual(OfHttp, InvalidOption.InvalidOption))
