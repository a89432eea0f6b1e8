import { assert, describe, it } from "@effect/vitest"
import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import { DateTime, Result, Schema } from "effect"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

const decode = Schema.decodeUnknownResult(SeatJson)
const read = (json: unknown) => Result.getOrThrow(decode(json))
const write = Schema.encodeSync(SeatJson)

describe("a seat of Polar decodes", () => {
  it("as the documented example, which is pending yet has claimed_at and revoked_at", () => {
    const seat = read(documentedSeat)
    assert.instanceOf(seat, Seat)
    assert.strictEqual(seat.status, "pending")
    assert.strictEqual(seat.member, null)
    assert.strictEqual(DateTime.formatIso(seat.createdAt), "2023-11-07T05:31:56.000Z")
    assert.strictEqual(seat.claimedAt?.epochMilliseconds, seat.revokedAt?.epochMilliseconds)
    assert.strictEqual(seat.subscriptionId as string | null, seat.orderId)
  })

  it("with a member", () => {
    const { member } = read({ ...documentedSeat, member: documentedMember })
    assert.instanceOf(member, Member)
    assert.strictEqual(member?.externalId, "usr_1337")
    assert.strictEqual(member?.role, "owner")
  })

  const nullable = [
    "modified_at",
    "subscription_id",
    "order_id",
    "customer_id",
    "member_id",
    "member",
    "email",
    "customer_email",
    "invitation_token_expires_at",
    "claimed_at",
    "revoked_at",
    "seat_metadata"
  ]
  it.each(nullable)("if %s is null", (key) => {
    assert.strictEqual(write(read({ ...documentedSeat, [key]: null }))[key as "email"], null)
  })

  it.each(["member", "member_id", "email"])("without %s, as older versions send it", (key) => {
    const { [key as "email"]: _, ...rest } = { ...documentedSeat, member: documentedMember }
    assert.strictEqual(write(read(rest))[key as "email"], null)
  })

  it("with an unknown status and an unknown role", () => {
    const seat = read({ ...documentedSeat, status: "suspended", member: { ...documentedMember, role: "auditor" } })
    assert.strictEqual(seat.status as string, "suspended")
    assert.strictEqual(seat.member?.role as string, "auditor")
    assert.strictEqual(seat.invitation(seat.createdAt)._tag, "None")
  })

  it("with unknown keys", () => {
    assert.strictEqual(read({ ...documentedSeat, seat_number: 7 }).id as string, documentedSeat.id)
  })

  it.each([
    ["2026-08-22T10:00:00.123456Z", "2026-08-22T10:00:00.123Z"],
    ["2026-08-22T10:00:00+00:00", "2026-08-22T10:00:00.000Z"],
    ["2026-08-22T12:00:00.5+02:00", "2026-08-22T10:00:00.500Z"],
    ["2026-08-22T10:00:00", "2026-08-22T10:00:00.000Z"]
  ])("with the time %s", (written, instant) => {
    assert.strictEqual(DateTime.formatIso(read({ ...documentedSeat, created_at: written }).createdAt), instant)
  })

  it.each(["1", "2026", "Nov 23 2026", "hello 5", "20260822T100000Z", "2026-08-22T25:00:00Z", ""])(
    "but not with the time %j",
    (written) => assert.isTrue(Result.isFailure(decode({ ...documentedSeat, created_at: written })))
  )

  it.each(["created_at", "id", "status", "invitation_token_expires_at"])("but not without %s", (key) => {
    const { [key as "id"]: _, ...rest } = documentedSeat
    assert.isTrue(Result.isFailure(decode(rest)))
  })
})

describe("a seat encodes as Polar writes it", () => {
  it("key by key, in Polar's order, to the microsecond", () => {
    const emitted = {
      created_at: "2026-08-22T10:00:00.123456Z",
      modified_at: null,
      id: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
      subscription_id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
      order_id: null,
      status: "pending",
      customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
      member_id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
      member: {
        id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
        created_at: "2026-08-22T10:00:00Z",
        modified_at: null,
        customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
        email: "ann@acme.com",
        name: null,
        external_id: null,
        role: "member"
      },
      email: "ann@acme.com",
      customer_email: "ann@acme.com",
      invitation_token_expires_at: "2026-08-23T10:00:00.123456Z",
      claimed_at: null,
      revoked_at: null,
      seat_metadata: {}
    }
    assert.strictEqual(JSON.stringify(write(read(emitted))), JSON.stringify(emitted))
  })

  // Metadata may hold -0, which JSON cannot express
  const inJson = (seat: Seat) => new Seat({ ...seat, seatMetadata: JSON.parse(JSON.stringify(seat.seatMetadata)) })

  it.prop("any seat round-trips", [Seat], ([seat]) => {
    assert.deepStrictEqual(read(JSON.parse(JSON.stringify(write(seat)))), inJson(seat))
  })

  it.prop("any list round-trips", [SeatsList], ([list]) => {
    const written = JSON.stringify(Schema.encodeSync(SeatsListJson)(list))
    const again = Schema.decodeUnknownSync(SeatsListJson)(JSON.parse(written))
    assert.deepStrictEqual(again.seats, list.seats.map(inJson))
    assert.strictEqual(JSON.stringify(Schema.encodeSync(SeatsListJson)(again)), written)
  })

  it.prop("any instant round-trips", [Timestamp], ([instant]) => {
    const written = Schema.encodeSync(Timestamp)(instant)
    assert.match(written, /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/)
    assert.strictEqual(Schema.decodeSync(Timestamp)(written).epochMilliseconds, instant.epochMilliseconds)
  })
})
