import type * as DateTime from "effect/DateTime"
import { identity } from "effect/Function"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { CustomerId, Member, MemberId, Seat, SeatId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { SeatState } from "@polar-seats/domain/SeatLifecycle"
import type { World } from "../../World.ts"
import * as Secrets from "../redact.ts"
import * as Token from "./generate.ts"

type Rows<Table extends keyof World> = NonNullable<World[Table]>[number]

export type Organization = Rows<"organizations"> & { readonly id: string }
type Product = Rows<"products"> & { readonly id: string }
export type Customer = Rows<"customers"> & { readonly id: CustomerId; readonly createdAt: DateTime.Utc }
type TokenRow = Rows<"tokens">

export type SeatRow = Omit<Rows<"seats">, "id" | "status" | "createdAt"> & {
  readonly id: SeatId
  readonly status: Seat["status"]
  readonly createdAt: DateTime.Utc
  readonly modifiedAt: DateTime.Utc | null
}

/** What seats are bought with: a subscription or an order. */
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

/** Polar's tables, as far as seats need them. */
export interface Tables {
  readonly organizations: Map<string, Organization>
  readonly products: Map<string, Product>
  readonly customers: Map<CustomerId, Customer>
  readonly members: Map<MemberId, Member>
  readonly containers: Map<string, Container>
  /** Which container a seat is in. */
  readonly seats: Map<SeatId, Container>
  /** Which seat an invitation token opens. */
  readonly invitations: Map<string, SeatId>
  /** Every invitation token that there ever was, used up ones included. */
  readonly secrets: Secrets.Secrets
  readonly tokens: Map<string, TokenRow>
}

/** Fills the tables from a world. Ids that were left out are made up, and so is the owner of a customer that has none. */
export const load = (world: World, now: DateTime.Utc, random: Random.Random): Tables => {
  const keyed = <Row extends { readonly id?: string }, Id extends string>(
    rows: ReadonlyArray<Row> | undefined,
    brand: (id: string) => Id
  ) => new Map((rows ?? []).map((row) => [brand(row.id ?? Token.uuid(random)), row] as const))

  const tables: Tables = {
    organizations: new Map(
      (world.organizations ?? []).map((row) => [row.slug, { ...row, id: row.id ?? Token.uuid(random) }])
    ),
    products: new Map(Array.from(keyed(world.products, identity), ([id, row]) => [id, { ...row, id }])),
    customers: new Map(
      Array.from(
        keyed(world.customers, (id) => CustomerId.make(id)),
        ([id, row]) => [id, { ...row, id, createdAt: now }]
      )
    ),
    members: new Map(),
    containers: new Map(),
    seats: new Map(),
    invitations: new Map(),
    secrets: Secrets.make(),
    tokens: new Map(world.tokens?.map((row) => [Redacted.value(row.token), row]))
  }

  const addMember = (row: Rows<"members">) => {
    const member = makeMember(row, now, random)
    tables.members.set(member.id, member)
  }
  for (const row of world.members ?? []) addMember(row)
  const owned = new Set(
    [...tables.members.values()].filter(({ role }) => role === "owner").map(({ customerId }) => customerId)
  )
  for (const { email, id: customer, name, organization } of tables.customers.values()) {
    if (tables.organizations.get(organization)?.memberModelEnabled === true && !owned.has(customer)) {
      addMember({ customer, email, name, externalId: null, role: "owner" })
    }
  }

  const sold = { createdAt: now, paid: true }
  for (const [id, row] of keyed(world.subscriptions, (id) => SubscriptionId.make(id))) {
    const { seats: total, ...rest } = row
    tables.containers.set(id, { ...rest, ...sold, kind: "subscription", id, total, seats: new Map() })
  }
  for (const [id, row] of keyed(world.orders, (id) => OrderId.make(id))) {
    const { seats: total, status, ...rest } = row
    const paid = status === "paid"
    tables.containers.set(id, { ...rest, ...sold, kind: "order", id, total, paid, seats: new Map() })
  }

  for (const [id, row] of keyed(world.seats, (id) => SeatId.make(id))) {
    const container = tables.containers.get(row.subscriptionId ?? row.orderId ?? "")
    // A seat that was bought nowhere is nobody's, and so out of everybody's reach
    if (container !== undefined)
      putSeat(tables, container, { ...row, id, createdAt: row.createdAt ?? now, modifiedAt: null })
  }
  return tables
}

/** A member as it comes into being. */
export const makeMember = (
  { customer: customerId, id, ...row }: Rows<"members">,
  now: DateTime.Utc,
  random: Random.Random
): Member =>
  new Member({
    ...row,
    id: id ?? MemberId.make(Token.uuid(random)),
    customerId,
    createdAt: now,
    modifiedAt: null
  })

const putSeat = (tables: Tables, container: Container, row: SeatRow) => {
  const before = container.seats.get(row.id)?.invitationToken ?? null
  if (before !== null) tables.invitations.delete(Redacted.value(before))
  if (row.invitationToken !== null) {
    tables.invitations.set(Redacted.value(row.invitationToken), row.id)
    tables.secrets.add(Redacted.value(row.invitationToken))
  }
  container.seats.set(row.id, row)
  tables.seats.set(row.id, container)
}

/** Keeps a state of a seat. What the state only borrows, the member and the customer's address, stays where it belongs. */
export const keep = (tables: Tables, container: Container, { invitationToken, seat }: SeatState): void => {
  const { customerEmail: _email, member: _member, ...row } = seat
  putSeat(tables, container, { ...row, invitationToken })
}

/** A row as Polar shows it, with the member and the address that its ids lead to. */
export const state = (tables: Tables, row: SeatRow): SeatState => {
  const member = row.memberId === null ? null : (tables.members.get(row.memberId) ?? null)
  const customer = row.customerId === null ? undefined : tables.customers.get(row.customerId)
  const customerEmail = row.email ?? member?.email ?? customer?.email ?? null
  return { seat: new Seat({ ...row, member, customerEmail }), invitationToken: row.invitationToken }
}

/** Who sells what a container holds. An order may have no product; its customer's organization sells it all the same. */
export const organizationOf = (tables: Tables, container: Container): Organization | undefined => {
  const product = container.product === null ? undefined : tables.products.get(container.product)
  const slug = product?.organization ?? tables.customers.get(container.customer)?.organization
  return slug === undefined ? undefined : tables.organizations.get(slug)
}
