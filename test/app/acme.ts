import { assert } from "vitest"
import { get, post, startEmulator } from "./runCli.ts"

/** The buyer: Polar's id of the customer, and the organization's id of the customer. */
export const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
export const externalCustomer = "acme-1"
export const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

/** The buyer's session, and the token of the organization that sells to the buyer. */
export const session = "polar_cst_s3cret"
export const organization = "polar_oat_s3cret"
/** An organization token without any scope. */
export const powerless = "polar_oat_s3cret_powerless"

const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const seat = { subscription_id: subscription, customer_id: customer, created_at: "2026-11-22T06:00:00Z" }

/** Starts an emulator in which Acme has bought some seats, and seeds those that are assigned. The caller must stop it. */
export const startAcme = async (seats: number, given: ReadonlyArray<Readonly<Record<string, unknown>>>) => {
  const { firstLine: url, stop } = await startEmulator()
  const seeded = await post(`${url}/_emulator/seed`, {
    organizations: [{ slug: "acme", name: "Acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com", external_id: externalCustomer }],
    subscriptions: [{ id: subscription, product, customer, seats }],
    seats: given.map((each) => ({ ...seat, ...each })),
    tokens: [
      { token: session, customer },
      {
        token: organization,
        organization: "acme",
        scopes: ["customer_seats:read", "customer_seats:write", "customer_sessions:write"]
      },
      { token: powerless, organization: "acme", scopes: [] }
    ]
  })
  assert.strictEqual(seeded.status, 200)

  interface Seat {
    readonly id: string
    readonly status: string
    readonly [key: string]: unknown
  }
  const listed = async () =>
    (await get(`${url}/v1/customer-portal/seats?subscription_id=${subscription}`, session)) as {
      readonly seats: ReadonlyArray<Seat>
      readonly available_seats: number
    }
  const seatOf = async (id: string) => (await listed()).seats.find((seat) => seat.id === id)
  const mails = async () =>
    (await get(`${url}/_emulator/outbox`)) as ReadonlyArray<{
      readonly seat_id: string
      readonly to: string
      readonly claim_url: string
    }>
  return { url, stop, listed, seatOf, mails }
}
