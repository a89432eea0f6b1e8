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

type FieldsOf<A> = { -readonly [Field in keyof A]: unknown }

// They leave behind what the constructors of the classes do, which would look at each field once more. To give an object
// another prototype afterwards takes twenty times as long
type MemberFields = FieldsOf<typeof Member.fields>
function ReadMember(this: MemberFields, fields: MemberFields) {
  this.id = fields.id
  this.createdAt = fields.createdAt
  this.modifiedAt = fields.modifiedAt
  this.customerId = fields.customerId
  this.email = fields.email
  this.name = fields.name
  this.externalId = fields.externalId
  this.role = fields.role
}
ReadMember.prototype = Member.prototype

type SeatFields = FieldsOf<typeof Seat.fields>
function ReadSeat(this: SeatFields, fields: SeatFields) {
  this.createdAt = fields.createdAt
  this.modifiedAt = fields.modifiedAt
  this.id = fields.id
  this.subscriptionId = fields.subscriptionId
  this.orderId = fields.orderId
  this.status = fields.status
  this.customerId = fields.customerId
  this.memberId = fields.memberId
  this.member = fields.member
  this.email = fields.email
  this.customerEmail = fields.customerEmail
  this.invitationTokenExpiresAt = fields.invitationTokenExpiresAt
  this.claimedAt = fields.claimedAt
  this.revokedAt = fields.revokedAt
  this.seatMetadata = fields.seatMetadata
}
ReadSeat.prototype = Seat.prototype

const make = <Fields>(read: (this: Fields, fields: Fields) => void, fields: Fields): unknown =>
  Reflect.construct(read, [fields])

const member = (row: unknown): unknown => {
  if (!isRow(row)) return undefined
  const id = uuid(row.id)
  const createdAt = time(row.created_at)
  const modifiedAt = nullable(row.modified_at, time)
  const customerId = uuid(row.customer_id)
  const email = text(row.email)
  const name = nullable(row.name, text)
  const externalId = nullable(row.external_id, text)
  const role = text(row.role)
  return id === undefined ||
    createdAt === undefined ||
    modifiedAt === undefined ||
    customerId === undefined ||
    email === undefined ||
    name === undefined ||
    externalId === undefined ||
    role === undefined
    ? undefined
    : make(ReadMember, { id, createdAt, modifiedAt, customerId, email, name, externalId, role })
}

// Only these may be left out
const optional = <A>(row: Row, key: string, read: (input: unknown) => A | undefined) =>
  row[key] === undefined && !Object.hasOwn(row, key) ? null : nullable(row[key], read)

/** A `Seat`, if it is one of the usual kind. */
export const seat = (row: unknown, options: ParseOptions): unknown => {
  if (!isRow(row) || !isUsual(options)) return invalid
  const createdAt = time(row.created_at)
  const modifiedAt = nullable(row.modified_at, time)
  const id = uuidV4(row.id)
  const subscriptionId = nullable(row.subscription_id, uuid)
  const orderId = nullable(row.order_id, uuid)
  const status = text(row.status)
  const customerId = nullable(row.customer_id, uuid)
  const memberId = optional(row, "member_id", uuid)
  const email = optional(row, "email", text)
  const customerEmail = nullable(row.customer_email, text)
  const invitationTokenExpiresAt = nullable(row.invitation_token_expires_at, time)
  const claimedAt = nullable(row.claimed_at, time)
  const revokedAt = nullable(row.revoked_at, time)
  const seatMetadata = nullable(row.seat_metadata, metadata)
  const person = optional(row, "member", member)
  return createdAt === undefined ||
    modifiedAt === undefined ||
    id === undefined ||
    subscriptionId === undefined ||
    orderId === undefined ||
    status === undefined ||
    customerId === undefined ||
    memberId === undefined ||
    email === undefined ||
    customerEmail === undefined ||
    invitationTokenExpiresAt === undefined ||
    claimedAt === undefined ||
    revokedAt === undefined ||
    seatMetadata === undefined ||
    person === undefined
    ? invalid
    : make(ReadSeat, {
        createdAt,
        modifiedAt,
        id,
        subscriptionId,
        orderId,
        status,
        customerId,
        memberId,
        member: person,
        email,
        customerEmail,
        invitationTokenExpiresAt,
        claimedAt,
        revokedAt,
        seatMetadata
      })
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
