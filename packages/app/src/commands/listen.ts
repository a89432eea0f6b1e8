import * as Timestamp from "@polar-seats/domain/Timestamp"
import { encodeSeat, parseExact } from "@polar-seats/http/SeatJson"
import { type SeatEvent, SeatWebhooks, Secret, layer as seatWebhooks } from "@polar-seats/http/SeatWebhooks"
import * as ByteSize from "effect/ByteSize"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { requireSetting } from "../config/environment.ts"
import { Output } from "../output/Output.ts"
import { printErr, printResultOrFail } from "../output/print.ts"
import { formatHolder } from "../output/seatTable.ts"
import type { AddressFlags } from "./flags.ts"
import { serveUntilInterrupted } from "./serveUntilInterrupted.ts"

const eventType = (event: SeatEvent): string =>
  event._tag === "Unknown" ? event.type : `customer_seat.${event._tag.toLowerCase()}`

const formatTime = ({ timestamp }: SeatEvent) => (timestamp === null ? null : Timestamp.format(timestamp))

const formatEvent = (event: SeatEvent): string => {
  const what =
    event._tag === "Unknown" ? "not about a seat" : `${event.seat.id} ${event.seat.status} ${formatHolder(event.seat)}`
  return `${formatTime(event) ?? "-"} ${eventType(event)} ${what}`
}

const encodeData = ({ data, exactData }: Extract<SeatEvent, { readonly _tag: "Unknown" }>) =>
  exactData === undefined ? data : parseExact(exactData)

// Polar waits for an answer for some seconds, and delivers an event again that was not taken
const timeForReader = "5 seconds"
const mostWaiting = 4_194_304

class ReaderTooSlow extends Schema.TaggedError<ReaderTooSlow>()("ReaderTooSlow", {}) {
  override readonly message = "The reader of stdout did not take the event. Polar delivers it again."
}

const receive = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { verify } = yield* SeatWebhooks
  const body = new Uint8Array(yield* request.arrayBuffer)
  const event = yield* verify({ headers: request.headers, body })
  const { out } = yield* Output
  if (out.state().waiting > mostWaiting) return yield* new ReaderTooSlow()
  yield* printResultOrFail(formatEvent(event), {
    id: event.id,
    type: eventType(event),
    timestamp: formatTime(event),
    data: event._tag === "Unknown" ? encodeData(event) : encodeSeat(event.seat)
  }).pipe(Effect.timeoutOrElse({ duration: timeForReader, orElse: () => new ReaderTooSlow() }))
  // An event is Polar's to deliver again until its line is out of this process
  return HttpServerResponse.empty({ status: 204 })
})

const refuse = (status: number, why: string) =>
  Effect.as(printErr(`Refused with ${status}: ${why}`), HttpServerResponse.empty({ status }))

const app = receive.pipe(
  Effect.catchTags({
    InvalidWebhook: ({ message }) => refuse(403, message),
    CannotWrite: ({ message }) => refuse(503, `${message}. Polar delivers the event again.`),
    ReaderTooSlow: ({ message }) => refuse(503, message),
    HttpServerError: ({ reason }) =>
      reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
        ? refuse(413, "The request is larger than 1 MiB, and no webhook from Polar is.")
        : refuse(400, "The request was cut off.")
  }),
  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.mebibytes(1))
)

/** Receives webhooks until it is interrupted. It verifies each one, and prints its event. */
export const run = Effect.fnUntraced(function* (address: AddressFlags) {
  const secret = yield* requireSetting(
    Config.schema(Secret, "POLAR_WEBHOOK_SECRET"),
    "POLAR_WEBHOOK_SECRET is missing or empty. Set it to the secret of the webhook endpoint, as Polar shows it."
  )
  // requireSetting has validated the only option
  const verifier = Layer.orDie(seatWebhooks({ secret }))
  return yield* serveUntilInterrupted(Layer.provide(HttpServer.serve(app), verifier), address)
})
