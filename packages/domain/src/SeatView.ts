import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { type Invitation, Seat, SeatsList } from "./Seat.ts"
import { Timestamp } from "./Timestamp.ts"

/** The state of a seat's invitation as JSON: `{ "_tag": "Live", "expiresAt": "…" }`. It decodes to an `Invitation`. */
export const InvitationView = /* @__PURE__ */ Schema.TaggedUnion({
  Live: { expiresAt: Timestamp },
  Expired: { expiredAt: Timestamp },
  Unlimited: {},
  None: {}
})
export type InvitationView = Invitation

/**
 * A seat for a reader without this library, such as a browser. Its JSON is that of `Seat`, with two members added:
 * `holderEmail` and the state of the invitation at the moment of `fromSeat`.
 */
export class SeatView extends Schema.Class<SeatView>("SeatView")({
  ...Seat.fields,
  holderEmail: Schema.NullOr(Schema.String),
  invitation: InvitationView
}) {
  /** The view of a seat at `now`, which `Seats.now` gives. */
  static fromSeat(seat: Seat, now: DateTime.Utc): SeatView {
    return new SeatView({ ...seat, holderEmail: seat.holderEmail, invitation: seat.invitation(now) })
  }

  /** The seat itself, with its methods. */
  get seat(): Seat {
    return new Seat(this)
  }
}

/** The seats of a subscription or an order, each as a `SeatView`. */
export class SeatsListView extends Schema.Class<SeatsListView>("SeatsListView")({
  ...SeatsList.fields,
  seats: Schema.Array(SeatView)
}) {
  /** The view of a list at `now`, which `Seats.now` gives. */
  static fromList({ availableSeats, seats, totalSeats }: SeatsList, now: DateTime.Utc): SeatsListView {
    return new SeatsListView({ availableSeats, totalSeats, seats: seats.map((seat) => SeatView.fromSeat(seat, now)) })
  }
}
