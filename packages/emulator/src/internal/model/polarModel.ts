import type * as DateTime from "effect/DateTime"
import { identity } from "effect/Function"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { CustomerId, Member, MemberId, Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Announcement, SeatState } from "@polar-seats/domain/SeatLifecycle"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { Mail } from "../../Outbox.ts"
import type { World } from "../../World.ts"
import * as Redact from "../redact.ts"
import * as Generate from "./generate.ts"

type Row<Table extends keyof World> = NonNullable<World[Table]>[number]

export type Organization = Row<"organizations"> & { readonly id: string }
export type Product = Row<"products"> & { readonly id: string }
export type Customer = Row<"customers"> & { readonly id: CustomerId; readonly createdAt: DateTime.Utc }

export type SeatRow = Omit<Row<"seats">, "id" | "status" | "createdAt"> & {
  readonly id: SeatId
  readonly status: Seat["status"]
  readonly createdAt: DateTime.Utc
  readonly modifiedAt: DateTime.Utc | null
}

/** The subscription or order that seats are bought with. */
export interface Container {
  readonly source: SeatSource
  readonly product: string | null
  readonly customer: CustomerId
  readonly total: number
  readonly paid: boolean
  readonly checkoutId: string | null
  readonly createdAt: DateTime.Utc
  readonly seats: Map<SeatId, SeatRow>
}

/** An announcement about a seat, with the seat as Polar answered it. */
export interface SeatEvent {
  readonly id: string
  readonly type: Announcement
  readonly timestamp: DateTime.Utc
  readonly seat: Seat
  /** The product that the seat is for. */
  readonly productId: string | null
}

/**
 * Polar's server side of the seats, in memory. `SeatsMemory.layer` and the emulator both use it. `access.ts` decides who
 * may do what, `reads.ts` answers questions, `changes.ts` changes and mails seats, and `sessions.ts` creates sessions.
 * Every function there is one synchronous step, so nothing can come between a check and the change that it allows. The
 * caller passes `now`. A function without a comment behaves like the method of the same name in `Seats` or `SeatClaims`.
 */
export interface PolarModel {
  readonly organizations: Map<string, Organization>
  readonly products: Map<string, Product>
  readonly customers: Map<CustomerId, Customer>
  readonly members: Map<MemberId, Member>
  readonly containers: Map<string, Container>
  /** The container of each seat. */
  readonly seats: Map<SeatId, Container>
  /** The seat that each invitation token opens. */
  readonly invitations: Map<string, SeatId>
  /** Every invitation token since the seed, used ones included. */
  readonly secrets: ReturnType<typeof Redact.make>
  readonly tokens: Map<string, Row<"tokens">>
  /** The source of tokens, and of the ids that a world leaves out. */
  readonly random: Random.Random
  /** The mails so far, newest last. The caller may empty it. */
  readonly outbox: Array<Mail>
  /** The announcements so far, newest last. The caller may empty it. */
  readonly events: Array<SeatEvent>
}

