import { post } from "../app/runCli.ts"

export const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
export const owner = "3f0c3c8e-5d6b-4f0a-9a3e-0d6a1c8f7b21"
export const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
export const session = "polar_cst_s3cret"
export const organization = "polar_oat_s3cret"
export const webhookSecret = "polar_whs_s3cret0123456789"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"

const world = {
  organizations: [{ slug: "acme", name: "Acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com", external_id: "acme-1" }],
  members: [{ id: owner, customer, email: "billing@acme.com", role: "owner" }],
  subscriptions: [{ id: subscription, product, customer, seats: 5 }],
  tokens: [
    { token: session, customer },
    { token: organization, organization: "acme", scopes: ["customer_sessions:write"] }
  ]
}

/** Puts a team, one mail with its invitation, and a webhook with its secret into an emulator. */
export const fill = async (url: string): Promise<void> => {
  await post(`${url}/_emulator/seed`, world)
  await post(`${url}/_emulator/settings`, { webhook: { url: "http://127.0.0.1:9/hook", secret: webhookSecret } })
  await fetch(`${url}/v1/customer-portal/seats`, {
    method: "POST",
    headers: { authorization: `Bearer ${session}`, "content-type": "application/json" },
    body: JSON.stringify({ subscription_id: subscription, email: "ann@acme.com" })
  })
}
