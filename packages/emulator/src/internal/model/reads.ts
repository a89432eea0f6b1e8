import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import { type Seat, SeatsList } from "@polar-seats/domain/Seat"
import { type Forbidden, InvalidInvitation, type NotFound } from "@polar-seats/domain/SeatError"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { Subject } from "./access.ts"
import {
  type Container,
  type Database,
  type Organization,
  organizationOf,
  productOf,
  type SeatRow,
  seatState
} from "./database.ts"
import { availableSeats, findContainer, findInvitation, findSeller } from "./find.ts"

/** The product and organization that a claim link shows before it is used. */
export interface ClaimInfo {
  readonly productName: string
  readonly productId: string
  readonly organizationName: string
  readonly organizationSlug: string
  readonly customerEmail: string
}

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

/** The questions that change nothing. */
export interface Reads {
  readonly list: (subject: Subject, source: SeatSource) => Result.Result<SeatsList, NotFound | Forbidden>
  /** The subscriptions in which the subject has a claimed seat, one row a seat. */
  readonly claimedSubscriptions: (subject: Subject) => ReadonlyArray<ClaimedSeatSubscription>
  readonly claimInfo: (token: string, now: DateTime.Utc) => Result.Result<ClaimInfo, InvalidInvitation | Forbidden>
  /** The seat that an invitation token can claim now. */
  readonly claimable: (token: string, now: DateTime.Utc) => Result.Result<Seat, InvalidInvitation>
  /** Every subscription and order. */
  readonly purchases: ReadonlyArray<Purchase>
}

const list =
  (database: Database): Reads["list"] =>
  (subject, source) =>
    Result.gen(function* () {
      const container = yield* findContainer(database, subject, source)
      yield* findSeller(database, container)
      return new SeatsList({
        seats: Array.from(container.seats.values(), (row) => seatState(database, row).seat),
        availableSeats: availableSeats(container),
        totalSeats: container.total
      })
    })

const isClaimedBy = (subject: Subject, { customerId, memberId, status }: SeatRow): boolean =>
  status === "claimed" &&
  ((subject._tag === "Customer" && customerId === subject.id) || (subject._tag === "Member" && memberId === subject.id))

const claimedSubscriptions =
  (database: Database): Reads["claimedSubscriptions"] =>
  (subject) =>
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

const claimInfo =
  (database: Database): Reads["claimInfo"] =>
  (token, now) =>
    Result.gen(function* () {
      const { container, state } = yield* findInvitation(database, token, now)
      const organization = yield* findSeller(database, container)
      const product = productOf(database, container)
      if (product === undefined) return yield* Result.fail(new InvalidInvitation())
      return {
        productName: product.name,
        productId: product.id,
        organizationName: organization.name ?? organization.slug,
        organizationSlug: organization.slug,
        customerEmail: state.seat.holderEmail ?? ""
      }
    })

const sourceOf = ({ id, kind }: Container): SeatSource =>
  kind === "subscription"
    ? SeatSource.Subscription({ id: SubscriptionId.make(id) })
    : SeatSource.Order({ id: OrderId.make(id) })

export const make = (database: Database): Reads => ({
  list: list(database),
  claimedSubscriptions: claimedSubscriptions(database),
  claimInfo: claimInfo(database),
  claimable: (token, now) => Result.map(findInvitation(database, token, now), ({ state }) => state.seat),
  purchases: Array.from(database.containers.values(), (container) => ({
    source: sourceOf(container),
    productName: productOf(database, container)?.name ?? null,
    buyerEmail: database.customers.get(container.customer)?.email ?? null
  }))
})
