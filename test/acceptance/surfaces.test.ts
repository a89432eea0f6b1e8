import { it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { type ResendError, Seats } from "@polar-seats/domain/Seats"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer, Redacted } from "effect"
import { expectTypeOf } from "vitest"

const program = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")))
const token = Redacted.make("polar_oat_or_polar_cst")

it("the portal and the organization layer provide the same service, so a program runs on either", () => {
  const portal = PortalSeats.layer({ token })
  const organization = OrganizationSeats.layer({ token })
  expectTypeOf(portal).toEqualTypeOf(organization)
  expectTypeOf<Layer.Success<typeof portal>>().toEqualTypeOf<Seats>()
  expectTypeOf(Effect.provide(program, portal)).toEqualTypeOf(Effect.provide(program, organization))
  expectTypeOf<Effect.Error<typeof program>>().toEqualTypeOf<ResendError>()
})
