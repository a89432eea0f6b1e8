/** A part of Polar's API for seats, with the token that opens it. */
export interface Surface {
  readonly name: "portal" | "organization"
  /** The path of its seats. */
  readonly seats: string
  readonly token: string
  /** The names of the sources that an assignment may have, as Polar lists them. */
  readonly sources: string
}

export const portalSurface = (token: string): Surface => ({
  name: "portal",
  seats: "/v1/customer-portal/seats",
  token,
  sources: "subscription_id, order_id, or checkout_id"
})

export const organizationSurface = (token: string): Surface => ({
  name: "organization",
  seats: "/v1/customer-seats",
  token,
  sources: "subscription_id or order_id"
})
