import type { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { format } from "@polar-seats/domain/Timestamp"
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { schemas } from "./seatJson.ts"

// By hand, because the schema takes ten times as long: it looks at each field on its own, and checks again what the class
// has checked. A property test compares the two. The client writes no seats, so this is not a part of `seatJson.ts`

type Schemas = ReturnType<typeof schemas>

/** The fields of a seat. A `Seat` has them, and so may an object that does not need its methods. */
export type SeatFields = Schema.Struct.Type<typeof Seat.fields>
/** The fields of a list of seats. */
export interface SeatsListFields extends Omit<SeatsList, "seats"> {
  readonly seats: ReadonlyArray<SeatFields>
}

const nullable = (instant: DateTime.Utc | null): string | null => (instant === null ? null : format(instant))

const encodeMember = (member: Member) => ({
  id: member.id,
  created_at: format(member.createdAt),
  modified_at: nullable(member.modifiedAt),
  customer_id: member.customerId,
  email: member.email,
  name: member.name,
  external_id: member.externalId,
  role: member.role
})

export const encodeSeat = (seat: SeatFields): Schemas["SeatJson"]["Encoded"] => ({
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
  // A copy, so that nobody who changes the JSON changes the seat
  seat_metadata: seat.seatMetadata === null ? null : { ...seat.seatMetadata }
})

export const encodeSeatsList = (list: SeatsListFields): Schemas["SeatsListJson"]["Encoded"] => ({
  seats: list.seats.map(encodeSeat),
  available_seats: list.availableSeats,
  total_seats: list.totalSeats
})
