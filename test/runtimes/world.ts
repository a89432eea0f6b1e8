export const token = "polar_cst_acme"
export const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
export const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"

const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscription_id = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

/** The world of the emulator: an invitation that can be resent, and a claimed seat. */
export const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription_id, product, customer, seats: 5 }],
  seats: [
    { id: ann, subscription_id, status: "pending", email: "ann@acme.com", invitation_token: "ann" },
    { id: ben, subscription_id, status: "claimed", email: "ben@acme.com" }
  ],
  tokens: [{ token, customer }]
}
