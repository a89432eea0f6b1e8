import { Seats } from "@polar-seats/domain/Seats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { token } from "./wire.ts"

/** Connects our client to a server as an app does, with the default of every option. */
export const connect = async (baseUrl: string, transport: Layer.Layer<HttpClient.HttpClient>) => {
  const layer = PortalSeats.layer({ token: Redacted.make(token), baseUrl }).pipe(Layer.provide(transport))
  const runtime = ManagedRuntime.make(layer)
  return { seats: await runtime.runPromise(Effect.map(Seats, (seats) => seats)), runtime }
}
