import { assert, describe, it } from "@effect/vitest"
import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { encodeSeat, encodeSeatsList, SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { Option, Schema } from "effect"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

const bySchema = Schema.encodeSync(SeatJson)
const listBySchema = Schema.encodeSync(SeatsListJson)
const decode = Schema.decodeUnknownSync(SeatJson)
const decodeOption = Schema.decodeUnknownOption(SeatJson)

// The text shows the order of the keys, which a deep comparison ignores
const isSame = (written: unknown, expected: unknown) => {
  assert.deepStrictEqual(written, expected)
  assert.strictEqual(JSON.stringify(written), JSON.stringify(expected))
  return true
}
const agrees = (seat: Seat) => isSame(encodeSeat(seat), bySchema(seat))
// A key of the wire that must not be null or missing gives no seat
const agreesIfSeat = (json: unknown) => Option.match(decodeOption(json), { onNone: () => true, onSome: agrees })

describe("the fast encoder agrees with the schema", () => {
  it.prop("on any seat", [Seat], ([seat]) => {
    assert.isTrue(agrees(seat))
  })

  it.prop("on any seat with any member", [Seat, Member], ([seat, member]) => {
    assert.isTrue(agrees(new Seat({ ...seat, member })))
  })

  it.prop("on any list", [SeatsList], ([list]) => {
    assert.isTrue(isSame(encodeSeatsList(list), listBySchema(list)))
  })

  const usual = { ...documentedSeat, created_at: "2026-08-22T10:00:00.123456Z", member: documentedMember }

  it("on the documented seat with a member and microseconds", () => {
    assert.isTrue(agrees(decode(usual)))
  })

  it.each(Object.keys(usual))("on a decoded seat if %s is null or missing", (key) => {
    const { [key as "email"]: _, ...without } = usual
    assert.isTrue(agreesIfSeat({ ...usual, [key]: null }))
    assert.isTrue(agreesIfSeat(without))
  })

  it.each(Object.keys(documentedMember))("on a decoded seat if %s of the member is null", (key) => {
    assert.isTrue(agreesIfSeat({ ...usual, member: { ...documentedMember, [key]: null } }))
  })

  it.each([
    '{"__proto__": 1}',
    '{"__proto__": {"a": 1}}',
    '{"b": [1, {"c": null}], "2": "x", "a": true, "1": 1.5}',
    '{"toJSON": 1, "constructor": "x"}'
  ])("on the metadata %s", (metadata) => {
    assert.isTrue(agrees(decode({ ...usual, seat_metadata: JSON.parse(metadata) })))
  })
})

it("a change of the JSON leaves the seat as it was", () => {
  const seat = decode({ ...documentedSeat, seat_metadata: { team: "blue" } })
  Object.assign(encodeSeat(seat).seat_metadata ?? {}, { team: "red" })
  assert.deepStrictEqual(seat.seatMetadata, { team: "blue" })
})
