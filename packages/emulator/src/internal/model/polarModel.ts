import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import { identity } from "effect/Function"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Str from "effect/String"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { holdsExactly } from "@polar-seats/domain/ExactJson"
import { CustomerId, Member, MemberId, Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Announcement, SeatState } from "@polar-seats/domain/SeatLifecycle"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { Mail } from "../../Outbox.ts"
import type { World } from "../../World.ts"
import * as Bounds from "../bounds.ts"
import * as Ledger from "../ledger.ts"
import * as Redact from "../redact.ts"
import { instantOf } from "../worldTime.ts"
import * as Generate from "./generate.ts"
import { metadataOf } from "./metadata.ts"
import * as Table from "./table.ts"

type Seeded<Table extends keyof World> = NonNullable<World[Table]>[number]
// A row whose relative times have become instants
type Row<Table extends keyof World> = {
  readonly [Key in keyof Seeded<Table>]: Exclude<Seeded<Table>[Key], Duration.Duration>
}

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

/** The value of a column that is about two things. */
export const pair = (one: string, other: string): string => `${one} ${other}`
const orNull = (one: string, other: string | null): string | null => (other === null ? null : pair(one, other))

/** The value of a column for an address, whichever way it is spelled. */
export const address: (email: string) => string = EmailAddress.canonicalise

const customerTable = () =>
  Table.make({
    email: ({ email }: Customer) => address(email),
    externalId: ({ externalId }: Customer) => externalId
  })

// The values begin with the customer whose members they are
const memberTable = () =>
  Table.make({
    email: ({ customerId, email }: Member) => pair(customerId, address(email)),
    externalId: ({ customerId, externalId }: Member) => orNull(customerId, externalId),
    owner: ({ customerId, role }: Member) => (role === "owner" ? customerId : null)
  })

const containerTable = () => Table.make({ checkout: ({ checkoutId }: Container) => checkoutId })

const sourceOf = ({ orderId, subscriptionId }: SeatRow): string => subscriptionId ?? orderId ?? ""

const heldBy = (holderOf: (row: SeatRow) => string | null) => (row: SeatRow) =>
  row.status === "revoked" ? null : orNull(sourceOf(row), holderOf(row))
const claimedBy = (column: "memberId" | "customerId") => (row: SeatRow) =>
  row.status === "claimed" && row.subscriptionId !== null ? row[column] : null

const seatTable = () =>
  Table.make({
    source: sourceOf,
    /** The source of a seat that an assignment may fill again. */
    vacant: (row: SeatRow) => (row.status === "revoked" ? sourceOf(row) : null),
    // The source, and by whom the seat is held
    heldByMember: heldBy(({ memberId }) => memberId),
    heldByEmail: heldBy(({ email }) => (email === null ? null : address(email))),
    heldByCustomer: heldBy(({ customerId }) => customerId),
    // By whom a seat of a subscription is claimed
    claimedByMember: claimedBy("memberId"),
    claimedByCustomer: claimedBy("customerId")
  })

/**
 * Polar's server side of the seats, in memory. `SeatsMemory.layer` and the emulator both use it. `access.ts` decides who
 * may do what, `reads.ts` answers questions, `changes.ts` changes and mails seats, and `sessions.ts` creates sessions.
 * Every function there is one synchronous step, so nothing can come between a check and the change that it allows. The
 * caller passes `now`. A function without a comment behaves like the method of the same name in `Seats` or `SeatClaims`.
 */
