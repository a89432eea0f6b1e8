import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import * as Schema from "effect/Schema"

/** What ours reads an answer to a resend with. */
export const seat = Schema.decodeSync(Schema.fromJsonString(SeatJson))

/** What ours reads a list with. */
export const list = Schema.decodeSync(Schema.fromJsonString(SeatsListJson))
