import type { Seats } from "@polar-seats/domain/Seats"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Ended } from "../output/print.ts"
import * as Requests from "./httpClient.ts"
import type { Root } from "../globalFlags.ts"
import { required, setting } from "./environment.ts"

const organizationToken = PolarConnection.configToken("POLAR_ACCESS_TOKEN")

const environment = setting(Config.schema(PolarConnection.Environment, "POLAR_ENVIRONMENT"))

/** How many requests a minute Polar lets through there, by its documentation. */
export const publishedLimit: Effect.Effect<number, Ended> = Effect.map(environment, (environment) =>
  environment === "sandbox" ? 100 : 500
)

/** A client of Polar, where `POLAR_ENVIRONMENT` and `POLAR_API_URL` say. */
const connect = <A>(
  make: (
    connection: PolarConnection.Connection
  ) => Effect.Effect<Layer.Layer<A, PolarConnection.InvalidOption, HttpClient.HttpClient>, Ended>
): Layer.Layer<A, Ended, Root> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const baseUrl = yield* setting(Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL"))
      // Each option comes from a setting that was checked
      return Layer.orDie(yield* make({ environment: yield* environment, baseUrl }))
    })
  ).pipe(Layer.provide(Requests.layer))

/** `Seats` with the session in `POLAR_CUSTOMER_SESSION`, or else with the organization token in `POLAR_ACCESS_TOKEN`. */
export const seats: Layer.Layer<Seats, Ended, Root> = connect(
  Effect.fnUntraced(function* (connection) {
    const session = yield* setting(PolarConnection.configToken("POLAR_CUSTOMER_SESSION"))
    if (session !== undefined) return PortalSeats.layer({ ...connection, token: session })
    const token = yield* required(
      organizationToken,
      "POLAR_CUSTOMER_SESSION and POLAR_ACCESS_TOKEN are both missing or empty. " +
        "Put the token of a customer or member session in the one, or that of an organization in the other."
    )
    return OrganizationSeats.layer({ ...connection, token })
  })
)

/** `CustomerSessions` with the organization token in `POLAR_ACCESS_TOKEN`. */
export const sessions: Layer.Layer<CustomerSessions.CustomerSessions, Ended, Root> = connect(
  Effect.fnUntraced(function* (connection) {
    const token = yield* required(
      organizationToken,
      "POLAR_ACCESS_TOKEN is missing or empty. Put the token of an organization (polar_oat_…) there."
    )
    return CustomerSessions.layer({ ...connection, token })
  })
)

/** `SeatClaims`, which needs no token of ours. */
export const claims: Layer.Layer<SeatClaims.SeatClaims, Ended, Root> = connect((connection) =>
  Effect.succeed(SeatClaims.layer(connection))
)
