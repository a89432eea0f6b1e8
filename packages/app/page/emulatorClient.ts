import { SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"

const Purchase = Schema.Struct({
  kind: Schema.Literals(["subscription", "order"]),
  id: Schema.String,
  product: Schema.NullOr(Schema.String),
  buyer: Schema.NullOr(Schema.String)
})
export type Purchase = typeof Purchase.Type

const EmulatorState = Schema.Struct({ now: Schema.Number, events: Schema.Number, sold: Schema.Array(Purchase) })
export type EmulatorState = typeof EmulatorState.Type

const Mail = Schema.Struct({
  to: Schema.String,
  subject: Schema.String,
  seat_id: SeatId,
  token: Schema.RedactedFromValue(Schema.String),
  claim_url: Schema.RedactedFromValue(Schema.String),
  sent_at: Timestamp
})
export type Mail = typeof Mail.Type

// These requests go to the page's own origin, because they are not Polar's
const get = <S extends Schema.ConstraintDecoder<unknown>>(path: string, schema: S) =>
  HttpClient.get(location.origin + path).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
    Effect.timeout("5 seconds")
  )

/** Reads the time in the emulator, its number of webhooks, and its purchases. */
export const readState = get("/page.json", EmulatorState)

/** Reads the mails, newest last. */
export const readOutbox = get("/_emulator/outbox", Schema.Array(Mail))

/** Replaces everything in the emulator with a world. */
export const seed = (world: unknown) =>
  HttpClient.post(`${location.origin}/_emulator/seed`, { body: HttpBody.jsonUnsafe(world) }).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk)
  )
