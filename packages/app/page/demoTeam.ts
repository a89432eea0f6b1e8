import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Redacted from "effect/Redacted"

const buyer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
// Not the id in Polar's documents, which your seed may use: the page recognizes the demo by this id
const subscription = SubscriptionId.make("d3a0f5c1-7b2e-4c64-9a1f-5e8b0c7d6a21")

/** The subscription of the demo. */
export const source = SeatSource.Subscription({ id: subscription })

/** The buyer's session. It is a constant, so that a reloaded page continues the demo. It opens nothing else. */
export const session = Redacted.make("polar_cst_demo")

const seat = (id: string, name: string, minutesAgo: number, rest: Readonly<Record<string, unknown>>) => ({
  id,
  subscription_id: subscription,
  customer_id: buyer,
  email: `${name}@acme.com`,
  created_at: `-${minutesAgo} minutes`,
  ...rest
})
const invited = (until: string, token?: string) => ({
  status: "pending",
  invitation_token: token,
  invitation_token_expires_at: until
})

/** A team with an invitation in every state, for `POST /_emulator/seed`. Its times are relative to the emulator's clock. */
export const world = {
  organizations: [{ slug: "acme", name: "Acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: buyer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer: buyer, seats: 8 }],
  seats: [
    seat("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b", "ann", 1800, invited("+18 hours", "demo-ann")),
    seat("2b7e1516-28ae-4d2a-abf7-158809cf4f3c", "ben", 1799, { status: "claimed", claimed_at: "-20 hours" }),
    seat("6bc1bee2-2e40-4f96-b93d-7e117393172a", "eve", 1798, invited("-6 hours", "demo-eve")),
    seat("ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51", "dan", 1797, invited("+5 hours")),
    seat("30c81c46-a35c-4411-a5fb-c1191a0a52ef", "mia", 1796, invited("+3 minutes", "demo-mia"))
  ],
  tokens: [{ token: Redacted.value(session), customer: buyer }]
}
