import type * as DateTime from "effect/DateTime"
import { identity } from "effect/Function"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { CustomerId, Member, MemberId, Seat, SeatId } from "@polar-seats/domain/Seat"
import type { SeatState } from "@polar-seats/domain/SeatLifecycle"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
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
  readonly kind: "subscription" | "order"
  readonly id: SubscriptionId | OrderId
  readonly product: string | null
  readonly customer: CustomerId
  readonly total: number
  readonly paid: boolean
  readonly checkoutId: string | null
  readonly createdAt: DateTime.Utc
  readonly seats: Map<SeatId, SeatRow>
}

/** The tables of Polar that seats need. */
export interface Database {
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
  readonly secrets: Redact.Secrets
  readonly tokens: Map<string, Row<"tokens">>
}

/** Fills a database from a world. Generates the ids that the world leaves out, and an owner for each customer without one. */
export const fromWorld = (world: World, now: DateTime.Utc, random: Random.Random): Database => {
  const keyed = <Row extends { readonly id?: string }, Id extends string>(
    rows: ReadonlyArray<Row> | undefined,
    brand: (id: string) => Id
  ) =>
    (rows ?? []).map((row) => {
      const id = brand(row.id ?? Generate.uuid(random))
      return [id, { ...row, id }] as const
    })

  const database: Database = {
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
    tokens: new Map(world.tokens?.map((row) => [Redacted.value(row.token), row]))
  }
  addMembers(database, world.members ?? [], now, random)

  const bought = { createdAt: now, paid: true }
  for (const [id, { seats: total, ...row }] of keyed(world.subscriptions, (id) => SubscriptionId.make(id))) {
    database.containers.set(id, { ...row, ...bought, kind: "subscription", id, total, seats: new Map() })
  }
  for (const [id, { seats: total, status, ...row }] of keyed(world.orders, (id) => OrderId.make(id))) {
    database.containers.set(id, {
      ...row,
      ...bought,
      paid: status === "paid",
      kind: "order",
      id,
      total,
      seats: new Map()
    })
  }

  for (const [id, row] of keyed(world.seats, (id) => SeatId.make(id))) {
    const container = database.containers.get(row.subscriptionId ?? row.orderId ?? "")
    // A seat without a source belongs to nobody, so no caller can reach it
    if (container !== undefined) {
      putSeat(database, container, { ...row, id, createdAt: row.createdAt ?? now, modifiedAt: null })
    }
  }
  return database
}

const addMembers = (
  { customers, members, organizations }: Database,
  rows: ReadonlyArray<Row<"members">>,
  now: DateTime.Utc,
  random: Random.Random
): void => {
  const add = (row: Row<"members">) => {
    const member = makeMember(row, now, random)
    members.set(member.id, member)
  }
  rows.forEach(add)
  const owned = new Set([...members.values()].flatMap(({ customerId, role }) => (role === "owner" ? [customerId] : [])))
  for (const { email, id: customer, name, organization } of customers.values()) {
    if (organizations.get(organization)?.memberModelEnabled === true && !owned.has(customer)) {
      add({ customer, email, name, externalId: null, role: "owner" })
    }
  }
}

/** Makes a new member, which is not in the database yet. */
export const makeMember = (
  { customer: customerId, id, ...row }: Row<"members">,
  now: DateTime.Utc,
  random: Random.Random
): Member =>
  new Member({
    ...row,
    id: id ?? MemberId.make(Generate.uuid(random)),
    customerId,
    createdAt: now,
    modifiedAt: null
  })

const putSeat = ({ invitations, seats, secrets }: Database, container: Container, row: SeatRow): void => {
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
  database: Database,
  container: Container,
  { invitationToken, seat: { customerEmail: _email, member: _member, ...row } }: SeatState
): void => putSeat(database, container, { ...row, invitationToken })

/** A row as Polar shows it, with the member and the address that its ids lead to. */
export const seatState = ({ customers, members }: Database, row: SeatRow): SeatState => {
  const member = row.memberId === null ? null : (members.get(row.memberId) ?? null)
  const customer = row.customerId === null ? undefined : customers.get(row.customerId)
  const customerEmail = row.email ?? member?.email ?? customer?.email ?? null
  return { seat: new Seat({ ...row, member, customerEmail }), invitationToken: row.invitationToken }
}

/** The product of a container. An order may have none. */
export const productOf = ({ products }: Database, { product }: Container): Product | undefined =>
  product === null ? undefined : products.get(product)

/** The organization that sells a container's seats. If an order has no product, its customer's organization sells them. */
export const organizationOf = (database: Database, container: Container): Organization | undefined => {
  const slug = productOf(database, container)?.organization ?? database.customers.get(container.customer)?.organization
  return slug === undefined ? undefined : database.organizations.get(slug)
}

/** How many seats of a container are free. */
export const availableSeats = ({ seats, total }: Container): number =>
  Math.max(0, total - [...seats.values()].filter(({ status }) => status !== "revoked").length)
