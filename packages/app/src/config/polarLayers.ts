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
import * as MutableRef from "effect/MutableRef"
import * as Redacted from "effect/Redacted"
import type { Ended } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { AskedServer } from "../output/askedServer.ts"
import { printErr } from "../output/print.ts"
import { readSetting, requireSetting } from "./environment.ts"
import { layerHttpClient } from "./httpClient.ts"

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

interface Client<A> {
  readonly layer: Layer.Layer<A, PolarConnection.InvalidOption, HttpClient.HttpClient>
  /** The variable that the client has its token from. */
  readonly tokenVariable?: string
}

/** A client of the server that `POLAR_ENVIRONMENT` or `POLAR_API_URL` names. */
const connect = <A>(makeClient: (connection: PolarConnection.Connection) => Effect.Effect<Client<A>, Ended>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { allowHosts, baseUrl, environment, host, isCustom } = yield* readTarget
      const { layer, tokenVariable } = yield* makeClient({ environment, baseUrl, allowHosts })
      MutableRef.set(yield* AskedServer, { host, environment: isCustom ? undefined : environment, tokenVariable })
      // readSetting has validated every option
      return Layer.orDie(layer)
    })
  ).pipe(Layer.provide(layerHttpClient))

const sessionVariable = "POLAR_CUSTOMER_SESSION"
const organizationVariable = "POLAR_ACCESS_TOKEN"
const organizationToken = PolarConnection.configToken(organizationVariable)

// Both tokens are usually set by mistake, and they see different seats
const tellIfBothAreSet = Effect.gen(function* () {
  const other = yield* readSetting(Config.Redacted(organizationVariable))
  if (other === undefined || Redacted.value(other) === "") return
  yield* printErr(
    `${sessionVariable} and ${organizationVariable} are both set. The command uses ${sessionVariable}: to use ` +
      `${organizationVariable}, unset ${sessionVariable}.`
  )
})

/** `Seats` with the session in `POLAR_CUSTOMER_SESSION`, or with the organization token in `POLAR_ACCESS_TOKEN`. */
export const layerSeats = connect<Seats>(
  Effect.fnUntraced(function* (connection) {
    const session = yield* readSetting(PolarConnection.configToken(sessionVariable))
    if (session !== undefined) {
      yield* tellIfBothAreSet
      return { layer: PortalSeats.layer({ ...connection, token: session }), tokenVariable: sessionVariable }
    }
    const token = yield* requireSetting(
      organizationToken,
      `${sessionVariable} and ${organizationVariable} are both missing or empty. Set ${sessionVariable} to the ` +
        `token of a customer or member session, or ${organizationVariable} to an organization token.`
    )
    return { layer: OrganizationSeats.layer({ ...connection, token }), tokenVariable: organizationVariable }
  })
)

/** `CustomerSessions` with the organization token in `POLAR_ACCESS_TOKEN`. */
export const layerSessions = connect(
  Effect.fnUntraced(function* (connection) {
    const token = yield* requireSetting(
      organizationToken,
      `${organizationVariable} is missing or empty. Set it to an organization token (polar_oat_…).`
    )
    return { layer: CustomerSessions.layer({ ...connection, token }), tokenVariable: organizationVariable }
  })
)

/** `SeatClaims`, which needs no token. */
export const layerClaims = connect((connection) => Effect.succeed({ layer: SeatClaims.layer(connection) }))
