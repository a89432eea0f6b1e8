import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Seat, SeatId } from "@polar-seats/domain/Seat"
import { OrderId, type SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"

const seatPrefix = "seat/"

/** The id of a seat's row. */
export const idOfSeat = ({ id }: Pick<Seat, "id">): string => `${seatPrefix}${id}`

/** How a source is named in the table and in errors. */
export const nameOfSource = ({ _tag, id }: SeatSource): string => `${_tag.toLowerCase()}/${id}`

/** The id of the row of one offer of a source. Each offer has a row, so that no offer ends another one. */
export const idOfOffer = (source: SeatSource, offer: string): string => `source/${nameOfSource(source)}/${offer}`

/** The source of an offer's row, as it is named in errors. */
export const sourceOfOffer = (id: string): string => id.split("/").slice(1, 3).join("/")

/** The seat of a row, if it is the row of a seat. */
export const seatOfId = (id: string): SeatId | undefined =>
  id.startsWith(seatPrefix) ? Option.getOrUndefined(SeatId.makeOption(id.slice(seatPrefix.length))) : undefined

const SeatJson = Schema.fromJsonString(Schema.toCodecJson(Seat))
const SourceJson = Schema.fromJsonString(
  Schema.TaggedUnion({ Subscription: { id: SubscriptionId }, Order: { id: OrderId } })
)

export const encodeSeat = (seat: Seat): Effect.Effect<string> => Effect.orDie(Schema.encodeEffect(SeatJson)(seat))
export const decodeSeat = Schema.decodeEffect(SeatJson)
export const encodeSource = (source: SeatSource): Effect.Effect<string> =>
  Effect.orDie(Schema.encodeEffect(SourceJson)(source))
export const decodeSource = Schema.decodeEffect(SourceJson)
