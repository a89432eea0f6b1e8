import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import process from "node:process"

const id = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const baseUrl = process.argv[2] ?? ""

// Each call runs twice, so that the second finds a kept connection
const calls = Effect.gen(function* () {
  const { resend, revoke } = yield* Seats
  for (const call of [resend(id), resend(id), revoke(id), revoke(id)]) {
    yield* RetryPolicy.provide({ times: 0 })(Effect.ignore(call))
  }
})

for (const client of [FetchTransport.layer, FetchHttpClient.layer]) {
  const layer = PortalSeats.layer({ token: Redacted.make("polar_cst_acme"), baseUrl })
  await Effect.runPromise(Effect.provide(calls, Layer.provide(layer, client)))
}
