import { SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"

const Sold = Schema.Struct({
  kind: Schema.Literals(["subscription", "order"]),
  id: Schema.String,
  product: Schema.NullOr(Schema.String),
  buyer: Schema.NullOr(Schema.String)
})
export type Sold = typeof Sold.Type

const Knowledge = Schema.Struct({ now: Schema.Number, events: Schema.Number, sold: Schema.Array(Sold) })
export type Knowledge = typeof Knowledge.Type

const Mail = Schema.Struct({
  to: Schema.String,
  subject: Schema.String,
  seat_id: SeatId,
  token: Schema.RedactedFromValue(Schema.String),
  claim_url: Schema.RedactedFromValue(Schema.String),
  sent_at: Timestamp
})
export type Mail = typeof Mail.Type

// The page's own origin: none of this is Polar's
const get = <S extends Schema.ConstraintDecoder<unknown>>(path: string, schema: S) =>
  HttpClient.get(location.origin + path).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
    Effect.timeout("5 seconds")
  )

/** What time it is in the emulator, how much was announced, and what was sold. */
export const knowledge = get("/page.json", Knowledge)

/** The mails, newest last. */
export const outbox = get("/_emulator/outbox", Schema.Array(Mail))

/** Starts the emulator afresh. */
export const seed = (world: unknown) =>
  HttpClient.post(`${location.origin}/_emulator/seed`, { body: HttpBody.jsonUnsafe(world) }).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.asVoid
  )