export interface PolarModel {
  readonly organizations: Map<string, Organization>
  readonly products: Map<string, Product>
  readonly customers: ReturnType<typeof customerTable>
  readonly members: ReturnType<typeof memberTable>
  readonly containers: ReturnType<typeof containerTable>
  readonly seats: ReturnType<typeof seatTable>
  /** The seat that each invitation token opens. */
  readonly invitations: Map<string, SeatId>
  /** The invitation tokens that open a seat, and those that did so lately. */
  readonly secrets: ReturnType<typeof Redact.make>
  /** Invitation tokens that opened a seat lately. */
  readonly usedInvitations: Ledger.Ledger<string>
  readonly tokens: Map<string, Row<"tokens">>
  /** Tokens that were created since the seed. */
  readonly sessions: Ledger.Ledger<string>
  /** The source of tokens, and of the ids that a world leaves out. */
  readonly random: Random.Random
  /** The mails so far. The caller may empty it. */
  readonly outbox: Ledger.Ledger<Mail>
  /** The announcements so far. The caller may empty it. */
  readonly events: Ledger.Ledger<SeatEvent>
  /** Adds an announcement, and publishes it. */
  readonly announce: (event: SeatEvent) => void
}

const mailLength = ({ claimUrl, subject, to }: Mail): number =>
  to.length + subject.length + Redacted.value(claimUrl).length

/** The characters of what a request may have made long in an announcement: the seat's metadata and its member. */
export const eventLength = ({ seat: { member, seatMetadata } }: SeatEvent): number =>
  JSON.stringify(seatMetadata).length + JSON.stringify([member?.email, member?.externalId, member?.name]).length

const makeLedgers = (
  secrets: PolarModel["secrets"],
  tokens: PolarModel["tokens"],
  publish: (event: SeatEvent) => void
) => {
  const events = Ledger.make(Bounds.webhooks, eventLength)
  return {
    usedInvitations: Ledger.make(Bounds.usedInvitations, Str.length, secrets.remove),
    sessions: Ledger.make(Bounds.sessions, Str.length, (token) => tokens.delete(token)),
    outbox: Ledger.make(Bounds.mails, mailLength),
    events,
    announce: (event: SeatEvent): void => {
      events.push(event)
      publish(event)
    }
  }
}

/**
 * Fills a model from a world, whose relative times count from `now`. Generates the ids that the world leaves out, and an
 * owner for each customer without one.
 * `publish` gets each announcement as it happens.
 */
export const make = (
  world: World,
  now: DateTime.Utc,
  random: Random.Random,
  publish: (event: SeatEvent) => void = () => {}
): PolarModel => {
  const keyed = <Row extends { readonly id?: string }, Id extends string>(
    rows: ReadonlyArray<Row> | undefined,
    brand: (id: string) => Id
  ) =>
    (rows ?? []).map((row) => {
      const id = brand(row.id ?? Generate.uuid(random))
      return [id, { ...row, id }] as const
    })

  const secrets = Redact.make()
  const tokens = new Map(
    world.tokens?.map((row) => [Redacted.value(row.token), { ...row, expiresAt: instantOf(row.expiresAt, now) }])
  )
  const model: PolarModel = {
    organizations: new Map(keyed(world.organizations, identity).map(([, row]) => [row.slug, row])),
    products: new Map(keyed(world.products, identity)),
    customers: customerTable(),
    members: memberTable(),
    containers: containerTable(),
    seats: seatTable(),
    invitations: new Map(),
    secrets,
    tokens,
    random,
    ...makeLedgers(secrets, tokens, publish)
  }

  for (const [id, row] of keyed(world.customers, (id) => CustomerId.make(id))) {
    model.customers.set(id, { ...row, createdAt: now })
  }
  const addMember = (row: Row<"members">) => {
    const member = makeMember(model, row, now)
    model.members.set(member.id, member)
  }
  world.members?.forEach(addMember)
  for (const { email, id: customer, name, organization } of model.customers.values()) {
    if (
      model.organizations.get(organization)?.memberModelEnabled === true &&
      model.members.first("owner", customer) === undefined
    ) {
      addMember({ customer, email, name, externalId: null, role: "owner" })
    }
  }

  const addContainer = (source: SeatSource, row: Row<"subscriptions"> | Row<"orders">, paid: boolean) =>
    model.containers.set(source.id, { ...row, source, paid, total: row.seats, createdAt: now })
  for (const [id, row] of keyed(world.subscriptions, (id) => SubscriptionId.make(id))) {
    addContainer(SeatSource.Subscription({ id }), row, true)
  }
  for (const [id, row] of keyed(world.orders, (id) => OrderId.make(id))) {
    addContainer(SeatSource.Order({ id }), row, row.status === "paid")
  }

  for (const [id, row] of keyed(world.seats, (id) => SeatId.make(id))) {
    const { exactMetadata, ...fields } = row
    // Values may hold a number beyond 2^53 too
    const text = exactMetadata ?? JSON.stringify(row.seatMetadata)
    const metadata = exactMetadata === undefined && holdsExactly(text) ? {} : metadataOf(text)
    const seat = {
      ...fields,
      ...metadata,
      id,
      createdAt: instantOf(row.createdAt, now) ?? now,
      modifiedAt: null,
      invitationTokenExpiresAt: instantOf(row.invitationTokenExpiresAt, now),
      claimedAt: instantOf(row.claimedAt, now),
      revokedAt: instantOf(row.revokedAt, now)
    }
    // A seat without a source belongs to nobody, so no caller can reach it
    if (containerOf(model, seat) !== undefined) putSeat(model, seat)
  }
  return model
}

