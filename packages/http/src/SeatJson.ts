import { schemas } from "./internal/seatJson.ts"

/** Polar's `CustomerSeat`. It decodes to a `Seat`, and encodes to Polar's JSON with the keys in Polar's order. */
export const SeatJson = schemas().SeatJson

/** Polar's `SeatsList`. */
export const SeatsListJson = schemas().SeatsListJson
