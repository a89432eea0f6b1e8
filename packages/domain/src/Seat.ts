import * as DateTime from "effect/DateTime"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { OrderId, SeatSource, SubscriptionId } from "./SeatSource.ts"
import { Timestamp } from "./Timestamp.ts"
import { Uuid, UuidV4 } from "./Uuid.ts"

/** The id of a seat: a UUID of version 4. Decoding accepts every spelling that Polar does and gives the canonical one. */
export const SeatId = UuidV4.pipe(Schema.brand("SeatId"))
export type SeatId = typeof SeatId.Type

/** The id of a customer in Polar. */
export const CustomerId = Uuid.pipe(Schema.brand("CustomerId"))
export type CustomerId = typeof CustomerId.Type

/** The id of a member of a customer in Polar. */
export const MemberId = Uuid.pipe(Schema.brand("MemberId"))
export type MemberId = typeof MemberId.Type

/** The three states a seat can be in today. */
export const KnownSeatStatus = Schema.Literals(["pending", "claimed", "revoked"])
export type KnownSeatStatus = typeof KnownSeatStatus.Type

/** The state of a seat. Open: a state that Polar adds one day is decoded as it is, and the compiler asks what to do with it. */
export const SeatStatus = Schema.Union([KnownSeatStatus, Schema.String.pipe(Schema.brand("UnknownSeatStatus"))])
export type SeatStatus = typeof SeatStatus.Type

/** What a member may do for the customer. Open, like `SeatStatus`. */
export const MemberRole = Schema.Union([
  Schema.Literals(["owner", "billing_manager", "member"]),
  Schema.String.pipe(Schema.brand("UnknownMemberRole"))
])
export type MemberRole = typeof MemberRole.Type

const NullableUtc = Schema.NullOr(Timestamp)

/** A person who belongs to a customer, as Polar shows them beside a seat. */
export class Member extends Schema.Class<Member>("Member")({
  id: MemberId,
  createdAt: Timestamp,
  modifiedAt: NullableUtc,
  customerId: CustomerId,
  email: Schema.String,
  name: Schema.NullOr(Schema.String),
  externalId: Schema.NullOr(Schema.String),
  role: MemberRole
}) {}

/**
 * What is known of a seat's invitation at a moment. `Expired` is what Polar does not tell: a resend would still answer
 * 200 and mail a link that nobody can use. `Unlimited` is a pending seat without an expiry, `None` a seat that is not pending.
 */
export type Invitation = Data.TaggedEnum<{
  Live: { readonly expiresAt: DateTime.Utc }
  Expired: { readonly expiredAt: DateTime.Utc }
  Unlimited: {}
  None: {}
}>
export const Invitation = Data.taggedEnum<Invitation>()

const nullByDefault = <S extends Schema.Constraint & Schema.WithoutConstructorDefault>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withConstructorDefault(Effect.succeed(null)))

/**
 * A seat as Polar shows it (`CustomerSeat`). It promises no more than Polar does: a pending seat may carry `claimedAt`
 * and `revokedAt`, and `member` may be a person whose seat was just revoked.
 */
export class Seat extends Schema.Class<Seat>("Seat")({
  createdAt: Timestamp,
  modifiedAt: NullableUtc,
  id: SeatId,
  /** One of `subscriptionId` and `orderId` is set: where the seat was bought. */
  subscriptionId: Schema.NullOr(SubscriptionId),
  orderId: Schema.NullOr(OrderId),
  status: SeatStatus,
  /** The buyer where the organization uses members, else the seat holder; null once revoked. */
  customerId: Schema.NullOr(CustomerId),
  memberId: nullByDefault(MemberId),
  member: nullByDefault(Member),
  email: nullByDefault(Schema.String),
  customerEmail: Schema.NullOr(Schema.String),
  /** The end of the invitation's 24 hours. A resend does not move it, and it stays after a claim or a revocation. */
  invitationTokenExpiresAt: NullableUtc,
  claimedAt: NullableUtc,
  revokedAt: NullableUtc,
  seatMetadata: Schema.NullOr(Schema.Record(Schema.String, Schema.Json))
}) {
  /** The address that Polar would mail, found in Polar's order: the seat's own, the member's, the customer's. */
  get holderEmail(): string | null {
    return this.email ?? this.member?.email ?? this.customerEmail
  }

  /** The subscription or order that the seat was bought with. Null if Polar names neither. */
  get source(): SeatSource | null {
    if (this.subscriptionId !== null) return SeatSource.Subscription({ id: this.subscriptionId })
    return this.orderId === null ? null : SeatSource.Order({ id: this.orderId })
  }

  /** The state of the invitation at `now`. A link is good up to and including the instant it expires at. */
  invitation(now: DateTime.Utc): Invitation {
    if (this.status !== "pending") return Invitation.None()
    const expiresAt = this.invitationTokenExpiresAt
    if (expiresAt === null) return Invitation.Unlimited()
    return DateTime.isLessThan(expiresAt, now)
      ? Invitation.Expired({ expiredAt: expiresAt })
      : Invitation.Live({ expiresAt })
  }
}

/** Every seat of a subscription or an order, revoked ones included, in no promised order (`SeatsList`). */
export class SeatsList extends Schema.Class<SeatsList>("SeatsList")({
  seats: Schema.Array(Seat),
  availableSeats: Schema.Int,
  totalSeats: Schema.Int
}) {}
