import * as Timestamp from "@polar-seats/domain/Timestamp"
import { SeatJson } from "@polar-seats/http/SeatJson"
import { type InvalidWebhook, SeatEvent, SeatWebhooks, layer as seatWebhooks } from "@polar-seats/http/SeatWebhooks"
import * as ByteSize from "effect/ByteSize"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { requireSetting } from "../config/environment.ts"
import { root } from "../globalFlags.ts"
import { printErr, printJson, printOut } from "../output/print.ts"
import { formatHolder } from "../output/seatTable.ts"
import { type AddressFlags, serveUntilInterrupted } from "./serveUntilInterrupted.ts"

const configSecret = Config.schema(Schema.RedactedFromValue(Schema.NonEmptyString), "POLAR_WEBHOOK_SECRET")

const eventType: (event: SeatEvent) => string = SeatEvent.$match({
  Assigned: () => "customer_seat.assigned",
  Claimed: () => "customer_seat.claimed",
  Revoked: () => "customer_seat.revoked",
  Unknown: ({ type }) => type
})

const formatEvent = (event: SeatEvent): string => {
  const what =
    event._tag === "Unknown" ? "not about a seat" : `${event.seat.id} ${event.seat.status} ${formatHolder(event.seat)}`
  return `${event.timestamp === null ? "-" : Timestamp.format(event.timestamp)} ${eventType(event)} ${what}`
}

const encodeSeat = Schema.encodeEffect(SeatJson)

const encodeEvent = Effect.fnUntraced(function* (event: SeatEvent) {
  return JSON.stringify({
    id: event.id,
    type: eventType(event),
    timestamp: event.timestamp === null ? null : Timestamp.format(event.timestamp),
    data: event._tag === "Unknown" ? event.data : yield* Effect.orDie(encodeSeat(event.seat))
  })
})

const receive = Effect.gen(function* () {
  const { json } = yield* root
  const request = yield* HttpServerRequest.HttpServerRequest
  const { verify } = yield* SeatWebhooks
  const body = new Uint8Array(yield* request.arrayBuffer)
  const event = yield* verify({ headers: request.headers, body })
  yield* json ? printJson(yield* encodeEvent(event)) : printOut(formatEvent(event))
  return HttpServerResponse.empty({ status: 204 })
})

const isTooLarge = ({ reason }: HttpServerError.HttpServerError): boolean =>
  reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"

const refuse = (status: number, why: string) =>
  Effect.as(printErr(`Refused with ${status}: ${why}`), HttpServerResponse.empty({ status }))

const app = receive.pipe(
  Effect.catchTags({
    InvalidWebhook: (error: InvalidWebhook) => refuse(403, error.message),
    HttpServerError: (error) =>
      isTooLarge(error)
        ? refuse(413, "The request is larger than 1 MiB, and no webhook from Polar is.")
        : refuse(400, "The request was cut off.")
  }),
  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.mebibytes(1))
)

/** Receives webhooks until it is interrupted. It verifies each one, and prints its event. */
export const run = Effect.fnUntraced(function* (address: AddressFlags) {
  const secret = yield* requireSetting(
    configSecret,
    "POLAR_WEBHOOK_SECRET is missing or empty. Set it to the secret of the webhook endpoint, as Polar shows it."
  )
  // requireSetting has validated the only option
  const verifier = Layer.orDie(seatWebhooks({ secret }))
  return yield* serveUntilInterrupted(Layer.provide(HttpServer.serve(app), verifier), address)
})
