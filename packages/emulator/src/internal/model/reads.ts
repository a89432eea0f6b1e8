import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Iterable from "effect/Iterable"
import * as Result from "effect/Result"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import { InvalidInvitation } from "@polar-seats/domain/SeatError"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { findContainer, findInvitation, type Subject } from "./access.ts"
import {
  availableSeats,
  containerOf,
  type Organization,
  organizationOf,
  type PolarModel,
  productOf,
  seatFields,
  type SeatRow,
  seatsOf
} from "./polarModel.ts"

/** A subscription or order with seats, of any buyer. */
export interface Purchase {
  readonly source: SeatSource
  /** Null if it has no product. */
  readonly productName: string | null
  readonly buyerEmail: string | null
}

/** The fields of a `SeatsList`. Its seats are not checked again, because the model holds only valid ones. */
export const list = (model: PolarModel, subject: Subject, source: SeatSource) =>
  Result.gen(function* () {
    const container = yield* findContainer(model, subject, source)
    return {
      seats: Array.from(seatsOf(model, container).values(), (row) => seatFields(model, row)),
      availableSeats: availableSeats(model, container),
      totalSeats: container.total
    }
  })

/** The claimed seats of the subject that come with a subscription. */
export const claimedSeats = ({ seats }: PolarModel, subject: Subject): ReadonlyMap<string, SeatRow> => {
  if (subject._tag === "Member") return seats.where("claimedByMember", subject.id)
  return subject._tag === "Customer" ? seats.where("claimedByCustomer", subject.id) : new Map()
}

/** A subscription with claimed seats, and the organization that sells it. */
export interface SoldSubscription {
  readonly subscription: ClaimedSubscription
  readonly organization: Organization
  readonly checkoutId: string | null
}

/** The subscriptions of such seats, one a seat. Each is made when it is read. */
export const claimedSubscriptions = (model: PolarModel, rows: Iterable<SeatRow>): Iterable<SoldSubscription> =>
  Iterable.flatMap(rows, (row) => {
    const container = containerOf(model, row)
    if (container?.source._tag !== "Subscription") return []
    const { checkoutId, createdAt, customer, source, total } = container
    const product = productOf(model, container)
    const organization = organizationOf(model, container)
    if (product === undefined || organization === undefined) return []
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
    return [{ subscription, organization, checkoutId }]
  })

export const claimInfo = (model: PolarModel, token: string, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { container, state } = yield* findInvitation(model, token, now)
    const organization = organizationOf(model, container)
    const product = productOf(model, container)
    if (organization === undefined || product === undefined) return yield* Result.fail(new InvalidInvitation())
    return { organization, product, customerEmail: state.seat.holderEmail ?? "" }
  })

/** Every subscription and order. */
export const purchases = (model: PolarModel): ReadonlyArray<Purchase> =>
  Array.from(model.containers.values(), (container) => ({
    source: container.source,
    productName: productOf(model, container)?.name ?? null,
    buyerEmail: model.customers.get(container.customer)?.email ?? null
  }))
