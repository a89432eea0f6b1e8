/** The session that every contender sends. */
export const token = "polar_cst_bench"

/** The subscription of all seats. */
export const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

/** The id of a seat by its number: a UUID of version 4 whose last twelve digits are that number. */
export const seatId = (index: number): string => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`

/** The number of a seat whose id is `seatId(number)`. */
export const indexOf = (id: string): number => Number.parseInt(id.slice(24), 16)

/** A pending seat of an organization with members, as Polar writes it. */
export const seatJson = (id: string) => ({
  created_at: "2026-08-22T10:00:00.123456Z",
  modified_at: null,
  id,
  subscription_id: subscriptionId,
  order_id: null,
  status: "pending",
  customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
  member_id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
  member: {
    id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
    created_at: "2026-08-22T10:00:00.123456Z",
    modified_at: null,
    customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
    email: "ann@acme.com",
    name: null,
    external_id: null,
    role: "member"
  },
  email: "ann@acme.com",
  customer_email: "ann@acme.com",
  invitation_token_expires_at: "2026-08-23T10:00:00.123456Z",
  claimed_at: null,
  revoked_at: null,
  seat_metadata: {}
})

/** A list of `count` seats, as Polar sends it. */
export const seatsListJson = (count: number) => ({
  seats: Array.from({ length: count }, (_, index) => seatJson(seatId(index))),
  available_seats: 0,
  total_seats: count
})

/** A list of `count` pending seats, each of another person, invited twelve hours ago. */
export const pendingSeatsJson = (count: number) => {
  const expiresAt = new Date(Date.now() + 12 * 60 * 60 * 1000).toISOString()
  const seats = Array.from({ length: count }, (_, index) => {
    const id = seatId(index + 1)
    const email = `${index + 1}@acme.com`
    const seat = seatJson(id)
    return {
      ...seat,
      member_id: id,
      member: { ...seat.member, id, email },
      email,
      customer_email: email,
      invitation_token_expires_at: expiresAt
    }
  })
  return { seats, available_seats: 0, total_seats: count }
}

/** The path that lists the seats of the subscription. */
export const listPath = `/v1/customer-portal/seats?subscription_id=${subscriptionId}`

/** The path that resends the invitation of a seat. */
export const resendPath = (id: string): string => `/v1/customer-portal/seats/${id}/resend`
