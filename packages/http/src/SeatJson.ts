import { schemas } from "./internal/seatSchemas.ts"

/** Polar's `CustomerSeat`: decodes to a `Seat`, encodes to the JSON that Polar sends, key by key in its order. */
export const SeatJson = schemas().SeatJson

/** Polar's `SeatsList`. */
export const SeatsListJson = schemas().SeatsListJson
