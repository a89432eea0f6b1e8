import { Member, MemberId, Seat, SeatsList } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaCompiler from "effect/schema/SchemaCompiler"
import * as SchemaParser from "effect/SchemaParser"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { lazily } from "./lazily.ts"
import { list, seat } from "./seatDecoder.ts"

// What is as usual is read fast, and the description has the last word on all else
const described = (schema: Schema.Codec<unknown, unknown>): SchemaCompiler.DecodeEffect => {
  const decode = SchemaParser.decodeUnknownEffect(schema)
  // Of a key that is not there the one who looked for it has to tell
  return (input, options) => (input === SchemaCompiler.missing ? Effect.succeed(input) : decode(input, options))
}

// What older versions of the API leave out
const missingIsNull = <S extends Schema.Constraint>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

/** The schemas of `SeatJson`, made when they are first asked for: a client that is sent what is usual never asks. */
export const schemas = lazily(() => {
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
    Schema.decodeTo(
      Schema.toType(Seat),
      SchemaTransformation.transform({ decode: (fields) => new Seat(fields), encode: (seat) => seat })
    )
  )

  const SeatJson = DescribedSeat.annotate({})

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

  const SeatsListJson = DescribedList.annotate({})

  SchemaCompiler.set(SeatJson.ast, { decode: seat, decodeEffect: described(DescribedSeat) })
  SchemaCompiler.set(SeatsListJson.ast, { decode: list, decodeEffect: described(DescribedList) })
  return { SeatJson, SeatsListJson }
})