/** Makes a new member, which is not in the model yet. */
export const makeMember = (
  { random }: PolarModel,
  { customer: customerId, id = MemberId.make(Generate.uuid(random)), ...row }: Row<"members">,
  now: DateTime.Utc
): Member => new Member({ ...row, id, customerId, createdAt: now, modifiedAt: null })

const putSeat = ({ invitations, seats, secrets, usedInvitations }: PolarModel, row: SeatRow): void => {
  const tokenOf = (row: SeatRow | undefined) =>
    row?.invitationToken == null ? null : Redacted.value(row.invitationToken)
  const [before, after] = [tokenOf(seats.get(row.id)), tokenOf(row)]
  if (before !== null) {
    invitations.delete(before)
    if (before !== after) usedInvitations.push(before)
  }
  if (after !== null) {
    invitations.set(after, row.id)
    secrets.add(after)
  }
  seats.set(row.id, row)
}

/** Saves the state of a seat. The member and the customer's address stay in their own tables. */
export const saveSeat = (
  model: PolarModel,
  { invitationToken, seat: { customerEmail: _email, member: _member, ...row } }: SeatState
): void => putSeat(model, { ...row, invitationToken })

/** The fields of a seat as Polar shows it, with the member and the address that its ids lead to. */
export const seatFields = ({ customers, members }: PolarModel, { invitationToken: _token, ...row }: SeatRow) => {
  const member = row.memberId === null ? null : (members.get(row.memberId) ?? null)
  const customer = row.customerId === null ? undefined : customers.get(row.customerId)
  return { ...row, member, customerEmail: row.email ?? member?.email ?? customer?.email ?? null }
}

/** A row as Polar shows it. */
export const seatState = (model: PolarModel, row: SeatRow): SeatState => ({
  seat: new Seat(seatFields(model, row)),
  invitationToken: row.invitationToken
})

/** The subscription or order of a seat. */
export const containerOf = ({ containers }: PolarModel, row: SeatRow): Container | undefined =>
  containers.get(sourceOf(row))

/** The product of a container. An order may have none. */
export const productOf = ({ products }: PolarModel, { product }: Container): Product | undefined =>
  product === null ? undefined : products.get(product)

/** The organization that sells a container's seats. If an order has no product, its customer's organization sells them. */
export const organizationOf = (model: PolarModel, container: Container): Organization | undefined => {
  const { organization = "" } = productOf(model, container) ?? model.customers.get(container.customer) ?? {}
  return model.organizations.get(organization)
}

/** Every seat of a container, revoked ones included. */
export const seatsOf = ({ seats }: PolarModel, { source }: Container) => seats.where("source", source.id)

/** A seat of a container that an assignment may fill again. */
export const vacantSeat = ({ seats }: PolarModel, { source }: Container) => seats.first("vacant", source.id)

/** How many seats of a container are free. */
export const availableSeats = (model: PolarModel, container: Container): number => {
  const { id } = container.source
  const taken = model.seats.where("source", id).size - model.seats.where("vacant", id).size
  return Math.max(0, container.total - taken)
}
