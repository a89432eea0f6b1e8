import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import type { Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import { matchAny } from "./addressPatterns.ts"
import type { ListFlags } from "./flags.ts"

// As in Polar's portal. A status that is not known yet comes before the revoked ones
const places: Readonly<Record<string, number>> = { claimed: 0, pending: 1, revoked: 3 }

const nothingLast = <A>(order: Order.Order<A>): Order.Order<A | null> =>
  Order.make((one, other) => {
    if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1
    return order(one, other)
  })

const byTime = (timeOf: (seat: Seat) => DateTime.Utc | null) => Order.mapInput(nothingLast(DateTime.Order), timeOf)
const byText = (textOf: (seat: Seat) => string | null) => Order.mapInput(nothingLast(Order.String), textOf)

type Sort = Option.Option.Value<ListFlags["sort"]>

const orders: Readonly<Record<Sort, Order.Order<Seat>>> = {
  status: Order.mapInput(Order.Number, ({ status }: Seat) => places[status] ?? 2),
  address: byText(({ holderEmail }) => (holderEmail === null ? null : EmailAddress.canonicalise(holderEmail))),
  name: byText(({ member }) => member?.name?.toLowerCase() ?? null),
  created: byTime(({ createdAt }) => createdAt),
  expires: byTime(({ invitationTokenExpiresAt, status }) => (status === "pending" ? invitationTokenExpiresAt : null)),
  claimed: byTime(({ claimedAt }) => claimedAt)
}

/**
 * The seats that the flags of `list` leave, in the order that they ask for, or in `usual`. Seats that are equal in it stay as
 * they were.
 */
export const chooseSeats = (
  seats: ReadonlyArray<Seat>,
  now: DateTime.Utc,
  { expired, sort, status, to }: Pick<ListFlags, "expired" | "sort" | "status" | "to">,
  usual?: Sort
): ReadonlyArray<Seat> => {
  const isWanted = to.length > 0 ? matchAny(to) : () => true
  const words: ReadonlyArray<string> = status
  const chosen = seats.filter(
    (seat) =>
      (words.length === 0 || words.includes(seat.status)) &&
      (!expired || seat.invitation(now)._tag === "Expired") &&
      (to.length === 0 || (seat.holderEmail !== null && isWanted(seat.holderEmail)))
  )
  const field = Option.getOrUndefined(sort) ?? usual
  return field === undefined ? chosen : chosen.toSorted(orders[field])
}
