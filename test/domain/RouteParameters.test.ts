import { assert, describe, it } from "@effect/vitest"
import * as RouteParameters from "@polar-seats/domain/RouteParameters"
import { MemberId, SeatId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Effect, Schema } from "effect"
import { inspect } from "node:util"

const seatId = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

const decode = RouteParameters.decode({ subscriptionId: SubscriptionId, seatId: SeatId })

it.effect("gives the ids in their canonical spelling, and nothing else", () =>
  Effect.gen(function* () {
    const ids = yield* decode({
      seatId: `urn:uuid:${seatId.toUpperCase()}`,
      subscriptionId: subscriptionId.replaceAll("-", ""),
      locale: "de"
    })
    const typed: { readonly seatId: SeatId; readonly subscriptionId: SubscriptionId } = ids
    assert.deepStrictEqual(typed, { seatId: SeatId.make(seatId), subscriptionId: SubscriptionId.make(subscriptionId) })
  })
)

const notUuid = "is not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are expected"
const version7 = "0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88"
const wrong: ReadonlyArray<readonly [what: string, value: unknown, type: string, message: string]> = [
  ["nothing", undefined, "missing", "is missing"],
  ["an empty text", "", "value_error", notUuid],
  ["a word", "new", "value_error", notUuid],
  ["a path that climbs", "../../v1/orders", "value_error", notUuid],
  ["a blank after the id", `${seatId} `, "value_error", notUuid],
  ["a UUID of version 7", version7, "value_error", "is a UUID of version 7: Polar's ids are UUIDs of version 4"],
  ["two texts", [seatId, seatId], "value_error", "must be one text"],
  ["a number", 7, "value_error", "must be one text"],
  ["null", null, "value_error", "must be one text"],
  ["an object", { toString: () => seatId }, "value_error", "must be one text"]
]

describe("a wrong parameter is an InvalidRequest with its name, never a throw", () => {
  it.effect.each(wrong)("%s", ([_, value, type, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode({ subscriptionId, seatId: value }))
      assert.strictEqual(error._tag, "InvalidRequest")
      assert.deepStrictEqual(error.issues, [{ type, path: ["seatId"], message }])
      assert.include(error.message, `nothing happened. Correct it: seatId: ${message}.`)
    })
  )

  it.effect.each([null, undefined])("and if the request has %s instead of parameters, each one is missing", (none) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.suspend(() => decode(none)))
      assert.deepStrictEqual(
        error.issues.map(({ path, type }) => [path, type]),
        [
          [["subscriptionId"], "missing"],
          [["seatId"], "missing"]
        ]
      )
    })
  )

  it.effect("and every wrong parameter has an issue", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode({ seatId: "x" }))
      assert.deepStrictEqual(
        error.issues.map(({ path, type }) => [path, type]),
        [
          [["subscriptionId"], "missing"],
          [["seatId"], "value_error"]
        ]
      )
    })
  )

  it.effect("which shows no value, because it may be a token in the wrong place", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode({ seatId: "polar_cst_secret", subscriptionId: ["polar_oat_secret"] }))
      assert.notInclude(inspect(error, { depth: 9 }) + JSON.stringify(error) + error.message, "secret")
    })
  )
})

it.effect("leaves out an optional parameter, also if a router has a key for it", () =>
  Effect.gen(function* () {
    const decodeQuery = RouteParameters.decode({
      order: Schema.optionalKey(OrderId),
      member: Schema.optionalKey(MemberId)
    })
    assert.deepStrictEqual(yield* decodeQuery({ order: undefined }), {})
    const query = new URL(`https://app.test/?order=${subscriptionId}`).searchParams
    assert.deepStrictEqual(yield* decodeQuery(Object.fromEntries(query)), { order: OrderId.make(subscriptionId) })
    const error = yield* Effect.flip(decodeQuery({ member: "7" }))
    assert.deepStrictEqual(error.issues, [{ type: "value_error", path: ["member"], message: notUuid }])
  })
)

it("takes only schemas of texts", () => {
  // @ts-expect-error: the text of a route is no number
  assert.isFunction(RouteParameters.decode({ page: Schema.Int }))
})
