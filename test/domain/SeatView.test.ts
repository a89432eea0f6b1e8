import { assert, it } from "@effect/vitest"
import { Invitation, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { SeatsListView, SeatView } from "@polar-seats/domain/SeatView"
import { DateTime, Duration, Schema } from "effect"

const encode = Schema.encodeSync(SeatView)
const encodeSeat = Schema.encodeSync(Seat)
const decode = Schema.decodeUnknownSync(SeatView)

it.prop("the JSON of a view is that of the seat, with two members added", [Seat, Schema.DateTimeUtc], ([seat, now]) => {
  const { holderEmail, invitation, ...rest } = encode(SeatView.fromSeat(seat, now))
  assert.deepEqual(rest, encodeSeat(seat))
  assert.strictEqual(holderEmail, seat.holderEmail)
  assert.strictEqual(invitation._tag, seat.invitation(now)._tag)
})

// As text, because JSON writes the -0 of metadata as 0
it.prop("a view decodes to what it was, and gives the seat back", [Seat, Schema.DateTimeUtc], ([seat, now]) => {
  const text = JSON.stringify(encode(SeatView.fromSeat(seat, now)))
  const view = decode(JSON.parse(text))
  assert.strictEqual(JSON.stringify(encode(view)), text)
  assert.instanceOf(view.seat, Seat)
  assert.strictEqual(JSON.stringify(encodeSeat(view.seat)), JSON.stringify(encodeSeat(seat)))
})

const expiresAt = DateTime.makeUnsafe("2026-11-22T07:00:00Z")
const pending = new Seat({
  createdAt: expiresAt,
  modifiedAt: null,
  id: Seat.fields.id.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"),
  subscriptionId: null,
  orderId: null,
  status: "pending",
  customerId: null,
  customerEmail: "ann@acme.com",
  invitationTokenExpiresAt: expiresAt,
  claimedAt: null,
  revokedAt: null,
  seatMetadata: null
})

it.each([
  [Duration.zero, { _tag: "Live", expiresAt: "2026-11-22T07:00:00Z" }],
  [Duration.millis(1), { _tag: "Expired", expiredAt: "2026-11-22T07:00:00Z" }]
] as const)("the invitation is judged at the time of the view: %j after its end", (after, invitation) => {
  const view = SeatView.fromSeat(pending, DateTime.addDuration(expiresAt, after))
  assert.deepEqual(encode(view).invitation, invitation)
  assert.strictEqual(encode(view).holderEmail, "ann@acme.com")
  assert.strictEqual(
    Invitation.$match(view.invitation, {
      Live: () => "Live",
      Expired: () => "Expired",
      Unlimited: () => "",
      None: () => ""
    }),
    invitation._tag
  )
})

it("a list keeps its counts, and shows each seat", () => {
  const list = new SeatsList({ seats: [pending], availableSeats: 1, totalSeats: 2 })
  const view = SeatsListView.fromList(list, expiresAt)
  assert.deepInclude(Schema.encodeSync(SeatsListView)(view), { availableSeats: 1, totalSeats: 2 })
  assert.deepEqual(view.seats, [SeatView.fromSeat(pending, expiresAt)])
})
