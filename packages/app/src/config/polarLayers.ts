import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Ended } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { readSetting, requireSetting } from "./environment.ts"
import { layerHttpClient } from "./httpClient.ts"

const organizationToken = PolarConnection.configToken("POLAR_ACCESS_TOKEN")

const environment = readSetting(Config.schema(PolarConnection.Environment, "POLAR_ENVIRONMENT"))

const hosts: Readonly<Record<PolarConnection.Environment, string>> = {
  production: "api.polar.sh",
  sandbox: "sandbox-api.polar.sh"
}

/** The server that the commands ask. `isCustom` says that `POLAR_API_URL` names it, and not `POLAR_ENVIRONMENT`. */
export const readTarget = Effect.gen(function* () {
  const { allowHost: allowHosts } = yield* root
  const baseUrl = yield* readSetting(Config.schema(PolarConnection.makeBaseUrl(allowHosts), "POLAR_API_URL"))
  const chosen = (yield* environment) ?? "production"
  const host = baseUrl === undefined ? hosts[chosen] : (URL.parse(baseUrl)?.host ?? baseUrl)
  return { allowHosts, baseUrl, environment: chosen, host, isCustom: baseUrl !== undefined }
})

/** Polar's documented rate limit in the chosen environment, in requests per minute. */
export const documentedRateLimit: Effect.Effect<number, Ended> = Effect.map(environment, (environment) =>
  environment === "sandbox" ? 100 : 500
)

/** A client of the server that `POLAR_ENVIRONMENT` or `POLAR_API_URL` names. */
const connect = <A>(
  makeLayer: (
    connection: PolarConnection.Connection
  ) => Effect.Effect<Layer.Layer<A, PolarConnection.InvalidOption, HttpClient.HttpClient>, Ended>
) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { allowHosts, baseUrl, environment } = yield* readTarget
      // readSetting has validated every option
      return Layer.orDie(yield* makeLayer({ environment, baseUrl, allowHosts }))
    })
  ).pipe(Layer.provide(layerHttpClient))

/** `Seats` with the session in `POLAR_CUSTOMER_SESSION`, or with the organization token in `POLAR_ACCESS_TOKEN`. */
export const layerSeats = connect(
  Effect.fnUntraced(function* (connection) {
    const session = yield* readSetting(PolarConnection.configToken("POLAR_CUSTOMER_SESSION"))
    if (session !== undefined) return PortalSeats.layer({ ...connection, token: session })
    const token = yield* requireSetting(
      organizationToken,
      "POLAR_CUSTOMER_SESSION and POLAR_ACCESS_TOKEN are both missing or empty. Set POLAR_CUSTOMER_SESSION to the " +
        "token of a customer or member session, or POLAR_ACCESS_TOKEN to an organization token."
    )
    return OrganizationSeats.layer({ ...connection, token })
  })
)

/** `CustomerSessions` with the organization token in `POLAR_ACCESS_TOKEN`. */
export const layerSessions = connect(
  Effect.fnUntraced(function* (connection) {
    const token = yield* requireSetting(
      organizationToken,
      "POLAR_ACCESS_TOKEN is missing or empty. Set it to an organization token (polar_oat_…)."
    )
    return CustomerSessions.layer({ ...connection, token })
  })
)

/** `SeatClaims`, which needs no token. */
export const layerClaims = connect((connection) => Effect.succeed(SeatClaims.layer(connection)))
