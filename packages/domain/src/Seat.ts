import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { OrderId, SeatSource, SubscriptionId } from "./SeatSource.ts"
import { Timestamp } from "./Timestamp.ts"
import { Uuid, UuidV4 } from "./Uuid.ts"

/**
 * The id of a seat, a UUID of version 4. Decoding accepts every spelling that Polar accepts, and gives the canonical one.
 * `make` throws at a text that is no id: `RouteParameters.decode` is for ids that users write.
 */
export const SeatId = UuidV4.pipe(Schema.brand("SeatId"))
export type SeatId = typeof SeatId.Type

/** The id of a customer in Polar. */
export const CustomerId = Uuid.pipe(Schema.brand("CustomerId"))
export type CustomerId = typeof CustomerId.Type

/** The id of a member of a customer in Polar. */
export const MemberId = Uuid.pipe(Schema.brand("MemberId"))
export type MemberId = typeof MemberId.Type

/** The three states of a seat that Polar documents. */
export const KnownSeatStatus = Schema.Literals(["pending", "claimed", "revoked"])
export type KnownSeatStatus = typeof KnownSeatStatus.Type

/** The state of a seat. The enum is open: a new value of Polar decodes as it is, and the compiler asks for a default case. */
export const SeatStatus = Schema.Union([KnownSeatStatus, Schema.String.pipe(Schema.brand("UnknownSeatStatus"))])
export type SeatStatus = typeof SeatStatus.Type

/** The role of a member, which decides what they may do. The enum is open, like `SeatStatus`. */
export const MemberRole = Schema.Union([
  Schema.Literals(["owner", "billing_manager", "member"]),
  Schema.String.pipe(Schema.brand("UnknownMemberRole"))
])
export type MemberRole = typeof MemberRole.Type

const NullableUtc = Schema.NullOr(Timestamp)

/** A person who belongs to a customer, as Polar shows them in a seat (`Member`). */
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
 * The state of a seat's invitation at a moment. If it is `Expired`, a resend mails a dead link, and Polar still answers
 * 200. `Unlimited` is a pending seat without an expiry. `None` is a seat that is not pending.
 */
export type Invitation = Data.TaggedEnum<{
  Live: { readonly expiresAt: DateTime.Utc }
  Expired: { readonly expiredAt: DateTime.Utc }
  Unlimited: {}
  None: {}
}>
export const Invitation = Data.taggedEnum<Invitation>()
// `Data.taggedEnum` makes a constructor each time that it is asked for one
const { Expired, Live, None, Unlimited } = Invitation
const { Order, Subscription } = SeatSource

const nullByDefault = <S extends Schema.Constraint & Schema.WithoutConstructorDefault>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withConstructorDefault(Effect.succeed(null)))

/**
 * A seat as Polar shows it (`CustomerSeat`). The class promises no more than Polar does: a pending seat may carry
 * `claimedAt` and `revokedAt`, and `member` may be a person whose seat was just revoked.
 */
export class Seat extends Schema.Class<Seat>("Seat")({
  createdAt: Timestamp,
  modifiedAt: NullableUtc,
  id: SeatId,
  /** The source of the seat: either `subscriptionId` or `orderId` is set. */
  subscriptionId: Schema.NullOr(SubscriptionId),
  orderId: Schema.NullOr(OrderId),
  status: SeatStatus,
  /** The buyer if the organization uses members, otherwise the seat holder. Null after a revocation. */
  customerId: Schema.NullOr(CustomerId),
  memberId: nullByDefault(MemberId),
  member: nullByDefault(Member),
  email: nullByDefault(Schema.String),
  customerEmail: Schema.NullOr(Schema.String),
  /** The end of the invitation's 24 hours. A resend does not change it. It stays after a claim or a revocation. */
  invitationTokenExpiresAt: NullableUtc,
  claimedAt: NullableUtc,
  revokedAt: NullableUtc,
  seatMetadata: Schema.NullOr(Schema.Record(Schema.String, Schema.Json)),
  /**
   * The metadata as the JSON that Polar wrote, if JavaScript cannot hold all of its numbers. Then `seatMetadata` has the
   * nearest ones. Such numbers lie beyond 2^53, or have more digits than a double.
   */
  exactMetadata: Schema.optionalKey(Schema.String)
}) {
  /** The address that Polar mails: the seat's own, otherwise the member's, otherwise the customer's. */
  get holderEmail(): string | null {
    return this.email ?? this.member?.email ?? this.customerEmail
  }

  /** The subscription or order that the seat was bought with. Null if Polar names neither. */
  get source(): SeatSource | null {
    if (this.subscriptionId !== null) return Subscription({ id: this.subscriptionId })
    return this.orderId === null ? null : Order({ id: this.orderId })
  }

  /** The state of the invitation at `now`. A link is live up to and including the instant of its expiry. */
  invitation(now: DateTime.Utc): Invitation {
    if (this.status !== "pending") return None()
    const expiresAt = this.invitationTokenExpiresAt
    if (expiresAt === null) return Unlimited()
    return DateTime.isLessThan(expiresAt, now) ? Expired({ expiredAt: expiresAt }) : Live({ expiresAt })
  }
}

/** Every seat of a subscription or an order, including revoked ones, in no particular order (`SeatsList`). */
export class SeatsList extends Schema.Class<SeatsList>("SeatsList")({
  seats: Schema.Array(Seat),
  availableSeats: Schema.Int,
  totalSeats: Schema.Int
}) {}
