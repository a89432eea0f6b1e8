import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { parse } from "@polar-seats/domain/Timestamp"
import * as Predicate from "effect/Predicate"
import * as SchemaCompiler from "effect/schema/SchemaCompiler"
import type { ParseOptions } from "effect/SchemaAST"

// What Polar sends day by day, read without a detour. Whatever is unusual about it, wrong or only spelled otherwise, is
// `invalid` here, and then the schema says what it is. So nothing here has to explain an error, and only what is read
// has to be what the schema reads, which a property test compares

const { invalid } = SchemaCompiler

type Row = { readonly [key: PropertyKey]: unknown }
const isRow = (input: unknown): input is Row =>
  Predicate.isObject(input) && Object.getPrototypeOf(input) === Object.prototype

// undefined is what none of the readers takes for a value
const nullable = <A>(input: unknown, read: (input: unknown) => A | undefined) => (input === null ? null : read(input))
const text = (input: unknown) => (Predicate.isString(input) ? input : undefined)
const time = (input: unknown) => (Predicate.isString(input) ? parse(input) : undefined)

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const canonicalVersion4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const uuid = (input: unknown) => (Predicate.isString(input) && canonical.test(input) ? input : undefined)
const uuidV4 = (input: unknown) => (Predicate.isString(input) && canonicalVersion4.test(input) ? input : undefined)

const isPlain = (value: unknown) =>
  Predicate.isString(value) || Predicate.isBoolean(value) || value === null || Number.isFinite(value)
// Polar says that it is flat
const metadata = (input: unknown): Row | undefined => {
  if (!isRow(input)) return undefined
  for (const key in input) if (!isPlain(input[key])) return undefined
  return { ...input }
}

// What has been read of each field of a class, or undefined where that is not as usual
type Read<Fields> = { -readonly [Field in keyof Fields]: unknown }

// These make instances without the constructors of the classes, which would look at each field once more. To give an object
// another prototype afterwards takes twenty times as long
function ReadMember(this: Read<typeof Member.fields>, row: Row) {
  this.id = uuid(row.id)
  this.createdAt = time(row.created_at)
  this.modifiedAt = nullable(row.modified_at, time)
  this.customerId = uuid(row.customer_id)
  this.email = text(row.email)
  this.name = nullable(row.name, text)
  this.externalId = nullable(row.external_id, text)
  this.role = text(row.role)
}
ReadMember.prototype = Member.prototype

const member = (row: unknown): unknown => {
  if (!isRow(row)) return undefined
  const member: Read<typeof Member.fields> = Reflect.construct(ReadMember, [row])
  return member.id === undefined ||
    member.createdAt === undefined ||
    member.modifiedAt === undefined ||
    member.customerId === undefined ||
    member.email === undefined ||
    member.name === undefined ||
    member.externalId === undefined ||
    member.role === undefined
    ? undefined
    : member
}

// Only these may be left out
const optional = (row: Row, key: string, read: (input: unknown) => unknown): unknown =>
  row[key] === undefined && !Object.hasOwn(row, key) ? null : nullable(row[key], read)

function ReadSeat(this: Read<typeof Seat.fields>, row: Row) {
  this.createdAt = time(row.created_at)
  this.modifiedAt = nullable(row.modified_at, time)
  this.id = uuidV4(row.id)
  this.subscriptionId = nullable(row.subscription_id, uuid)
  this.orderId = nullable(row.order_id, uuid)
  this.status = text(row.status)
  this.customerId = nullable(row.customer_id, uuid)
  this.memberId = optional(row, "member_id", uuid)
  this.member = optional(row, "member", member)
  this.email = optional(row, "email", text)
  this.customerEmail = nullable(row.customer_email, text)
  this.invitationTokenExpiresAt = nullable(row.invitation_token_expires_at, time)
  this.claimedAt = nullable(row.claimed_at, time)
  this.revokedAt = nullable(row.revoked_at, time)
  this.seatMetadata = nullable(row.seat_metadata, metadata)
}
ReadSeat.prototype = Seat.prototype

/** A `Seat`, if it is one of the usual kind. */
export const seat = (row: unknown, options: ParseOptions): unknown => {
  if (!isRow(row) || !isUsual(options)) return invalid
  const seat: Read<typeof Seat.fields> = Reflect.construct(ReadSeat, [row])
  return seat.createdAt === undefined ||
    seat.modifiedAt === undefined ||
    seat.id === undefined ||
    seat.subscriptionId === undefined ||
    seat.orderId === undefined ||
    seat.status === undefined ||
    seat.customerId === undefined ||
    seat.memberId === undefined ||
    seat.member === undefined ||
    seat.email === undefined ||
    seat.customerEmail === undefined ||
    seat.invitationTokenExpiresAt === undefined ||
    seat.claimedAt === undefined ||
    seat.revokedAt === undefined ||
    seat.seatMetadata === undefined
    ? invalid
    : seat
}

/** A `SeatsList`, if all in it is of the usual kind. */
export const list = (row: unknown, options: ParseOptions): unknown => {
  if (!isRow(row) || !isUsual(options)) return invalid
  const { available_seats: availableSeats, seats: rows, total_seats: totalSeats } = row
  if (!Number.isSafeInteger(availableSeats) || !Number.isSafeInteger(totalSeats) || !Array.isArray(rows)) return invalid
  const seats: Array<unknown> = []
  for (const row of rows) {
    const read = seat(row, options)
    if (read === invalid) return invalid
    seats.push(read)
  }
  return Object.setPrototypeOf({ seats, availableSeats, totalSeats }, SeatsList.prototype)
}

const isUsual = ({ disableChecks, onExcessProperty }: ParseOptions) =>
  disableChecks !== true && onExcessProperty !== "error"
