import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import { SeatsList } from "@polar-seats/domain/Seat"
import { InvalidInvitation } from "@polar-seats/domain/SeatError"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { findContainer, findInvitation, findSeller, type Subject } from "./access.ts"
import { availableSeats, type Organization, organizationOf, productOf, type SeatRow, seatState } from "./database.ts"
import type { PolarModel } from "./polarModel.ts"

/** A subscription or order with seats, of any buyer. */
export interface Purchase {
  readonly source: SeatSource
  /** Null if it has no product. */
  readonly productName: string | null
  readonly buyerEmail: string | null
}

/** A subscription in which the subject holds a claimed seat, and the organization that sells it. */
export interface ClaimedSeatSubscription {
  readonly subscription: ClaimedSubscription
  readonly checkoutId: string | null
  readonly organization: Organization
}

export const list = (model: PolarModel, subject: Subject, source: SeatSource) =>
  Result.gen(function* () {
    const container = yield* findContainer(model, subject, source)
    yield* findSeller(model, container)
    return new SeatsList({
      seats: Array.from(container.seats.values(), (row) => seatState(model.database, row).seat),
      availableSeats: availableSeats(container),
      totalSeats: container.total
    })
  })

const isClaimedBy = (subject: Subject, { customerId, memberId, status }: SeatRow): boolean =>
  status === "claimed" &&
  ((subject._tag === "Customer" && customerId === subject.id) || (subject._tag === "Member" && memberId === subject.id))

/** The subscriptions in which the subject has a claimed seat, one row a seat. */
export const claimedSubscriptions = (
  { database }: PolarModel,
  subject: Subject
): ReadonlyArray<ClaimedSeatSubscription> =>
  [...database.containers.values()].flatMap((container) => {
    const { checkoutId, createdAt, customer, id, kind, seats, total } = container
    const product = productOf(database, container)
    const organization = organizationOf(database, container)
    if (kind !== "subscription" || product === undefined || organization === undefined) return []
    const subscription = new ClaimedSubscription({
      id: SubscriptionId.make(id),
      createdAt,
      status: "active",
      customerId: customer,
      productId: product.id,
      productName: product.name,
      currentPeriodStart: createdAt,
      currentPeriodEnd: DateTime.addDuration(createdAt, Duration.days(30)),
      cancelAtPeriodEnd: false,
      seats: total
    })
    return [...seats.values()]
      .filter((row) => isClaimedBy(subject, row))
      .map(() => ({ subscription, organization, checkoutId }))
  })

export const claimInfo = (model: PolarModel, token: string, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { container, state } = yield* findInvitation(model, token, now)
    const organization = yield* findSeller(model, container)
    const product = productOf(model.database, container)
    if (product === undefined) return yield* Result.fail(new InvalidInvitation())
    return { organization, product, customerEmail: state.seat.holderEmail ?? "" }
  })

/** Every subscription and order. */
export const purchases = ({ database }: PolarModel): ReadonlyArray<Purchase> =>
  Array.from(database.containers.values(), (container) => ({
    source:
      container.kind === "subscription"
        ? SeatSource.Subscription({ id: SubscriptionId.make(container.id) })
        : SeatSource.Order({ id: OrderId.make(container.id) }),
    productName: productOf(database, container)?.name ?? null,
    buyerEmail: database.customers.get(container.customer)?.email ?? null
  }))
