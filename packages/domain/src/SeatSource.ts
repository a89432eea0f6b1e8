import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import { Uuid } from "./Uuid.ts"

/** The id of a subscription in Polar. */
export const SubscriptionId = Uuid.pipe(Schema.brand("SubscriptionId"))
export type SubscriptionId = typeof SubscriptionId.Type

/** The id of an order in Polar. */
export const OrderId = Uuid.pipe(Schema.brand("OrderId"))
export type OrderId = typeof OrderId.Type

/** The subscription or order that seats are bought with. */
export type SeatSource = Data.TaggedEnum<{
  Subscription: { readonly id: SubscriptionId }
  Order: { readonly id: OrderId }
}>
export const SeatSource = Data.taggedEnum<SeatSource>()
