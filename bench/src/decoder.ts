import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import * as Schema from "effect/Schema"

const decodeSeat = Schema.decodeUnknownSync(SeatJson)
const decodeList = Schema.decodeUnknownSync(SeatsListJson)

/** Decodes the answer to a resend, as the client does. */
export const seat = (text: string) => decodeSeat(JSON.parse(text))

/** Decodes a list of seats, as the client does. */
export const list = (text: string) => decodeList(JSON.parse(text))
