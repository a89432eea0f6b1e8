/** A customer's session, an organization's token, and one that may only read. */
export const session = "polar_cst_s3cret_session"
export const organization = "polar_oat_s3cret_organization"
export const readOnly = "polar_oat_s3cret_read_only"

export const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
export const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"

/** The addresses that the command may mail. Two seats are free for them. */
export const addresses = ["smoke-one@acme.com", "smoke-two@acme.com"] as const

const seat = {
  subscription_id: subscription,
  customer_id: customer,
  created_at: "2026-11-01T06:00:00Z",
  seat_metadata: { team: "blue" }
}

/** A team of five seats. One invitation is live, one has expired, one seat is claimed and one is revoked. */
export const world = {
  organizations: [{ slug: "acme", name: "Acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer, seats: 5 }],
  seats: [
    {
      ...seat,
      id: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
      status: "pending",
      email: "ann@acme.com",
      invitation_token: "s3cret-ann",
      invitation_token_expires_at: "2099-11-02T06:00:00Z"
    },
    {
      ...seat,
      id: "5c1f3a52-7d84-4d15-9a0b-2f1d6c7e8b90",
      status: "pending",
      email: "eve@acme.com",
      invitation_token: "s3cret-eve",
      invitation_token_expires_at: "2026-11-02T06:00:00Z"
    },
    {
      ...seat,
      id: "2b7e1516-28ae-4d2a-abf7-158809cf4f3c",
      status: "claimed",
      email: "ben@acme.com",
      claimed_at: "2026-11-01T07:00:00Z"
    },
    {
      ...seat,
      id: "0b6f2f0e-3c53-4c9e-8a59-8d8d5f1a2b3c",
      customer_id: null,
      status: "revoked",
      email: null,
      revoked_at: "2026-11-01T08:00:00Z"
    }
  ],
  tokens: [
    { token: session, customer },
    {
      token: organization,
      organization: "acme",
      scopes: ["customer_seats:read", "customer_seats:write", "customer_sessions:write"]
    },
    { token: readOnly, organization: "acme", scopes: ["customer_seats:read"] }
  ]
}
