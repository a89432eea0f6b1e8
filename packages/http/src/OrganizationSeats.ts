import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as PolarClient from "./internal/polarClient.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import * as PolarConnection from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The token of an organization (`polar_oat_…`) with the scopes `customer_seats:read` and `customer_seats:write`. */
  readonly token: Redacted.Redacted<string>
  /** Which organization is meant, where the token is good for several: sent as `Polar-Organization`. */
  readonly organization?: string | undefined
}

const make = Effect.fnUntraced(function* (options: Options) {
  const headers = yield* PolarConnection.organizationHeaders(options.organization)
  const polar = yield* PolarClient.make(options, headers)
  return SeatsClient.make(polar, yield* PolarConnection.checkToken(options.token), {
    path: "/v1/customer-seats",
    wants: "OrganizationToken",
    // An organization sits in no seat, and Polar would answer just this
    claimedSubscriptions: Stream.fail(new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
  })
})

/** `Seats` of everything that an organization sells, with its own token. What mails is repeated only where it surely did not happen. */
export const layer = (options: Options): Layer.Layer<Seats, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))
