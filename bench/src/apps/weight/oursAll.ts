import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const seats = PortalSeats.layer({ token: Redacted.make("polar_cst_") }).pipe(Layer.provide(FetchHttpClient.layer))
const id = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")

const all = Effect.gen(function* () {
  const { assign, claimedSubscriptions, list, resend, revoke } = yield* Seats
  yield* resend(SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))
  yield* Effect.log(yield* list(SeatSource.Subscription({ id })))
  const recipient = Recipient.Email({ email: "ann@acme.com" })
  const seat = yield* assign({ source: AssignmentSource.Subscription({ id }), recipient })
  yield* revoke(seat.id)
  yield* Effect.log(yield* Stream.runCollect(claimedSubscriptions))
})

void Effect.runPromise(Effect.provide(all, seats))
