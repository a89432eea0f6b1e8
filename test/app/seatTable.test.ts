import { formatSeatTable } from "../../packages/app/src/output/seatTable.ts"
import { SeatJson } from "@polar-seats/http/SeatJson"
import { DateTime, Schema } from "effect"
import { assert, it } from "vitest"

// https://polar.sh/docs/api-reference/customer-portal/seats/resend-invitation
const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
const pending = (email: string, expires: string | null) =>
  Schema.decodeUnknownSync(SeatJson)({
    created_at: "2023-11-07T05:31:56Z",
    modified_at: null,
    id,
    status: "pending",
    subscription_id: id,
    order_id: null,
    customer_id: id,
    member_id: id,
    email,
    customer_email: email,
    invitation_token_expires_at: expires,
    claimed_at: null,
    revoked_at: null,
    seat_metadata: {}
  })

const now = DateTime.makeUnsafe("2023-11-07T12:00:00Z")
const seats = [
  pending("ann.with.a.long.name@acme.example.com", "2023-11-07T12:01:30Z"),
  pending("ben@acme.com", "2023-11-07T13:59:30Z"),
  pending("eve@acme.com", "2023-11-05T12:00:00Z"),
  pending("uli@acme.com", null)
]

it("the seat table shows the state of each link, and cuts only addresses to fit 80 columns", () => {
  assert.deepEqual(formatSeatTable(seats, now, 80), [
    "SEAT                                  STATUS   HOLDER         INVITATION",
    `${id}  pending  ann.with.a.l…  live, 1 min left`,
    `${id}  pending  ben@acme.com   live, 119 min left`,
    `${id}  pending  eve@acme.com   expired 48 h ago`,
    `${id}  pending  uli@acme.com   live, no end`
  ])
  assert.include(formatSeatTable(seats, now).join("\n"), "ann.with.a.long.name@acme.example.com  live, 1 min left\n")
  assert.include(formatSeatTable(seats, now, 20).join("\n"), " HOLDER  INVITATION\n")
})
