import type { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { isExact, mapNumbers } from "@polar-seats/domain/ExactJson"
import { format } from "@polar-seats/domain/Timestamp"
import type * as DateTime from "effect/DateTime"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

// By hand, because the schema takes ten times as long: it looks at each field on its own, and checks again what the class
// has checked. A property test compares the two. The client writes no seats, so this is not a part of `seatJson.ts`

/** The fields of a seat. A `Seat` has them, and so may an object that does not need its methods. */
export type SeatFields = Schema.Struct.Type<typeof Seat.fields>
/** The fields of a list of seats. */
export interface SeatsListFields extends Omit<SeatsList, "seats"> {
  readonly seats: ReadonlyArray<SeatFields>
}

/** The JSON of a member, as Polar writes it (`Member`). */
export interface MemberEncoded {
  readonly id: string
  readonly created_at: string
  readonly modified_at: string | null
  readonly customer_id: string
  readonly email: string
  readonly name: string | null
  readonly external_id: string | null
  readonly role: string
}

/** The JSON of a seat, as Polar writes it (`CustomerSeat`). Older versions of the API leave out the optional keys. */
export interface SeatEncoded {
  readonly created_at: string
  readonly modified_at: string | null
  readonly id: string
  readonly subscription_id: string | null
  readonly order_id: string | null
  readonly status: string
  readonly customer_id: string | null
  readonly member_id?: string | null
  readonly member?: MemberEncoded | null
  readonly email?: string | null
  readonly customer_email: string | null
  readonly invitation_token_expires_at: string | null
  readonly claimed_at: string | null
  readonly revoked_at: string | null
  readonly seat_metadata: { readonly [key: string]: Schema.Json } | null
}

/** The JSON of a list of seats, as Polar writes it (`SeatsList`). */
export interface SeatsListEncoded {
  readonly seats: ReadonlyArray<SeatEncoded>
  readonly available_seats: number
  readonly total_seats: number
}

const nullable = (instant: DateTime.Utc | null): string | null => (instant === null ? null : format(instant))

const encodeMember = (member: Member): MemberEncoded => ({
  id: member.id,
  created_at: format(member.createdAt),
  modified_at: nullable(member.modifiedAt),
  customer_id: member.customerId,
  email: member.email,
  name: member.name,
  external_id: member.externalId,
  role: member.role
})

/**
 * Reads JSON so that `JSON.stringify` writes each number as it came. A number that JavaScript cannot hold becomes a raw one.
 * A runtime without `JSON.rawJSON` gets it as text, so that it keeps its digits.
 */
export const parseExact: (json: string) => Schema.Json = (json) => {
  const rawJson: unknown = Reflect.get(JSON, "rawJSON")
  if (!Predicate.isFunction(rawJson)) {
    return JSON.parse(mapNumbers(json, (number) => (isExact(number) ? number : JSON.stringify(number))))
  }
  // A runtime with `rawJSON` passes the source of each number as well
  return JSON.parse(json, (_key, value: unknown, ...[context]: ReadonlyArray<{ readonly source?: string }>) =>
    Predicate.isNumber(value) && context?.source !== undefined && !isExact(context.source)
      ? rawJson(context.source)
      : value
  )
}

const isRecord = (json: Schema.Json): json is { readonly [key: string]: Schema.Json } => Predicate.isObject(json)

const encodeMetadata = ({ exactMetadata, seatMetadata }: SeatFields) => {
  // Only a seat that was made by hand has a text that is not JSON
  const exact = exactMetadata === undefined ? null : Result.getOrNull(Result.try(() => parseExact(exactMetadata)))
  if (isRecord(exact)) return exact
  // A copy, so that nobody who changes the JSON changes the seat
  return seatMetadata === null ? null : { ...seatMetadata }
}

export const encodeSeat = (seat: SeatFields): SeatEncoded => ({
  created_at: format(seat.createdAt),
  modified_at: nullable(seat.modifiedAt),
  id: seat.id,
  subscription_id: seat.subscriptionId,
  order_id: seat.orderId,
  status: seat.status,
  customer_id: seat.customerId,
  member_id: seat.memberId,
  member: seat.member === null ? null : encodeMember(seat.member),
  email: seat.email,
  customer_email: seat.customerEmail,
  invitation_token_expires_at: nullable(seat.invitationTokenExpiresAt),
  claimed_at: nullable(seat.claimedAt),
  revoked_at: nullable(seat.revokedAt),
  seat_metadata: encodeMetadata(seat)
})

export const encodeSeatsList = (list: SeatsListFields): SeatsListEncoded => ({
  seats: list.seats.map(encodeSeat),
  available_seats: list.availableSeats,
  total_seats: list.totalSeats
})
