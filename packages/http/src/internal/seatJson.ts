import { entriesOf, holdsExactly, parseFinite } from "@polar-seats/domain/ExactJson"
import { Member, MemberId, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { parse } from "@polar-seats/domain/Timestamp"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaCompiler from "effect/schema/SchemaCompiler"
import type { ParseOptions } from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaParser from "effect/SchemaParser"
import type { SeatEncoded, SeatsListEncoded } from "./seatEncoder.ts"

// The fast readers decode the spelling that Polar uses day by day. They give up (`invalid`) on anything else, whether it is
// wrong or only spelled differently, and then the schema decides. So a reader explains no error, but what it accepts must
// equal what the schema decodes. A property test compares the two (ADR 0015)

const { invalid } = SchemaCompiler

type Row = { readonly [key: PropertyKey]: unknown }
const isRow = (input: unknown): input is Row =>
  Predicate.isObject(input) && Object.getPrototypeOf(input) === Object.prototype

// Set by a reader that gives up. Decoding is synchronous, so one flag serves all readers
let gaveUp = false
const giveUp = (): undefined => {
  gaveUp = true
}
// Set by a reader that meets a number in metadata. Only then must the text be searched for what JavaScript cannot hold.
// Metadata that a reader accepts is flat, so the search begins at the colon after a key. It takes a third of the time
let hasNumber = false
const mayBeInexact = /":\s*(?:-0|-?\d(?:[\d.]{15}|[\d.]*[eE]))/

const nullable = (input: unknown, read: (input: unknown) => unknown) => (input === null ? null : read(input))
const text = (input: unknown) => (Predicate.isString(input) ? input : giveUp())
const timestamp = (input: unknown) => (Predicate.isString(input) ? parse(input) : undefined) ?? giveUp()

const matching = (pattern: RegExp) => (input: unknown) =>
  Predicate.isString(input) && pattern.test(input) ? input : giveUp()
const uuid = matching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
const uuidV4 = matching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

const isFinite = (value: unknown) => {
  hasNumber = true
  return Number.isFinite(value)
}
const isPlain = (value: unknown) =>
  Predicate.isString(value) || Predicate.isBoolean(value) || value === null || isFinite(value)
// Polar documents flat metadata
const metadata = (input: unknown) => {
  if (!isRow(input)) return giveUp()
  for (const key in input) if (!isPlain(input[key])) return giveUp()
  return { ...input }
}

// Older versions of the API leave some fields out
const optional = (row: Row, key: string, read: (input: unknown) => unknown): unknown =>
  row[key] === undefined && !Object.hasOwn(row, key) ? null : nullable(row[key], read)

type Read<Fields> = { -readonly [Field in keyof Fields]: unknown }

// These functions make instances without the constructors of the classes, which would validate each field again. Giving a
// finished object another prototype takes twenty times as long
function ReadMember(this: Read<typeof Member.fields>, row: Row) {
  this.id = uuid(row.id)
  this.createdAt = timestamp(row.created_at)
  this.modifiedAt = nullable(row.modified_at, timestamp)
  this.customerId = uuid(row.customer_id)
  this.email = text(row.email)
  this.name = nullable(row.name, text)
  this.externalId = nullable(row.external_id, text)
  this.role = text(row.role)
}
ReadMember.prototype = Member.prototype

const member = (row: unknown): unknown => (isRow(row) ? Reflect.construct(ReadMember, [row]) : giveUp())

function ReadSeat(this: Read<typeof Seat.fields>, row: Row) {
  this.createdAt = timestamp(row.created_at)
  this.modifiedAt = nullable(row.modified_at, timestamp)
  this.id = uuidV4(row.id)
  this.subscriptionId = nullable(row.subscription_id, uuid)
  this.orderId = nullable(row.order_id, uuid)
  this.status = text(row.status)
  this.customerId = nullable(row.customer_id, uuid)
  this.memberId = optional(row, "member_id", uuid)
  this.member = optional(row, "member", member)
  this.email = optional(row, "email", text)
  this.customerEmail = nullable(row.customer_email, text)
  this.invitationTokenExpiresAt = nullable(row.invitation_token_expires_at, timestamp)
  this.claimedAt = nullable(row.claimed_at, timestamp)
  this.revokedAt = nullable(row.revoked_at, timestamp)
  this.seatMetadata = nullable(row.seat_metadata, metadata)
}
ReadSeat.prototype = Seat.prototype

const isDefault = ({ disableChecks, onExcessProperty }: ParseOptions) =>
  disableChecks !== true && onExcessProperty !== "error"

const readSeat = (row: unknown, options: ParseOptions): unknown => {
  if (!isRow(row) || !isDefault(options)) return invalid
  gaveUp = false
  const seat: unknown = Reflect.construct(ReadSeat, [row])
  return gaveUp ? invalid : seat
}

const readList = (row: unknown, options: ParseOptions): unknown => {
  if (!isRow(row) || !isDefault(options)) return invalid
  const { available_seats: availableSeats, seats: rows, total_seats: totalSeats } = row
  if (!Number.isSafeInteger(availableSeats) || !Number.isSafeInteger(totalSeats) || !Array.isArray(rows)) return invalid
  const seats: Array<unknown> = []
  for (const row of rows) {
    const seat = readSeat(row, options)
    if (seat === invalid) return invalid
    seats.push(seat)
  }
  return Object.setPrototypeOf({ seats, availableSeats, totalSeats }, SeatsList.prototype)
}

const missingIsNull = <S extends Schema.Constraint>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

/** Makes an instance of the fields of its class. */
export const instanceOf = <Fields, Self>(type: new (fields: Fields) => Self) => ({
  decode: SchemaGetter.transform((fields: Fields) => new type(fields)),
  encode: SchemaGetter.transform((self: Self) => self)
})

// The same schema with a fast reader. The schema itself decodes everything that the reader gives up on
const withReader = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  read: (row: unknown, options: ParseOptions) => unknown
) => {
  const decode = SchemaParser.decodeUnknownEffect(schema)
  const fast = schema.annotate({})
  SchemaCompiler.set(fast.ast, {
    decode: read,
    // A missing key is reported by the struct that expected it
    decodeEffect: (input, options) =>
      input === SchemaCompiler.missing ? Effect.succeed(input) : decode(input, options)
  })
  return fast
}

