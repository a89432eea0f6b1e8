import { Seats } from "@polar-seats/domain/Seats"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as ClaimedSubscriptions from "./internal/claimedSubscriptions.ts"
import * as PolarClient from "./internal/polarClient.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import * as PolarConnection from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The session of a customer or of a member (`polar_cst_…`, `polar_mst_…`). */
  readonly token: Redacted.Redacted<string>
}

const withSession = (polar: PolarClient.PolarClient, token: Redacted.Redacted<string>): Seats["Service"] =>
  SeatsClient.make(polar, token, {
    path: "/v1/customer-portal/seats",
    wants: "CustomerSession",
    claimedSubscriptions: ClaimedSubscriptions.make(polar, token)
  })

const make = Effect.fnUntraced(function* (options: Options) {
  const polar = yield* PolarClient.make(options)
  return withSession(polar, yield* PolarConnection.checkToken(options.token))
})

/** `Seats` of Polar's customer portal, with the session of a customer or of a member. Nothing is ever sent twice. */
export const layer = (options: Options): Layer.Layer<Seats, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))
