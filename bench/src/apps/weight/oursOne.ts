import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const seats = PortalSeats.layer({ token: Redacted.make("polar_cst_") }).pipe(Layer.provide(FetchHttpClient.layer))

void Effect.flatMap(Seats, ({ resend }) => resend(SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))).pipe(
  Effect.flatMap(Effect.log),
  Effect.provide(seats),
  Effect.runPromise
)