interface Schemas {
  readonly SeatJson: Schema.Codec<Seat, SeatEncoded>
  readonly SeatsListJson: Schema.Codec<SeatsList, SeatsListEncoded>
}

// The types are written down, because the inferred ones have 50 lines each in every message and hover
const makeSchemas = (): Schemas => {
  const MemberJson = Member.pipe(
    Schema.encodeKeys({
      createdAt: "created_at",
      modifiedAt: "modified_at",
      customerId: "customer_id",
      externalId: "external_id"
    }),
    Schema.annotateEncoded({ identifier: "Member" })
  )

  const { exactMetadata: _, ...fields } = Seat.fields
  const SeatJson = Schema.Struct({
    ...fields,
    memberId: missingIsNull(MemberId),
    member: missingIsNull(MemberJson),
    email: missingIsNull(Schema.String)
  }).pipe(
    Schema.encodeKeys({
      createdAt: "created_at",
      modifiedAt: "modified_at",
      subscriptionId: "subscription_id",
      orderId: "order_id",
      customerId: "customer_id",
      memberId: "member_id",
      customerEmail: "customer_email",
      invitationTokenExpiresAt: "invitation_token_expires_at",
      claimedAt: "claimed_at",
      revokedAt: "revoked_at",
      seatMetadata: "seat_metadata"
    }),
    Schema.annotateEncoded({ identifier: "CustomerSeat" }),
    Schema.decodeTo(Schema.toType(Seat), instanceOf(Seat)),
    (schema) => withReader(schema, readSeat)
  )
  const SeatsListJson = Schema.Struct({
    seats: Schema.Array(SeatJson),
    availableSeats: SeatsList.fields.availableSeats,
    totalSeats: SeatsList.fields.totalSeats
  }).pipe(
    Schema.encodeKeys({ availableSeats: "available_seats", totalSeats: "total_seats" }),
    Schema.annotateEncoded({ identifier: "SeatsList" }),
    Schema.decodeTo(Schema.toType(SeatsList), instanceOf(SeatsList)),
    (schema) => withReader(schema, readList)
  )
  return { SeatJson, SeatsListJson }
}

let made: Schemas | undefined

/**
 * The schemas of `SeatJson`, made on the first call. Making them takes longer than a call, and the client needs them only
 * for an answer that a fast reader gives up on.
 */
export const schemas = (): Schemas => (made ??= makeSchemas())

/** The text of a value in the text of an object. */
export const valueOf = (object: string, key: string): string => new Map(entriesOf(object)).get(key) ?? ""

/** The seat with its exact metadata, if its text has numbers that JavaScript cannot hold. */
export const addExactMetadata = (seat: Seat, text = ""): Seat => {
  const exactMetadata = valueOf(text, "seat_metadata")
  return holdsExactly(exactMetadata) ? seat : new Seat({ ...seat, exactMetadata })
}

/**
 * Decodes a text: by `read`, or by the schema if that gives up. If the text has numbers that JavaScript cannot hold,
 * `addExact` adds the exact metadata to the value.
 */
export const makeDecoder =
  <A>(
    type: abstract new (...args: never) => A,
    read: (json: unknown, options: ParseOptions) => unknown,
    schema: () => Schema.Codec<A, unknown>,
    addExact: (value: A, text: string) => A
  ) =>
  (text: string): Result.Result<A, Schema.SchemaError> => {
    const json = Result.try((): unknown => JSON.parse(text))
    if (Result.isFailure(json)) return Schema.decodeResult(Schema.fromJsonString(schema()))(text)
    hasNumber = false
    const value = read(json.success, {})
    const isRead = value instanceof type
    if (isRead && !(hasNumber && mayBeInexact.test(text))) return Result.succeed(value)
    const isExact = holdsExactly(text)
    if (isExact && isRead) return Result.succeed(value)
    const decoded = Schema.decodeUnknownResult(schema())(isExact ? json.success : parseFinite(text))
    return isExact ? decoded : Result.map(decoded, (value) => addExact(value, text))
  }

export const decodeSeat = makeDecoder(Seat, readSeat, () => schemas().SeatJson, addExactMetadata)
export const decodeSeats = makeDecoder(
  SeatsList,
  readList,
  () => schemas().SeatsListJson,
  (list, text) => {
    const texts = entriesOf(valueOf(text, "seats"))
    return new SeatsList({ ...list, seats: list.seats.map((seat, index) => addExactMetadata(seat, texts[index]?.[1])) })
  }
)
