import * as z from "zod"

const date = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const nullableDate = z.nullable(date)
const nullableId = z.nullable(z.guid())
const nullableString = z.nullable(z.string())
const missingIsNull = <A extends z.ZodType>(schema: A) => schema.optional().transform((value) => value ?? null)

const member = z
  .object({
    id: z.guid(),
    created_at: date,
    modified_at: nullableDate,
    customer_id: z.guid(),
    email: z.string(),
    name: nullableString,
    external_id: nullableString,
    role: z.string()
  })
  .transform((fields) => ({
    id: fields.id,
    createdAt: fields.created_at,
    modifiedAt: fields.modified_at,
    customerId: fields.customer_id,
    email: fields.email,
    name: fields.name,
    externalId: fields.external_id,
    role: fields.role
  }))

/** `CustomerSeat` with the checks of ours, dates as `Date`, the keys renamed. */
export const seat = z
  .object({
    created_at: date,
    modified_at: nullableDate,
    id: z.uuidv4(),
    subscription_id: nullableId,
    order_id: nullableId,
    status: z.string(),
    customer_id: nullableId,
    member_id: missingIsNull(nullableId),
    member: missingIsNull(z.nullable(member)),
    email: missingIsNull(nullableString),
    customer_email: nullableString,
    invitation_token_expires_at: nullableDate,
    claimed_at: nullableDate,
    revoked_at: nullableDate,
    seat_metadata: z.nullable(z.record(z.string(), z.json()))
  })
  .transform((fields) => ({
    createdAt: fields.created_at,
    modifiedAt: fields.modified_at,
    id: fields.id,
    subscriptionId: fields.subscription_id,
    orderId: fields.order_id,
    status: fields.status,
    customerId: fields.customer_id,
    memberId: fields.member_id,
    member: fields.member,
    email: fields.email,
    customerEmail: fields.customer_email,
    invitationTokenExpiresAt: fields.invitation_token_expires_at,
    claimedAt: fields.claimed_at,
    revokedAt: fields.revoked_at,
    seatMetadata: fields.seat_metadata
  }))

/** `SeatsList`, like `seat`. */
export const list = z
  .object({ seats: z.array(seat), available_seats: z.int(), total_seats: z.int() })
  .transform((fields) => ({
    seats: fields.seats,
    availableSeats: fields.available_seats,
    totalSeats: fields.total_seats
  }))
