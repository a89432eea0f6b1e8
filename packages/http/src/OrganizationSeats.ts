import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { checkToken, organizationHeaders } from "./internal/options.ts"
import * as PolarClient from "./internal/polarClient.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import type { InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The token of an organization (`polar_oat_…`) with the scopes `customer_seats:read` and `customer_seats:write`. */
  readonly token: Redacted.Redacted<string>
  /** The organization, if the token is valid for several. Sent as `Polar-Organization`. */
  readonly organization?: string | undefined
}

const make = Effect.fnUntraced(function* (options: Options) {
  const headers = yield* organizationHeaders(options.organization)
  const polar = yield* PolarClient.make(options, headers)
  return SeatsClient.make(polar, yield* checkToken(options.token), {
    path: "/v1/customer-seats",
    wants: "OrganizationToken",
    // An organization holds no seat, and Polar would answer with this refusal
    claimedSubscriptions: Stream.fail(new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
  })
})

/**
 * `Seats` of everything that an organization sells, with the token of the organization. The layer retries a call that mails
 * only if Polar certainly did nothing.
 */
export const layer = (options: Options): Layer.Layer<Seats, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, make(options))

/** `layer` with options from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))
