import { assert, describe, it } from "@effect/vitest"
import { Seat, SeatId } from "@polar-seats/domain/Seat"
import { Uuid } from "@polar-seats/domain/Uuid"
import { DateTime, Duration, Result, Schema } from "effect"

const decode = Schema.decodeUnknownResult(SeatId)
const canonical = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"

describe("SeatId", () => {
  it.each([
    canonical,
    canonical.toUpperCase(),
    canonical.replaceAll("-", ""),
    `{${canonical}}`,
    `urn:uuid:${canonical}`
  ])("%s decodes to the same id", (spelling) => {
    assert.strictEqual(Result.getOrThrow(decode(spelling)) as string, canonical)
  })

  it.each([
    ["not-a-uuid", "is not a UUID"],
    ["", "is not a UUID"],
    [` ${canonical}`, "is not a UUID"],
    [`{${canonical}`, "is not a UUID"],
    ["9f1c2b3a4d5e-4f60-8a7b-0c1d2e3f4a5b", "is not a UUID"],
    [`{${canonical.replaceAll("-", "")}}`, "is not a UUID"],
    ["0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88", "is a UUID of version 7"],
    ["d9428888-122b-11e1-b85c-61cd3cbb3210", "is a UUID of version 1"],
    ["00000000-0000-0000-0000-000000000000", "is the nil UUID"],
    ["9f1c2b3a-4d5e-4f60-ca7b-0c1d2e3f4a5b", "is a UUID of an unknown variant"]
  ])("%j is refused: it %s", (input, rule) => {
    const result = decode(input)
    if (Result.isSuccess(result)) return assert.fail("it decoded")
    assert.include(result.failure.message, rule)
  })

  it.prop("an id encodes to itself", [SeatId], ([id]) => {
    assert.strictEqual(Schema.decodeSync(SeatId)(Schema.encodeSync(SeatId)(id)), id)
  })

  it.prop("a UUID decodes from upper case", [Uuid], ([id]) => {
    assert.strictEqual(Schema.decodeSync(Uuid)(id.toUpperCase()), id)
  })
})

describe("the invitation", () => {
  const now = DateTime.makeUnsafe("2026-11-23T12:00:00Z")
  const seat = (status: Seat["status"], invitationTokenExpiresAt: DateTime.Utc | null) =>
    new Seat({
      createdAt: now,
      modifiedAt: null,
      id: SeatId.make(canonical),
      subscriptionId: null,
      orderId: null,
      status,
      customerId: null,
      customerEmail: null,
      invitationTokenExpiresAt,
      claimedAt: null,
      revokedAt: null,
      seatMetadata: {}
    })

  it("is live up to the instant of its expiry", () => {
    assert.deepEqual(seat("pending", now).invitation(now), { _tag: "Live", expiresAt: now })
  })

  it("is expired one millisecond later", () => {
    const expiredAt = DateTime.subtractDuration(now, Duration.millis(1))
    assert.deepEqual(seat("pending", expiredAt).invitation(now), { _tag: "Expired", expiredAt })
  })

  it("is unlimited without an expiry", () => {
    assert.deepEqual(seat("pending", null).invitation(now), { _tag: "Unlimited" })
  })

  it.each(["claimed", "revoked"] as const)("is none for a %s seat, even with an expiry", (status) => {
    assert.deepEqual(seat(status, now).invitation(now), { _tag: "None" })
  })
})
