import * as Redacted from "effect/Redacted"
import { format } from "@polar-seats/domain/Timestamp"
import type { CustomerSession } from "../../PolarApi.ts"
import type { Session } from "../model/sessions.ts"
import { nulls } from "./subscriptionJson.ts"

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
