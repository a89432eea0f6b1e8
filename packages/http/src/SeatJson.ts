import type * as Schema from "effect/Schema"
import * as SeatEncoder from "./internal/seatEncoder.ts"
import type { Seat, SeatsList } from "@polar-seats/domain/Seat"
import type { SeatEncoded, SeatFields, SeatsListEncoded, SeatsListFields } from "./internal/seatEncoder.ts"
import { schemas } from "./internal/seatJson.ts"

/** Polar's `CustomerSeat`. It decodes to a `Seat`, and encodes to Polar's JSON with the keys in Polar's order. */
export const SeatJson: Schema.Codec<Seat, SeatEncoded> = schemas().SeatJson

/** Polar's `SeatsList`. */
export const SeatsListJson: Schema.Codec<SeatsList, SeatsListEncoded> = schemas().SeatsListJson

export type {
  MemberEncoded,
  SeatEncoded,
  SeatFields,
  SeatsListEncoded,
  SeatsListFields
} from "./internal/seatEncoder.ts"

/**
 * Writes a seat as `Schema.encodeSync(SeatJson)` does, key by key and in the same order, in a tenth of its time. It checks
 * nothing, because only a valid seat is a `Seat`, so it never throws.
 *
 * If the seat has `exactMetadata`, the numbers that JavaScript cannot hold are raw ones: `JSON.stringify` writes them as
 * they came. The schema writes the nearest ones instead. A runtime without `JSON.rawJSON` gets them as text.
 */
export const encodeSeat: (seat: SeatFields) => SeatEncoded = SeatEncoder.encodeSeat

/** Writes a list of seats as `Schema.encodeSync(SeatsListJson)` does. Use it for a list of thousands of seats. */
export const encodeSeatsList: (list: SeatsListFields) => SeatsListEncoded = SeatEncoder.encodeSeatsList

/** Reads any JSON, for example the `exactData` of a webhook, so that `JSON.stringify` writes each number as it came. */
export const parseExact: (json: string) => Schema.Json = SeatEncoder.parseExact
