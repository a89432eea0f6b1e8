import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { checkCallersToken, checkToken, fromConfig } from "./internal/options.ts"
import * as PolarClient from "./internal/polarClient.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import type { InvalidOption } from "./PolarConnection.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The token of an organization (`polar_oat_…`) with the scopes `customer_seats:read` and `customer_seats:write`. */
  readonly token: Redacted.Redacted<string>
  /**
   * The id of the organization to act for, if the token is a user's and reaches several. Sent as `Polar-Organization`.
   * Default: all that the token reaches.
   */
  readonly organization?: string | undefined
}

const makeWith = Effect.fnUntraced(function* <E>(
  options: Options,
  checkedToken: Effect.Effect<Redacted.Redacted<string>, E>
): Effect.fn.Return<Seats["Service"], InvalidOption | E, HttpClient.HttpClient> {
  const connect = yield* PolarClient.make(options, options.organization)
  const polar = connect(yield* checkedToken)
  // An organization holds no seat, and Polar would answer with this refusal
  const holdsNone = Stream.fromEffect(
    polar.failUnsent("Seats.claimedSubscriptions", new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
  )
  return SeatsClient.make(polar, "/v1/customer-seats", "Organization", holdsNone)
})

/**
 * Makes `Seats` for one token, such as that of the organization whose request a server is answering. It opens no
 * connection: all that are made over one `HttpClient` share its connections. A malformed token is `Unauthorized`, as an
 * expired one is on the first call. `InvalidOption` is about the other options.
 */
export const make = (
  options: Options
): Effect.Effect<Seats["Service"], InvalidOption | Unauthorized, HttpClient.HttpClient> =>
  makeWith(options, checkCallersToken("OrganizationToken", options.token))

/**
 * `Seats` of everything that an organization sells, with the token of the organization. The layer retries a call that mails
 * only if Polar certainly did nothing.
 */
export const layer = (options: Options): Layer.Layer<Seats, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, makeWith(options, checkToken(options.token)))

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<Seats, Config.ConfigError | InvalidOption, HttpClient.HttpClient> = /* @__PURE__ */ fromConfig(layer)
