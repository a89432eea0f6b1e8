import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Config, Context, Effect, Layer, type Redacted } from "effect"
import { HttpClient } from "effect/http"

/** Makes the `Seats` of whoever calls, from the session in the request. */
export class CallersSeats extends Context.Service<
  CallersSeats,
  { readonly make: (session: Redacted.Redacted<string>) => Effect.Effect<Seats["Service"], Unauthorized> }
>()("app/CallersSeats") {
  static readonly layer = Layer.effect(
    CallersSeats,
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const baseUrl = yield* Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(
        Config.withDefault("https://api.polar.sh")
      )
      return {
        make: (token) =>
          PortalSeats.make({ token, baseUrl }).pipe(
            // `BaseUrl` has checked the only other option
            Effect.catchTag("InvalidOption", Effect.die),
            Effect.provideService(HttpClient.HttpClient, http)
          )
      }
    })
  )
}
