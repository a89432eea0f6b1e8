import * as Schema from "effect/Schema"
import { CustomerId } from "./Seat.ts"
import { SubscriptionId } from "./SeatSource.ts"
import { Timestamp } from "./Timestamp.ts"
import { Uuid } from "./Uuid.ts"

/** A subscription in which somebody sits: what a seat holder wants to know of Polar's `CustomerSubscription`. */
export class ClaimedSubscription extends Schema.Class<ClaimedSubscription>("ClaimedSubscription")({
  id: SubscriptionId,
  createdAt: Timestamp,
  /** Open: `active`, `trialing`, `past_due`, `canceled`, … */
  status: Schema.String,
  /** The buyer. */
  customerId: CustomerId,
  productId: Uuid,
  productName: Schema.String,
  currentPeriodStart: Timestamp,
  currentPeriodEnd: Schema.NullOr(Timestamp),
  cancelAtPeriodEnd: Schema.Boolean,
  seats: Schema.NullOr(Schema.Int)
}) {}