/** Fills a model from a world. Generates the ids that the world leaves out, and an owner for each customer without one. */
export const make = (world: World, now: DateTime.Utc, random: Random.Random): PolarModel => {
  const keyed = <Row extends { readonly id?: string }, Id extends string>(
    rows: ReadonlyArray<Row> | undefined,
    brand: (id: string) => Id
  ) =>
    (rows ?? []).map((row) => {
      const id = brand(row.id ?? Generate.uuid(random))
      return [id, { ...row, id }] as const
    })

  const model: PolarModel = {
    organizations: new Map(keyed(world.organizations, identity).map(([, row]) => [row.slug, row])),
    products: new Map(keyed(world.products, identity)),
    customers: new Map(
      keyed(world.customers, (id) => CustomerId.make(id)).map(([id, row]) => [id, { ...row, createdAt: now }])
    ),
    members: new Map(),
    containers: new Map(),
    seats: new Map(),
    invitations: new Map(),
    secrets: Redact.make(),
    tokens: new Map(world.tokens?.map((row) => [Redacted.value(row.token), row])),
    random,
    outbox: [],
    events: []
  }

  const addMember = (row: Row<"members">) => {
    const member = makeMember(model, row, now)
    model.members.set(member.id, member)
  }
  world.members?.forEach(addMember)
  const owners = [...model.members.values()].filter(({ role }) => role === "owner")
  const owned = new Set(owners.map(({ customerId }) => customerId))
  for (const { email, id: customer, name, organization } of model.customers.values()) {
    if (model.organizations.get(organization)?.memberModelEnabled === true && !owned.has(customer)) {
      addMember({ customer, email, name, externalId: null, role: "owner" })
    }
  }

  const addContainer = (source: SeatSource, row: Row<"subscriptions"> | Row<"orders">, paid: boolean) =>
    model.containers.set(source.id, { ...row, source, paid, total: row.seats, createdAt: now, seats: new Map() })
  for (const [id, row] of keyed(world.subscriptions, (id) => SubscriptionId.make(id))) {
    addContainer(SeatSource.Subscription({ id }), row, true)
  }
  for (const [id, row] of keyed(world.orders, (id) => OrderId.make(id))) {
    addContainer(SeatSource.Order({ id }), row, row.status === "paid")
  }

  for (const [id, row] of keyed(world.seats, (id) => SeatId.make(id))) {
    const container = model.containers.get(row.subscriptionId ?? row.orderId ?? "")
    // A seat without a source belongs to nobody, so no caller can reach it
    if (container !== undefined) {
      putSeat(model, container, { ...row, id, createdAt: row.createdAt ?? now, modifiedAt: null })
    }
  }
  return model
}

/** Makes a new member, which is not in the model yet. */
export const makeMember = (
  { random }: PolarModel,
  { customer: customerId, id = MemberId.make(Generate.uuid(random)), ...row }: Row<"members">,
  now: DateTime.Utc
): Member => new Member({ ...row, id, customerId, createdAt: now, modifiedAt: null })

const putSeat = ({ invitations, seats, secrets }: PolarModel, container: Container, row: SeatRow): void => {
  const before = container.seats.get(row.id)?.invitationToken ?? null
  if (before !== null) invitations.delete(Redacted.value(before))
  if (row.invitationToken !== null) {
    invitations.set(Redacted.value(row.invitationToken), row.id)
    secrets.add(Redacted.value(row.invitationToken))
  }
  container.seats.set(row.id, row)
  seats.set(row.id, container)
}

/** Saves the state of a seat. The member and the customer's address stay in their own tables. */
export const saveSeat = (
  model: PolarModel,
  container: Container,
  { invitationToken, seat: { customerEmail: _email, member: _member, ...row } }: SeatState
): void => putSeat(model, container, { ...row, invitationToken })

/** A row as Polar shows it, with the member and the address that its ids lead to. */
export const seatState = ({ customers, members }: PolarModel, row: SeatRow): SeatState => {
  const member = row.memberId === null ? null : (members.get(row.memberId) ?? null)
  const customer = row.customerId === null ? undefined : customers.get(row.customerId)
  const customerEmail = row.email ?? member?.email ?? customer?.email ?? null
  return { seat: new Seat({ ...row, member, customerEmail }), invitationToken: row.invitationToken }
}

/** The product of a container. An order may have none. */
export const productOf = ({ products }: PolarModel, { product }: Container): Product | undefined =>
  product === null ? undefined : products.get(product)

/** The organization that sells a container's seats. If an order has no product, its customer's organization sells them. */
export const organizationOf = (model: PolarModel, container: Container): Organization | undefined => {
  const { organization = "" } = productOf(model, container) ?? model.customers.get(container.customer) ?? {}
  return model.organizations.get(organization)
}

/** How many seats of a container are free. */
export const availableSeats = ({ seats, total }: Container): number =>
  Math.max(0, total - [...seats.values()].filter(({ status }) => status !== "revoked").length)
