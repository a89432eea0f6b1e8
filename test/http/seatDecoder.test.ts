import { assert, describe, it } from "@effect/vitest"
import { Seat, SeatsList } from "@polar-seats/domain/Seat"
import { format, parse } from "@polar-seats/domain/Timestamp"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { DateTime, Result, Schema } from "effect"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

// `SeatJson` has a fast reader for the usual spelling, and the schema for all others. With an option that the reader does not
// know, only the schema decodes. Both must give the same result.

const described = <A>(schema: Schema.Codec<A, unknown>) =>
  Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
const describedSeat = described(SeatJson)
const describedList = described(SeatsListJson)
const usual = { ...documentedSeat, created_at: "2026-08-22T10:00:00.123456Z", member: documentedMember }

const read = Schema.decodeUnknownResult(SeatJson)
const written = Schema.encodeUnknownSync(SeatJson)
const agrees = (json: unknown) => {
  const fast = read(json)
  const slow = describedSeat(json)
  assert.strictEqual(Result.isSuccess(fast), Result.isSuccess(slow))
  if (Result.isFailure(fast) || Result.isFailure(slow)) return true
  assert.instanceOf(fast.success, Seat)
  assert.deepStrictEqual(fast.success, slow.success)
  assert.deepStrictEqual(Object.keys(fast.success), Object.keys(slow.success))
  // The microseconds are not a field
  assert.deepStrictEqual(written(fast.success), written(slow.success))
  return true
}

const hostile: ReadonlyArray<unknown> = [
  undefined,
  null,
  "",
  "x",
  0,
  -1,
  1.5,
  Number.POSITIVE_INFINITY,
  true,
  [],
  {},
  [null],
  { a: { b: 1 } },
  { a: 1 },
  { a: Number.NaN },
  JSON.parse('{"__proto__": 1}'),
  JSON.parse('{"__proto__": {"a": 1}}'),
  Object.create({ a: 1 }),
  "2026-02-30T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-08-00T00:00:00Z",
  "2026-08-22T24:00:00Z",
  "2024-02-29T23:59:59.999999Z",
  "2026-08-22T10:00:00+02:00",
  "2026-08-22",
  "1969-12-31T23:59:59.999999Z",
  "3C90C3CC-0D44-4B50-8888-8DD25736052A",
  "3c90c3cc0d444b5088888dd25736052a",
  "3c90c3cc-0d44-1b50-8888-8dd25736052a",
  "00000000-0000-0000-0000-000000000000",
  "3c90c3cc-0d44-4b50-8888-8dd25736052a\n"
]
const keys = Object.keys(usual)

describe("the fast reader agrees with the schema", () => {
  it("on a seat as Polar sends it today and as it did before", () => {
    assert.isTrue(agrees(usual))
    assert.isTrue(agrees(documentedSeat))
    const { email: _, member: __, member_id: ___, ...older } = usual
    assert.isTrue(agrees(older))
  })

  it.each(keys)("on any value of %s", (key) => {
    for (const value of hostile) {
      assert.isTrue(agrees({ ...usual, [key]: value }))
      if (key === "seat_metadata") assert.isTrue(agrees({ ...usual, seat_metadata: { key: value } }))
    }
    const { [key as "email"]: _, ...without } = usual
    assert.isTrue(agrees(without))
  })

  it.each(Object.keys(documentedMember))("on any value of %s of the member", (key) => {
    for (const value of hostile) assert.isTrue(agrees({ ...usual, member: { ...documentedMember, [key]: value } }))
  })

  it("on any input", () => {
    for (const value of hostile) assert.isTrue(agrees(value))
    assert.isTrue(agrees(Object.create(usual)))
    assert.deepStrictEqual(read({ ...usual, unknown: 1 }), read(usual))
  })

  it.prop("on any seat", [SeatJson], ([value]) => {
    assert.isTrue(agrees(written(value)))
  })

  it.prop("on any time", [Schema.DateTimeUtc], ([instant]) => {
    const text = format(instant)
    assert.isTrue(agrees({ ...usual, claimed_at: text }))
    assert.isTrue(agrees({ ...usual, claimed_at: text.replace("Z", "+00:00") }))
  })

  it("on any day from 1999 to 2101", () => {
    for (let day = 10_591; day < 47_848; day++) {
      const text = DateTime.formatIso(DateTime.makeUnsafe(day * 86_400_000 + 1))
      assert.strictEqual(parse(text.replace("Z", "000Z"))?.epochMilliseconds, day * 86_400_000 + 1)
    }
  })
})

describe("a list", () => {
  const readList = Schema.decodeUnknownResult(SeatsListJson)
  const agreesOnList = (json: unknown) => {
    const fast = readList(json)
    const slow = describedList(json)
    assert.strictEqual(Result.isSuccess(fast), Result.isSuccess(slow))
    if (Result.isFailure(fast) || Result.isFailure(slow)) return true
    assert.instanceOf(fast.success, SeatsList)
    assert.deepStrictEqual(fast.success, slow.success)
    return true
  }
  const rows = { seats: [usual, documentedSeat], available_seats: 1, total_seats: 3 }

  it("decodes as by the schema", () => {
    assert.isTrue(agreesOnList(rows))
    for (const value of hostile) {
      for (const key of Object.keys(rows)) assert.isTrue(agreesOnList({ ...rows, [key]: value }))
      assert.isTrue(agreesOnList({ ...rows, seats: [usual, value] }))
      assert.isTrue(agreesOnList({ ...rows, seats: [usual, { ...usual, id: value }] }))
    }
  })

  it("fails with the error of the schema", () => {
    const wrong = { ...rows, seats: [usual, { ...usual, id: "x" }] }
    const issue = Result.getFailure(Schema.decodeUnknownResult(SeatsListJson)(wrong))
    assert.include(String(issue), "is not a UUID")
    assert.include(String(issue), '["seats"][1]["id"]')
  })

  it("is refused if an option forbids unknown keys", () => {
    assert.isTrue(Result.isFailure(describedSeat({ ...usual, unknown: 1 })))
    assert.isTrue(Result.isFailure(describedList({ ...rows, unknown: 1 })))
  })
})
