import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Forbidden } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Effect, Layer, Redacted } from "effect"
import { seats, subscription, tokens, world } from "../laws/world.ts"
import { Polar } from "../sdk/polar.ts"

// Servers of before September 2026, which people run themselves, have a switch for seats. Polar has none any more
const switchedOff = {
  status: 403,
  body: { error: "FeatureNotEnabled", detail: "Seat-based pricing is not enabled for this organization" }
}

const surfaces = [
  ["the portal", PortalSeats.layer, tokens.customer, "CustomerPortal"],
  ["the organization", OrganizationSeats.layer, tokens.organization, "Organization"]
] as const

it.live.each(surfaces)("a server with its seats switched off is Forbidden through %s", ([, layer, token, surface]) =>
  Effect.gen(function* () {
    const { url } = yield* Polar
    yield* (yield* Emulator.Emulator).faults([switchedOff])
    const link = Redacted.make("live")
    const refused = yield* Effect.gen(function* () {
      const service = yield* Seats
      const { claim, info } = yield* SeatClaims.SeatClaims
      const source = AssignmentSource.Subscription({ id: subscription })
      return [
        yield* Effect.flip(service.list(SeatSource.Subscription({ id: subscription }))),
        yield* Effect.flip(service.assign({ source, recipient: Recipient.Email({ email: "zoe@acme.com" }) })),
        yield* Effect.flip(service.resend(seats.live)),
        yield* Effect.flip(service.revoke(seats.live)),
        yield* Effect.flip(info(link)),
        yield* Effect.flip(claim(link))
      ]
    }).pipe(
      Effect.provide(
        Layer.merge(layer({ baseUrl: url, token: Redacted.make(token) }), SeatClaims.layer({ baseUrl: url })).pipe(
          Layer.provide(FetchTransport.layer)
        )
      )
    )
    assert.deepEqual(
      refused,
      [surface, surface, surface, surface, "Claim" as const, "Claim" as const].map(
        (surface) => new Forbidden({ reason: "SeatsNotEnabled", surface })
      )
    )
  }).pipe(Effect.provide(Polar.layer(world)))
)
