import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import {
  Forbidden,
  InvalidInvitation,
  NoSeatAvailable,
  NotFound,
  Unauthorized,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import { Effect, Schema } from "effect"

const id = SeatId.make("30c81c46-a35c-4411-a5fb-c1191a0a52ef")
const host = "api.polar.sh"
const { NotSent, OutcomeUnknown, ServerFailed, UnexpectedResponse } = UnavailableReason.cases

describe("a message sends the reader to the right person", () => {
  const seat = { resource: "seat", id } as const
  const role = { reason: "Role" } as const
  const bad = { reason: "InvalidToken", wants: "OrganizationToken" } as const
  const wrong = { reason: "WrongToken", wants: "OrganizationToken" } as const
  it.each([
    [new NotFound({ ...seat, surface: "CustomerPortal" }), /^There is no seat \S+ for this customer, .* whose session/],
    [new NotFound({ ...seat, surface: "Organization" }), /^There is no seat \S+ in this organization, .* whose token/],
    [new NotFound(seat), /^There is no seat \S+, so nothing changed: check the id, and whose token you use\.$/],
    [new Forbidden({ ...role, surface: "CustomerPortal" }), /Ask an owner or a billing manager\.$/],
    [new Forbidden({ ...role, surface: "Claim" }), /Ask an owner or a billing manager\.$/],
    [new Forbidden({ ...role, surface: "Organization" }), /Ask an administrator of the organization\.$/],
    [new Forbidden(role), /Ask an owner or a billing manager\.$/],
    [new Forbidden({ reason: "SeatsNotEnabled", surface: "Claim" }), /^The organization that sells these seats/],
    [new Unauthorized({ ...bad, host }), / api\.polar\.sh refused it, .* other environment \(sandbox, production\)/],
    [new Unauthorized({ ...wrong, host }), /^No token of the right kind was sent to api\.polar\.sh, so nothing/],
    [new Unauthorized(wrong), /^No token of the right kind was sent, so nothing/],
    [new NoSeatAvailable({ detail: "none" }), /have the buyer buy more\.$/],
    [new InvalidInvitation(), /ask whoever assigns the seats to revoke the seat and assign it again\.$/]
  ])("%s", ({ message }, expected) => {
    assert.match(message, expected)
  })

  it("no other environment is named for a token that no host has seen", () => {
    assert.notMatch(new Unauthorized(bad).message, /environment|undefined/)
  })

  const description = "why"
  it.each([
    [NotSent.make({ description }), "The request to api.polar.sh was not sent: why."],
    [OutcomeUnknown.make({ description }), "Whether the request to api.polar.sh was carried out is unknown: why."],
    [ServerFailed.make({ status: 503 }), "Polar (api.polar.sh) failed with status 503."],
    [
      UnexpectedResponse.make({ status: 418, description }),
      "Polar (api.polar.sh) answered with status 418 in a way that is not documented: why."
    ]
  ])("an Unavailable names the host, if a host was asked: %o", (reason, said) => {
    const named = new Unavailable({ operation: "Seats.resend", reason, host }).message
    const unnamed = new Unavailable({ operation: "Seats.resend", reason }).message
    assert.include(named, said)
    assert.strictEqual(unnamed, named.replace(" to api.polar.sh", "").replace(" (api.polar.sh)", ""))
  })
})

const AnyError = Schema.Union([NotFound, Unauthorized, Forbidden, Unavailable])
const codec = Schema.fromJsonString(Schema.toCodecJson(AnyError))

describe("an encoded error", () => {
  it.effect.each([
    `{"_tag":"NotFound","resource":"seat","id":"${id}"}`,
    '{"_tag":"Unauthorized","reason":"InvalidToken","wants":"CustomerSession"}',
    '{"_tag":"Forbidden","reason":"Role"}',
    '{"_tag":"Unavailable","operation":"Seats.resend","reason":{"_tag":"ServerFailed","status":502}}'
  ])("decodes and encodes without the names of a surface and a host, as before: %s", (json) =>
    Effect.gen(function* () {
      const error = yield* Schema.decodeEffect(codec)(json)
      assert.notInclude(error.message, "undefined")
      assert.deepEqual(JSON.parse(yield* Schema.encodeEffect(codec)(error)), JSON.parse(json))
    })
  )

  it.effect.each([
    new NotFound({ resource: "order", id, surface: "Organization" }),
    new Unauthorized({ reason: "InvalidToken", wants: "OrganizationToken", host }),
    new Forbidden({ reason: "Role", surface: "CustomerPortal" }),
    new Unavailable({ operation: "Seats.list", reason: NotSent.make({ description: "why" }), host })
  ])("keeps the names: %s", (error) =>
    Effect.gen(function* () {
      const decoded = yield* Schema.decodeEffect(codec)(yield* Schema.encodeEffect(codec)(error))
      assert.deepEqual({ ...decoded }, { ...error })
      assert.strictEqual(decoded.message, error.message)
    })
  )
})
