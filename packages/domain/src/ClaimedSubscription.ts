import * as Schema from "effect/Schema"
import { CustomerId } from "./Seat.ts"
import { SubscriptionId } from "./SeatSource.ts"
import { Timestamp } from "./Timestamp.ts"
import { Uuid } from "./Uuid.ts"

/** A subscription in which a person holds a seat: the fields of Polar's `CustomerSubscription` that a seat holder needs. */
export class ClaimedSubscription extends Schema.Class<ClaimedSubscription>("ClaimedSubscription")({
  id: SubscriptionId,
  createdAt: Timestamp,
  /** An open enum: `active`, `trialing`, `past_due`, `canceled`, … */
  status: Schema.String,
  /** The customer who bought it. */
  customerId: CustomerId,
  productId: Uuid,
  productName: Schema.String,
  currentPeriodStart: Timestamp,
  currentPeriodEnd: Schema.NullOr(Timestamp),
  cancelAtPeriodEnd: Schema.Boolean,
  seats: Schema.NullOr(Schema.Int)
}) {}
