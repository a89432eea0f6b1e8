import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { format } from "@polar-seats/domain/Timestamp"
import type { CustomerSession } from "../../PolarApi.ts"
import type { SoldSubscription } from "../model/reads.ts"
import type { Session } from "../model/sessions.ts"

type Json = { readonly [key: string]: Schema.Json }

const nulls = (...keys: ReadonlyArray<string>): Json => Object.fromEntries(keys.map((key) => [key, null]))

/** A complete `CustomerSubscription` of Polar. Fields that the model does not have are empty, and every price is 0. */
export const customerSubscription = ({ checkoutId, organization, subscription }: SoldSubscription): Json => {
  const createdAt = format(subscription.createdAt)
  return {
    created_at: createdAt,
    modified_at: null,
    id: subscription.id,
    amount: 0,
    currency: "usd",
    recurring_interval: "month",
    recurring_interval_count: 1,
    status: subscription.status,
    current_period_start: format(subscription.currentPeriodStart),
    current_period_end: subscription.currentPeriodEnd === null ? null : format(subscription.currentPeriodEnd),
    ...nulls("current_meter_period_start", "current_meter_period_end", "trial_start", "trial_end"),
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    canceled_at: null,
    started_at: createdAt,
    ...nulls("ends_at", "ended_at", "past_due_at"),
    pause_at_period_end: false,
    ...nulls("paused_at", "resumes_at"),
    customer_id: subscription.customerId,
    product_id: subscription.productId,
    discount_id: null,
    checkout_id: checkoutId,
    seats: subscription.seats,
    // Units are another kind of price. A subscription with seats has none
    units: null,
    ...nulls("customer_cancellation_reason", "customer_cancellation_comment"),
    product: {
      id: subscription.productId,
      created_at: createdAt,
      modified_at: null,
      ...nulls("trial_interval", "trial_interval_count"),
      name: subscription.productName,
      description: null,
      visibility: "public",
      recurring_interval: "month",
      recurring_interval_count: 1,
      ...nulls("meter_interval", "meter_interval_count"),
      is_recurring: true,
      is_archived: false,
      organization_id: organization.id,
      prices: [],
      benefits: [],
      medias: [],
      organization: {
        created_at: createdAt,
        modified_at: null,
        id: organization.id,
        name: organization.name ?? organization.slug,
        slug: organization.slug,
        avatar_url: null,
        proration_behavior: "prorate",
        allow_customer_updates: true,
        customer_portal_settings: {
          usage: { show: true },
          subscription: { update_seats: true, update_plan: true, pause: false },
          customer: { allow_email_change: false }
        },
        organization_features: {
          member_model_enabled: organization.memberModelEnabled,
          checkout_localization_enabled: false
        }
      }
    },
    prices: [],
    meters: [],
    pending_update: null
  }
}

/** Polar's `CustomerSession` with a complete customer. Fields that the model does not have are empty. */
export const customerSession = (
  { createdAt, customer, expiresAt, id, organization, token: secret }: Session,
  returnUrl: string | null
): typeof CustomerSession.Type => {
  const token = Redacted.value(secret)
  return {
    created_at: createdAt,
    modified_at: null,
    id,
    token,
    expires_at: expiresAt,
    return_url: returnUrl,
    customer_portal_url: `https://polar.sh/${organization.slug}/portal?customer_session_token=${token}`,
    customer_id: customer.id,
    customer: {
      id: customer.id,
      created_at: format(customer.createdAt),
      modified_at: null,
      metadata: {},
      external_id: customer.externalId,
      email: customer.email,
      email_verified: false,
      type: "individual",
      name: customer.name,
      ...nulls("billing_name", "billing_address", "tax_id", "locale"),
      organization_id: organization.id,
      ...nulls("default_payment_method_id", "deleted_at", "first_user_event_at", "avatar_url")
    }
  }
}
