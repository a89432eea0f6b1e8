import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Mail } from "./Outbox.ts"
import { CustomerId, Member, MemberId, Seat, SeatId, SeatsList } from "./Seat.ts"
import {
  type AlreadyClaimed,
  Forbidden,
  type InvitationUnavailable,
  NotFound,
  type Operation,
  Unauthorized,
  Unavailable,
  UnavailableReason
} from "./SeatError.ts"
import * as SeatLifecycle from "./SeatLifecycle.ts"
import { OrderId, type SeatSource, SubscriptionId } from "./SeatSource.ts"
import type { Scope, World } from "./World.ts"

/** Who is asking, once the token was looked up. */
export type Subject = Data.TaggedEnum<{
  Anonymous: {}
  Customer: { readonly id: CustomerId }
  Member: { readonly id: MemberId }
  Organization: { readonly slugs: ReadonlyArray<string>; readonly scopes: ReadonlyArray<Scope> }
}>
export const Subject = Data.taggedEnum<Subject>()

/**
 * Polar's side of the seats, in memory: who may do what, in which order Polar checks it, what changes, and what is
 * mailed. `Seats.layerMemory` and the emulator are two doors to it. Every method is one synchronous step, so that
 * nothing comes between a check and what it allows; `now` is always the caller's.
 */
export interface SeatModel {
  /** Looks a token up. A missing one is anonymous; one that is unknown or expired is refused. */
  readonly authenticate: (
    token: Redacted.Redacted<string> | null,
    now: DateTime.Utc
  ) => Result.Result<Subject, Unauthorized>
  /** Whether this subject may use an operation of the customer portal at all. */
  readonly authorize: (subject: Subject, operation: Operation) => Result.Result<Subject, Unauthorized | Forbidden>
  readonly resend: (
    subject: Subject,
    seatId: SeatId,
    now: DateTime.Utc
  ) => Result.Result<Seat, NotFound | AlreadyClaimed | InvitationUnavailable | Forbidden | Unavailable>
  readonly list: (subject: Subject, source: SeatSource) => Result.Result<SeatsList, NotFound | Forbidden>
  /** The mails so far, newest last; the caller may empty it. */
  readonly outbox: Array<Mail>
}

type Rows<Table extends keyof World> = NonNullable<World[Table]>[number]
type SeatRow = Omit<Rows<"seats">, "id" | "createdAt"> & {
  readonly id: SeatId
  readonly createdAt: DateTime.Utc
  readonly modifiedAt: DateTime.Utc | null
}
/** What seats are bought with: a subscription or an order. */
interface Container {
  readonly product: string | null
  readonly customer: CustomerId
  readonly total: number
  readonly seats: Array<SeatRow>
}

const writes: ReadonlySet<Operation> = new Set<Operation>(["Seats.resend"])
const frontend = "https://polar.sh"

const makeUuid = (random: Random.Random): string =>
  "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (digit) => {
    const nibble = Math.floor(random.nextDoubleUnsafe() * 16)
    return (digit === "x" ? nibble : 8 + (nibble % 4)).toString(16)
  })

