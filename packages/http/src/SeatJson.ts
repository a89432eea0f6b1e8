import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaCompiler from "effect/schema/SchemaCompiler"
import * as SchemaParser from "effect/SchemaParser"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { list, seat } from "./internal/seatDecoder.ts"

const MemberJson = Member.pipe(
  Schema.encodeKeys({
    createdAt: "created_at",
    modifiedAt: "modified_at",
    customerId: "customer_id",
    externalId: "external_id"
  }),
  Schema.annotateEncoded({ identifier: "Member" })
)

const DescribedSeat = Schema.Struct({
  ...Seat.fields,
  member: Schema.NullOr(MemberJson).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
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
  Schema.decodeTo(
    Schema.toType(Seat),
    SchemaTransformation.transform({ decode: (fields) => new Seat(fields), encode: (seat) => seat })
  )
)

/** Polar's `CustomerSeat`: decodes to a `Seat`, encodes to the JSON that Polar sends, key by key in its order. */
export const SeatJson = DescribedSeat.annotate({})

const DescribedList = Schema.Struct({
  seats: Schema.Array(SeatJson),
  availableSeats: SeatsList.fields.availableSeats,
  totalSeats: SeatsList.fields.totalSeats
}).pipe(
  Schema.encodeKeys({ availableSeats: "available_seats", totalSeats: "total_seats" }),
  Schema.annotateEncoded({ identifier: "SeatsList" }),
  Schema.decodeTo(
    Schema.toType(SeatsList),
    SchemaTransformation.transform({ decode: (fields) => new SeatsList(fields), encode: (list) => list })
  )
)

/** Polar's `SeatsList`. */
export const SeatsListJson = DescribedList.annotate({})

// What is as usual is read fast, and the description has the last word on all else
const described = (schema: Schema.Codec<unknown, unknown>): SchemaCompiler.DecodeEffect => {
  const decode = SchemaParser.decodeUnknownEffect(schema)
  // Of a key that is not there the one who looked for it has to tell
  return (input, options) => (input === SchemaCompiler.missing ? Effect.succeed(input) : decode(input, options))
}
SchemaCompiler.set(SeatJson.ast, { decode: seat, decodeEffect: described(DescribedSeat) })
SchemaCompiler.set(SeatsListJson.ast, { decode: list, decodeEffect: described(DescribedList) })
