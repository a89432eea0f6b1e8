import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import { SeatsList } from "@polar-seats/domain/Seat"
import { InvalidInvitation } from "@polar-seats/domain/SeatError"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { findContainer, findInvitation, findSeller, type Subject } from "./access.ts"
import { availableSeats, organizationOf, type PolarModel, productOf, type SeatRow, seatState } from "./polarModel.ts"

/** A subscription or order with seats, of any buyer. */
export interface Purchase {
  readonly source: SeatSource
  /** Null if it has no product. */
  readonly productName: string | null
  readonly buyerEmail: string | null
}

export const list = (model: PolarModel, subject: Subject, source: SeatSource) =>
  Result.gen(function* () {
    const container = yield* findContainer(model, subject, source)
    yield* findSeller(model, container)
    return new SeatsList({
      seats: Array.from(container.seats.values(), (row) => seatState(model, row).seat),
      availableSeats: availableSeats(container),
      totalSeats: container.total
    })
  })

const isClaimedBy = (subject: Subject, { customerId, memberId, status }: SeatRow): boolean =>
  status === "claimed" &&
  ((subject._tag === "Customer" && customerId === subject.id) || (subject._tag === "Member" && memberId === subject.id))

/** The subscriptions in which the subject has a claimed seat, one row a seat, and the organizations that sell them. */
export const claimedSubscriptions = (model: PolarModel, subject: Subject) =>
  [...model.containers.values()].flatMap((container) => {
    const { checkoutId, createdAt, customer, seats, source, total } = container
    const product = productOf(model, container)
    const organization = organizationOf(model, container)
    if (source._tag !== "Subscription" || product === undefined || organization === undefined) return []
    const subscription = new ClaimedSubscription({
      id: source.id,
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
    const product = productOf(model, container)
    if (product === undefined) return yield* Result.fail(new InvalidInvitation())
    return { organization, product, customerEmail: state.seat.holderEmail ?? "" }
  })

/** Every subscription and order. */
export const purchases = (model: PolarModel): ReadonlyArray<Purchase> =>
  Array.from(model.containers.values(), (container) => ({
    source: container.source,
    productName: productOf(model, container)?.name ?? null,
    buyerEmail: model.customers.get(container.customer)?.email ?? null
  }))
