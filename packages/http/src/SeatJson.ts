import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

const MemberJson = Member.pipe(
  Schema.encodeKeys({
    createdAt: "created_at",
    modifiedAt: "modified_at",
    customerId: "customer_id",
    externalId: "external_id"
  }),
  Schema.annotateEncoded({ identifier: "Member" })
)

/** Polar's `CustomerSeat`: decodes to a `Seat`, encodes to the JSON that Polar sends, key by key in its order. */
export const SeatJson = Schema.Struct({
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

/** Polar's `SeatsList`. */
export const SeatsListJson = Schema.Struct({
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
