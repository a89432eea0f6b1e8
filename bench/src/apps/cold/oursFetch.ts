import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Transport from "@polar-seats/http/FetchTransport"
import { seatId, token } from "../../wire.ts"
import { answered, url } from "../answered.ts"

const seats = PortalSeats.layer({ token: Redacted.make(token), baseUrl: url }).pipe(Layer.provide(Transport.layer))
const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(seatId(1))))
answered((await Effect.runPromise(Effect.provide(resend, seats))).id)
