import type { WorldInput } from "@polar-seats/emulator/World"

/** The session of the only customer in the world below. */
export const token = "polar_cst_acme"

const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

/** A team of three seats. When the test clock starts, one invitation is live, one has expired, and one seat is claimed. */
export const world: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscriptionId, product, customer, seats: 5 }],
  seats: [
    {
      subscriptionId,
      status: "pending",
      email: "ann@acme.com",
      invitationToken: "ann",
      invitationTokenExpiresAt: "1970-01-02T00:00:00Z"
    },
    {
      subscriptionId,
      status: "pending",
      email: "eve@acme.com",
      invitationToken: "eve",
      invitationTokenExpiresAt: "1969-12-31T00:00:00Z"
    },
    { subscriptionId, status: "claimed", email: "ben@acme.com" }
  ],
  tokens: [{ token, customer }]
}
