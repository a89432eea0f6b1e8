import type { WorldInput } from "@polar-seats/emulator/World"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { DateTime } from "effect"

const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const subscriptionId = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")

export const token = "polar_cst_acme"
export const source = SeatSource.Subscription({ id: subscriptionId })

const uuid = (index: number) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`

/** A world with a team that has the given number of seats of each kind at `now`. */
export const teamOf = (
  now: DateTime.Utc,
  { claimed = 0, expired = 0, live = 0, revoked = 0 }: Record<string, number>
): WorldInput => {
  const at = (hours: number) => DateTime.formatIso(DateTime.add(now, { hours }))
  const kinds = [
    ...Array.from({ length: live }, () => "live"),
    ...Array.from({ length: expired }, () => "expired"),
    ...Array.from({ length: claimed }, () => "claimed"),
    ...Array.from({ length: revoked }, () => "revoked")
  ]
  return {
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscriptionId, product, customer, seats: kinds.length }],
    seats: kinds.map((kind, index) => ({
      id: uuid(index),
      subscriptionId,
      createdAt: at(-48),
      ...(kind === "revoked"
        ? { status: "revoked", revokedAt: at(-1) }
        : {
            customerId: customer,
            email: `${kind}-${index}@acme.com`,
            ...(kind === "claimed"
              ? { status: "claimed", claimedAt: at(-24) }
              : {
                  status: "pending",
                  invitationToken: `token-${index}`,
                  invitationTokenExpiresAt: at(kind === "live" ? 12 : -12)
                })
          })
    })),
    tokens: [{ token, customer }]
  }
}
