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
import { complain, printJson, say } from "../output/print.ts"
import { root } from "../globalFlags.ts"
import { describeHolder } from "../output/seatTable.ts"
import { type Address, serve } from "./serveUntilInterrupted.ts"
import { required } from "../config/environment.ts"

const configSecret = Config.schema(Schema.RedactedFromValue(Schema.NonEmptyString), "POLAR_WEBHOOK_SECRET")

const typeOf = SeatEvent.$match({
  Assigned: () => "customer_seat.assigned",
  Claimed: () => "customer_seat.claimed",
  Revoked: () => "customer_seat.revoked",
  Unknown: ({ type }) => type
})

const describe = (event: SeatEvent): string => {
  const what =
    event._tag === "Unknown"
      ? "not about a seat"
      : `${event.seat.id} ${event.seat.status} ${describeHolder(event.seat)}`
  return `${event.timestamp === null ? "-" : Timestamp.format(event.timestamp)} ${typeOf(event)} ${what}`
}

const encodeSeat = Schema.encodeEffect(SeatJson)

const toJson = Effect.fnUntraced(function* (event: SeatEvent) {
  return JSON.stringify({
    id: event.id,
    type: typeOf(event),
    timestamp: event.timestamp === null ? null : Timestamp.format(event.timestamp),
    data: event._tag === "Unknown" ? event.data : yield* Effect.orDie(encodeSeat(event.seat))
  })
})

const answer = Effect.gen(function* () {
  const { json } = yield* root
  const request = yield* HttpServerRequest.HttpServerRequest
  const { verify } = yield* SeatWebhooks
  const body = new Uint8Array(yield* request.arrayBuffer)
  const event = yield* verify({ headers: request.headers, body })
  yield* json ? printJson(yield* toJson(event)) : say(describe(event))
  return HttpServerResponse.empty({ status: 204 })
})

const isTooLarge = ({ reason }: HttpServerError.HttpServerError): boolean =>
  reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"

const refused = (status: number, why: string) =>
  Effect.as(complain(`Refused with ${status}: ${why}`), HttpServerResponse.empty({ status }))

const app = answer.pipe(
  Effect.catchTags({
    InvalidWebhook: (error: InvalidWebhook) => refused(403, error.message),
    HttpServerError: (error) =>
      isTooLarge(error)
        ? refused(413, "The request is larger than 1 MiB, which no webhook of Polar's is.")
        : refused(400, "The request was cut off.")
  }),
  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.mebibytes(1))
)

/** Receives webhooks: verifies each, and prints what it says. */
export const run = Effect.fnUntraced(function* (address: Address & { readonly allowAnyoneToConnect: boolean }) {
  const secret = yield* required(
    configSecret,
    "POLAR_WEBHOOK_SECRET is missing or empty. Put the secret of the webhook endpoint there, as Polar shows it."
  )
  // The one option was checked
  const verifier = Layer.orDie(seatWebhooks({ secret }))
  return yield* serve(Layer.provide(HttpServer.serve(app), verifier), address)
})
