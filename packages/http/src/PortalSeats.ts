import { AlreadyClaimed, InvitationUnavailable, NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as PolarClient from "./internal/polarClient.ts"
import type { InvalidOption } from "./PolarConnection.ts"
import { SeatJson, SeatsListJson } from "./SeatJson.ts"

/** Options of the layers. The token is a customer or member session (`polar_cst_…`, `polar_mst_…`). */
export type Options = PolarClient.Options

const decodeSeat = Schema.decodeResult(Schema.fromJsonString(SeatJson))
const decodeSeats = Schema.decodeResult(Schema.fromJsonString(SeatsListJson))

const make = Effect.fnUntraced(function* (options: Options) {
  const polar = yield* PolarClient.make({ ...options, wants: "CustomerSession" })
  return Seats.of({
    resend: (seatId) =>
      polar.call(
        "Seats.resend",
        HttpClientRequest.post(`/v1/customer-portal/seats/${seatId}/resend`),
        decodeSeat,
        (refusal) => {
          switch (refusal) {
            case "400 SeatNotPending":
              return new AlreadyClaimed({ seatId })
            case "400 InvalidInvitationToken":
              return new InvitationUnavailable({ seatId })
            case "404 ResourceNotFound":
              return new NotFound({ resource: "seat", id: seatId })
            default:
              return undefined
          }
        }
      ),
    list: (source) =>
      polar.call(
        "Seats.list",
        HttpClientRequest.get("/v1/customer-portal/seats", {
          urlParams: SeatSource.$match(source, {
            Subscription: ({ id }) => ({ subscription_id: id }),
            Order: ({ id }) => ({ order_id: id })
          })
        }),
        decodeSeats,
        (refusal) =>
          refusal === "404 ResourceNotFound"
            ? new NotFound({ resource: source._tag === "Order" ? "order" : "subscription", id: source.id })
            : undefined
      )
  })
})

/** `Seats` of Polar's customer portal, with the session of a customer or of a member. Nothing is ever sent twice. */
export const layer = (options: Options): Layer.Layer<Seats, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))
