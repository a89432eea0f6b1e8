import { assert, describe, it } from "@effect/vitest"
import { Seat, SeatsList } from "@polar-seats/domain/Seat"
import { format, parse } from "@polar-seats/domain/Timestamp"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { DateTime, Result, Schema } from "effect"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

// `SeatJson` has a fast reader of what is usual, and the schema for the rest. Under an option that the reader does not know
// the schema alone reads, and both have to come to the same.

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
  // The microseconds are no field
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

describe("what is read fast is what the schema reads", () => {
  it("as Polar sends it, and as it used to", () => {
    assert.isTrue(agrees(usual))
    assert.isTrue(agrees(documentedSeat))
    const { email: _, member: __, member_id: ___, ...older } = usual
    assert.isTrue(agrees(older))
  })

  it.each(keys)("whatever %s is", (key) => {
    for (const value of hostile) {
      assert.isTrue(agrees({ ...usual, [key]: value }))
      if (key === "seat_metadata") assert.isTrue(agrees({ ...usual, seat_metadata: { key: value } }))
    }
    const { [key as "email"]: _, ...without } = usual
    assert.isTrue(agrees(without))
  })

  it.each(Object.keys(documentedMember))("whatever %s of the member is", (key) => {
    for (const value of hostile) assert.isTrue(agrees({ ...usual, member: { ...documentedMember, [key]: value } }))
  })

  it("whatever the whole is", () => {
    for (const value of hostile) assert.isTrue(agrees(value))
    assert.isTrue(agrees(Object.create(usual)))
    assert.deepStrictEqual(read({ ...usual, unknown: 1 }), read(usual))
  })

  it.prop("any seat that can be written", [SeatJson], ([value]) => {
    assert.isTrue(agrees(written(value)))
  })

  it.prop("any time", [Schema.DateTimeUtc], ([instant]) => {
    const text = format(instant)
    assert.isTrue(agrees({ ...usual, claimed_at: text }))
    assert.isTrue(agrees({ ...usual, claimed_at: text.replace("Z", "+00:00") }))
  })

  it("any day from 1999 to 2101", () => {
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

  it("is read as the schema reads it", () => {
    assert.isTrue(agreesOnList(rows))
    for (const value of hostile) {
      for (const key of Object.keys(rows)) assert.isTrue(agreesOnList({ ...rows, [key]: value }))
      assert.isTrue(agreesOnList({ ...rows, seats: [usual, value] }))
      assert.isTrue(agreesOnList({ ...rows, seats: [usual, { ...usual, id: value }] }))
    }
  })

  it("says what is wrong with it as the schema does", () => {
    const wrong = { ...rows, seats: [usual, { ...usual, id: "x" }] }
    const issue = Result.getFailure(Schema.decodeUnknownResult(SeatsListJson)(wrong))
    assert.include(String(issue), "is not a UUID")
    assert.include(String(issue), '["seats"][1]["id"]')
  })

  it("is refused where an option asks for more", () => {
    assert.isTrue(Result.isFailure(describedSeat({ ...usual, unknown: 1 })))
    assert.isTrue(Result.isFailure(describedList({ ...rows, unknown: 1 })))
  })
})
