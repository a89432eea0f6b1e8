import { Seat, Seats } from "@polar-seats/domain"
import { PortalSeats } from "@polar-seats/http"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const seats = PortalSeats.layer({ token: Redacted.make("polar_cst_") }).pipe(Layer.provide(FetchHttpClient.layer))

void Effect.flatMap(Seats.Seats, ({ resend }) => resend(Seat.SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))).pipe(
  Effect.flatMap(Effect.log),
  Effect.provide(seats),
  Effect.runPromise
)