/** Fills a model with a world. `random` makes up the ids that were left out. */
export const make = (world: World, now: DateTime.Utc, random: Random.Random): SeatModel => {
  const organizations = new Map(world.organizations?.map((row) => [row.slug, row]))
  const products = new Map(world.products?.map((row) => [row.id ?? makeUuid(random), row]))
  const customers = new Map(world.customers?.map((row) => [row.id ?? CustomerId.make(makeUuid(random)), row]))
  const members = new Map<MemberId, Member>()
  const containers = new Map<SubscriptionId | OrderId, Container>()
  const seats = new Map<SeatId, { row: SeatRow; container: Container | undefined }>()
  const tokens = new Map(world.tokens?.map((row) => [Redacted.value(row.token), row]))
  const outbox: Array<Mail> = []

  const addMember = ({ customer: customerId, id = MemberId.make(makeUuid(random)), ...row }: Rows<"members">) => {
    members.set(id, new Member({ ...row, id, customerId, createdAt: now, modifiedAt: null }))
  }
  world.members?.forEach(addMember)
  const owned = new Set([...members.values()].filter(({ role }) => role === "owner").map((row) => row.customerId))
  for (const [customer, { email, name, organization }] of customers) {
    if (organizations.get(organization)?.memberModelEnabled === true && !owned.has(customer)) {
      addMember({ customer, email, name, externalId: null, role: "owner" })
    }
  }
  world.subscriptions?.forEach(({ id = SubscriptionId.make(makeUuid(random)), seats: total, ...row }) =>
    containers.set(id, { ...row, total, seats: [] })
  )
  world.orders?.forEach(({ id = OrderId.make(makeUuid(random)), seats: total, ...row }) =>
    containers.set(id, { ...row, total, seats: [] })
  )
  world.seats?.forEach(({ createdAt, id = SeatId.make(makeUuid(random)), ...rest }) => {
    const row = { ...rest, id, createdAt: createdAt ?? now, modifiedAt: null }
    const source = row.subscriptionId ?? row.orderId
    const container = source === null ? undefined : containers.get(source)
    container?.seats.push(row)
    seats.set(id, { row, container })
  })

  const organizationOf = (container: Container) => {
    const product = container.product === null ? undefined : products.get(container.product)
    return organizations.get((product ?? customers.get(container.customer))?.organization ?? "")
  }
  const mayUse = (subject: Subject, container: Container): boolean =>
    Subject.$match(subject, {
      Anonymous: () => false,
      Customer: ({ id }) => container.customer === id,
      Member: ({ id }) => container.customer === members.get(id)?.customerId,
      Organization: ({ slugs }) => slugs.includes(organizationOf(container)?.slug ?? "")
    })
  const shown = (row: SeatRow): Seat => {
    const member = row.memberId === null ? null : (members.get(row.memberId) ?? null)
    const customer = row.customerId === null ? undefined : customers.get(row.customerId)
    return new Seat({ ...row, member, customerEmail: row.email ?? member?.email ?? customer?.email ?? null })
  }
  const send = (mail: SeatLifecycle.InvitationMail, seatId: SeatId, container: Container, sentAt: DateTime.Utc) => {
    const product = container.product === null ? undefined : products.get(container.product)
    const slug = organizationOf(container)?.slug ?? ""
    outbox.push({
      ...mail,
      subject: `You've been invited to access ${product?.name ?? ""}`,
      seatId,
      claimUrl: Redacted.make(`${frontend}/${slug}/portal/claim?token=${Redacted.value(mail.token)}`),
      sentAt
    })
  }

  return {
    authenticate: (token, now) => {
      if (token === null || Redacted.value(token).startsWith("polar_crt_")) return Result.succeed(Subject.Anonymous())
      const row = tokens.get(Redacted.value(token))
      if (row === undefined || (row.expiresAt !== null && DateTime.isLessThanOrEqualTo(row.expiresAt, now))) {
        return Result.fail(new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
      }
      if (row.customer !== undefined) return Result.succeed(Subject.Customer({ id: row.customer }))
      if (row.member !== undefined) return Result.succeed(Subject.Member({ id: row.member }))
      const slugs = row.organization === undefined ? (row.userOf ?? []) : [row.organization]
      return Result.succeed(Subject.Organization({ slugs, scopes: row.scopes }))
    },

    authorize: (subject, operation) => {
      switch (subject._tag) {
        case "Anonymous":
        case "Organization":
          return Result.fail(new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
        case "Customer":
          return Result.succeed(subject)
        case "Member":
          return writes.has(operation) && members.get(subject.id)?.role === "member"
            ? Result.fail(new Forbidden({ reason: "Role" }))
            : Result.succeed(subject)
      }
    },

    resend: (subject, seatId, now) => {
      const found = seats.get(seatId)
      if (found?.container === undefined || !mayUse(subject, found.container)) {
        return Result.fail(new NotFound({ resource: "seat", id: seatId }))
      }
      const { container, row } = found
      if (container.product === null) {
        // Polar trips over this one itself
        const reason = UnavailableReason.make({ _tag: "ServerFailed", status: 500 })
        return Result.fail(new Unavailable({ operation: "Seats.resend", reason }))
      }
      if (organizationOf(container)?.seatBasedPricingEnabled !== true) {
        return Result.fail(new Forbidden({ reason: "SeatsNotEnabled" }))
      }
      return Result.map(
        SeatLifecycle.resend({ seat: shown(row), invitationToken: row.invitationToken }),
        ({ mail, state }) => {
          if (mail !== null) send(mail, seatId, container, now)
          return state.seat
        }
      )
    },

    list: (subject, source) => {
      const container = containers.get(source.id)
      if (container === undefined || !mayUse(subject, container)) {
        return Result.fail(
          new NotFound({ resource: source._tag === "Order" ? "order" : "subscription", id: source.id })
        )
      }
      if (organizationOf(container)?.seatBasedPricingEnabled !== true) {
        return Result.fail(new Forbidden({ reason: "SeatsNotEnabled" }))
      }
      const taken = container.seats.filter(({ status }) => status !== "revoked").length
      return Result.succeed(
        new SeatsList({
          seats: container.seats.map(shown),
          availableSeats: Math.max(0, container.total - taken),
          totalSeats: container.total
        })
      )
    },

    outbox
  }
}
