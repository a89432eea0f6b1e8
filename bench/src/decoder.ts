import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
import * as Schema from "effect/Schema"

const decodeSeat = Schema.decodeUnknownSync(SeatJson)
const decodeList = Schema.decodeUnknownSync(SeatsListJson)

/** What ours reads an answer to a resend with, as the client does. */
export const seat = (text: string) => decodeSeat(JSON.parse(text))

/** What ours reads a list with. */
export const list = (text: string) => decodeList(JSON.parse(text))
