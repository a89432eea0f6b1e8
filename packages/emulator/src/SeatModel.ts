import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type Assignment, AssignmentSource, check, identifierOf } from "@polar-seats/domain/Assignment"
import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import * as Recipients from "./internal/model/resolveRecipient.ts"
import * as Tables from "./internal/model/database.ts"
import * as Token from "./internal/model/generate.ts"
import type { Mail } from "./Outbox.ts"
import { type CustomerId, type MemberId, type Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  type AlreadyClaimed,
  Forbidden,
  InvalidInvitation,
  InvalidRequest,
  type InvitationUnavailable,
  NoSeatAvailable,
  NotFound,
  type Operation,
  type RecipientNotFound,
  Unauthorized,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import * as SeatLifecycle from "@polar-seats/domain/SeatLifecycle"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { Scope, World } from "./World.ts"

/** Who is asking, once the token was looked up. */
export type Subject = Data.TaggedEnum<{
  Anonymous: {}
  Customer: { readonly id: CustomerId }
  Member: { readonly id: MemberId }
  Organization: { readonly slugs: ReadonlyArray<string>; readonly scopes: ReadonlyArray<Scope> }
}>
export const Subject = Data.taggedEnum<Subject>()

/** The two doors that Polar has for seats: the customer portal, and the API of the organization that sells them. */
export type Surface = "portal" | "organization"

/** What a claim link says before it is used. */
export interface ClaimInfo {
  readonly productName: string
  readonly productId: string
  readonly organizationName: string
  readonly organizationSlug: string
  readonly customerEmail: string
}

/** A session that was made up for a customer or a member. */
export interface Session {
  readonly id: string
  readonly token: Redacted.Redacted<string>
  readonly createdAt: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  readonly customer: Tables.Customer
  readonly organization: Tables.Organization
}

/** Whom a session is asked for. */
export interface SessionRequest {
  readonly customer: { readonly id: string } | { readonly externalId: string }
  readonly member?: { readonly id: string } | { readonly externalId: string } | undefined
}

/** What was announced about a seat, with the seat as it was answered. */
export interface SeatEvent {
  readonly id: string
  readonly type: SeatLifecycle.Announcement
  readonly timestamp: DateTime.Utc
  readonly seat: Seat
  /** The product that the seat is for. */
  readonly productId: string | null
}

/** Something with seats that was bought, whoever may see it. */
export interface Purchase {
  readonly source: SeatSource
  /** Null where it has no product. */
  readonly productName: string | null
  readonly buyerEmail: string | null
}

/** A subscription in which the asker sits, with who sells it. */
export interface Claimed {
  readonly subscription: ClaimedSubscription
  readonly checkoutId: string | null
  readonly organization: Tables.Organization
}

type Resent = Result.Result<Seat, NotFound | AlreadyClaimed | InvitationUnavailable | Forbidden | Unavailable>
type Assigned = Result.Result<
  Seat,
  NotFound | NoSeatAvailable | AlreadyAssigned | RecipientNotFound | InvalidRequest | Forbidden
>

/**
 * Polar's side of the seats, in memory: who may do what, in which order Polar checks it, what changes, what is mailed
 * and what is announced. `SeatsMemory.layer` and the emulator are two doors to it. Every method is one synchronous step,
 * so that nothing comes between a check and what it allows; `now` is always the caller's. What has no sentence of its own
 * does what the method of that name does in `Seats`, `SeatClaims` or `CustomerSessions`.
 */
export interface SeatModel {
  /** Looks a token up. A missing one is anonymous; one that is unknown or expired is refused. */
  readonly authenticate: (
    token: Redacted.Redacted<string> | null,
    surface: Surface,
    now: DateTime.Utc
  ) => Result.Result<Subject, Unauthorized>
  /** Whether this subject may use an operation of a surface at all. */
  readonly authorize: (
    subject: Subject,
    surface: Surface,
    operation: Operation
  ) => Result.Result<Subject, Unauthorized | Forbidden>
  readonly resend: (subject: Subject, seatId: SeatId, now: DateTime.Utc) => Resent
  readonly list: (subject: Subject, source: SeatSource) => Result.Result<SeatsList, NotFound | Forbidden>
  readonly assign: (subject: Subject, assignment: Assignment, now: DateTime.Utc) => Assigned
  readonly revoke: (
    subject: Subject,
    seatId: SeatId,
    now: DateTime.Utc
  ) => Result.Result<Seat, NotFound | Forbidden | Unavailable>
  /** The subscriptions in which the subject has a claimed seat, one row a seat. */
  readonly claimed: (subject: Subject) => ReadonlyArray<Claimed>
  readonly claimInfo: (token: string, now: DateTime.Utc) => Result.Result<ClaimInfo, InvalidInvitation | Forbidden>
  readonly claim: (
    token: string,
    now: DateTime.Utc
  ) => Result.Result<
    { readonly seat: Seat; readonly session: Redacted.Redacted<string> },
    InvalidInvitation | Forbidden
  >
  /** The seat that an invitation token can claim now, and whose channel its news go to. */
  readonly claimable: (token: string, now: DateTime.Utc) => Result.Result<Seat, InvalidInvitation>
  readonly createSession: (
    subject: Subject,
    request: SessionRequest,
    now: DateTime.Utc
  ) => Result.Result<Session, InvalidRequest>
  /** What Polar does when a subscription ends: every seat that is not revoked is revoked. */
  readonly cancel: (subscriptionId: SubscriptionId, now: DateTime.Utc) => Result.Result<void, NotFound>
  /** What Polar does when a member is deleted: its seats are revoked. False where there is no such member. */
  readonly deleteMember: (memberId: MemberId, now: DateTime.Utc) => boolean
  /** Every subscription and order there is. */
  readonly purchases: ReadonlyArray<Purchase>
  /** How often the organization of a subject may ask. */
  readonly rateLimitGroup: (subject: Subject) => "restricted" | "default" | "elevated"
  /** A text that may be shown: without any invitation token that there ever was. */
  readonly withoutInvitations: (text: string) => string
  /** The mails so far, newest last; the caller may empty it. */
  readonly outbox: Array<Mail>
  /** What was announced so far, newest last; the caller may empty it. */
  readonly events: Array<SeatEvent>
}

const reads: ReadonlySet<Operation> = new Set<Operation>(["Seats.list", "Seats.claimedSubscriptions"])

/** The scope that an operation asks of an organization's token. */
export const scopeFor = (operation: Operation): Scope => {
  if (operation === "CustomerSessions.create") return "customer_sessions:write"
  return reads.has(operation) ? "customer_seats:read" : "customer_seats:write"
}

const frontend = "https://polar.sh"
const sessionLifetime = Duration.hours(1)

/** Fills a model with a world. `random` makes up the ids that were left out, and tokens. */
export const make = (world: World, start: DateTime.Utc, random: Random.Random): SeatModel => {
  const tables = Tables.load(world, start, random)
  const outbox: Array<Mail> = []
  const events: Array<SeatEvent> = []

  const sellsSeats = (container: Tables.Container): Result.Result<Tables.Organization, Forbidden> => {
    const organization = Tables.organizationOf(tables, container)
    return organization?.seatBasedPricingEnabled === true
      ? Result.succeed(organization)
      : Result.fail(new Forbidden({ reason: "SeatsNotEnabled" }))
  }
  const mayUse = (subject: Subject, container: Tables.Container): boolean =>
    Subject.$match(subject, {
      Anonymous: () => false,
      Customer: ({ id }) => container.customer === id,
      Member: ({ id }) => container.customer === tables.members.get(id)?.customerId,
      Organization: ({ slugs }) => slugs.includes(Tables.organizationOf(tables, container)?.slug ?? "")
    })

  const findSeat = (
    subject: Subject,
    seatId: SeatId
  ): Result.Result<{ container: Tables.Container; state: SeatLifecycle.SeatState }, NotFound> => {
    const container = tables.seats.get(seatId)
    const row = container?.seats.get(seatId)
    return container === undefined || row === undefined || !mayUse(subject, container)
      ? Result.fail(new NotFound({ resource: "seat", id: seatId }))
      : Result.succeed({ container, state: Tables.state(tables, row) })
  }
  const findContainer = (subject: Subject, source: AssignmentSource): Result.Result<Tables.Container, NotFound> => {
    const container =
      source._tag === "Checkout"
        ? [...tables.containers.values()].find(({ checkoutId }) => checkoutId === source.id)
        : tables.containers.get(source.id)
    const resource = AssignmentSource.$match(source, {
      Subscription: () => "subscription" as const,
      Order: () => "order" as const,
      Checkout: () => "checkout" as const
    })
    return container === undefined ||
      (resource !== "checkout" && resource !== container.kind) ||
      !mayUse(subject, container)
      ? Result.fail(new NotFound({ resource, id: source.id }))
      : Result.succeed(container)
  }
  const findInvitation = (token: string, now: DateTime.Utc) => {
    const seatId = tables.invitations.get(token)
    const container = seatId === undefined ? undefined : tables.seats.get(seatId)
    const row = seatId === undefined ? undefined : container?.seats.get(seatId)
    const state = row === undefined ? undefined : Tables.state(tables, row)
    return container === undefined || state === undefined || !SeatLifecycle.isClaimable(state, now)
      ? Result.fail(new InvalidInvitation())
      : Result.succeed({ container, state })
  }

  // The one place where a transition takes effect
  const apply = (
    container: Tables.Container,
    { announce, mail, state }: SeatLifecycle.Transition,
    now: DateTime.Utc
  ): Seat => {
    const { seat } = state
    Tables.keep(tables, container, state)
    const product = container.product === null ? undefined : tables.products.get(container.product)
    if (mail !== null) {
      const slug = Tables.organizationOf(tables, container)?.slug ?? ""
      outbox.push({
        ...mail,
        subject: `You've been invited to access ${product?.name ?? ""}`,
        seatId: seat.id,
        claimUrl: Redacted.make(`${frontend}/${slug}/portal/claim?token=${Redacted.value(mail.token)}`),
        sentAt: now
      })
    }
    if (announce !== null) {
      events.push({ id: Token.uuid(random), type: announce, timestamp: now, seat, productId: product?.id ?? null })
    }
    return seat
  }

  const mint = (
    to: { readonly member: MemberId } | { readonly customer: CustomerId },
    now: DateTime.Utc
  ): Redacted.Redacted<string> => {
    const token = Redacted.make(Token.session(random, "member" in to ? "polar_mst_" : "polar_cst_"))
    const expiresAt = DateTime.addDuration(now, sessionLifetime)
    tables.tokens.set(Redacted.value(token), { ...to, token, scopes: [], expiresAt })
    return token
  }

  const revokeAll = (which: (row: Tables.SeatRow) => boolean, now: DateTime.Utc) => {
    for (const container of tables.containers.values()) {
      for (const row of container.seats.values()) {
        if (row.status !== "revoked" && which(row)) {
          apply(container, SeatLifecycle.revoke(Tables.state(tables, row), now), now)
        }
      }
    }
  }

  return {
    authenticate: (token, surface, now) => {
      if (token === null || Redacted.value(token).startsWith("polar_crt_")) return Result.succeed(Subject.Anonymous())
      const row = tables.tokens.get(Redacted.value(token))
      const expired = row?.expiresAt != null && DateTime.isLessThanOrEqualTo(row.expiresAt, now)
      const deleted = row?.member !== undefined && !tables.members.has(row.member)
      if (row === undefined || expired || deleted) {
        const wants = surface === "portal" ? "CustomerSession" : "OrganizationToken"
        return Result.fail(new Unauthorized({ reason: "InvalidToken", wants }))
      }
      if (row.customer !== undefined) return Result.succeed(Subject.Customer({ id: row.customer }))
      if (row.member !== undefined) return Result.succeed(Subject.Member({ id: row.member }))
      const slugs = row.organization === undefined ? (row.userOf ?? []) : [row.organization]
      return Result.succeed(Subject.Organization({ slugs, scopes: row.scopes }))
    },

    authorize: (subject, surface, operation) => {
      if (surface === "portal") {
        if (subject._tag === "Anonymous" || subject._tag === "Organization") {
          return Result.fail(new Unauthorized({ reason: "WrongToken", wants: "CustomerSession" }))
        }
        return subject._tag === "Member" && !reads.has(operation) && tables.members.get(subject.id)?.role === "member"
          ? Result.fail(new Forbidden({ reason: "Role" }))
          : Result.succeed(subject)
      }
      if (subject._tag !== "Organization") {
        return Result.fail(new Unauthorized({ reason: "WrongToken", wants: "OrganizationToken" }))
      }
      return subject.scopes.includes(scopeFor(operation))
        ? Result.succeed(subject)
        : Result.fail(new Forbidden({ reason: "Scope" }))
    },

    resend: (subject, seatId, now) =>
      Result.gen(function* () {
        const { container, state } = yield* findSeat(subject, seatId)
        // Polar trips over this one itself
        if (container.product === null) return yield* Result.fail(failedWithin("Seats.resend"))
        yield* sellsSeats(container)
        return apply(container, yield* SeatLifecycle.resend(state), now)
      }),

    list: (subject, source) =>
      Result.gen(function* () {
        const container = yield* findContainer(subject, source)
        yield* sellsSeats(container)
        const rows = [...container.seats.values()]
        return new SeatsList({
          seats: rows.map((row) => Tables.state(tables, row).seat),
          availableSeats: available(container),
          totalSeats: container.total
        })
      }),

    assign: (subject, assignment, now) =>
      Result.gen(function* () {
        const { immediateClaim = false, metadata = {}, recipient, source } = yield* check(assignment)
        if (source._tag === "Checkout" && subject._tag === "Organization") {
          const message = "Value error, Exactly one of subscription_id or order_id must be provided"
          return yield* Result.fail(new InvalidRequest({ issues: [{ type: "value_error", path: ["body"], message }] }))
        }
        const container = yield* findContainer(subject, source)
        if (container.product === null) return yield* noSeat("Container has no associated product")
        yield* sellsSeats(container)
        if (!container.paid) return yield* noSeat("Order must be paid before assigning seats")
        if (available(container) === 0) return yield* noSeat(`No available seats for ${container.id}`)
        const resolved = yield* Recipients.resolve(tables, container, recipient, now, random)
        const { holder } = resolved
        const rows = [...container.seats.values()]
        const taken = rows.some(
          (row) =>
            row.status !== "revoked" &&
            (row.memberId === holder.member.id ||
              row.email?.toLowerCase() === holder.email.toLowerCase() ||
              (holder.customerId !== container.customer && row.customerId === holder.customerId))
        )
        if (taken) return yield* Result.fail(new AlreadyAssigned({ recipient: identifierOf(recipient) }))
        Recipients.keep(tables, resolved)
        const reused = rows.find(({ status }) => status === "revoked")
        const vacancy = {
          id: reused?.id ?? SeatId.make(Token.uuid(random)),
          createdAt: reused?.createdAt ?? now,
          ...sourceIds(container),
          reused: reused !== undefined
        }
        const token = immediateClaim ? null : Redacted.make(Token.invitation(random))
        return apply(container, SeatLifecycle.assign(vacancy, holder, token, metadata, now), now)
      }),

    revoke: (subject, seatId, now) =>
      Result.gen(function* () {
        const { container, state } = yield* findSeat(subject, seatId)
        // The portal lets a seat that is revoked be, before it looks at anything else
        if (subject._tag === "Organization" || state.seat.status !== "revoked") {
          if (container.product === null) return yield* Result.fail(failedWithin("Seats.revoke"))
          yield* sellsSeats(container)
        }
        return apply(container, SeatLifecycle.revoke(state, now), now)
      }),

    claimed: (subject) =>
      [...tables.containers.values()].flatMap((container) => {
        const product = container.product === null ? undefined : tables.products.get(container.product)
        const organization = Tables.organizationOf(tables, container)
        if (container.kind !== "subscription" || product === undefined || organization === undefined) return []
        const subscription = new ClaimedSubscription({
          id: SubscriptionId.make(container.id),
          createdAt: container.createdAt,
          status: "active",
          customerId: container.customer,
          productId: product.id,
          productName: product.name,
          currentPeriodStart: container.createdAt,
          currentPeriodEnd: DateTime.addDuration(container.createdAt, Duration.days(30)),
          cancelAtPeriodEnd: false,
          seats: container.total
        })
        return [...container.seats.values()]
          .filter(
            (row) =>
              row.status === "claimed" &&
              ((subject._tag === "Customer" && row.customerId === subject.id) ||
                (subject._tag === "Member" && row.memberId === subject.id))
          )
          .map(() => ({ subscription, organization, checkoutId: container.checkoutId }))
      }),

    claimInfo: (token, now) =>
      Result.gen(function* () {
        const { container, state } = yield* findInvitation(token, now)
        const organization = yield* sellsSeats(container)
        const product = container.product === null ? undefined : tables.products.get(container.product)
        if (product === undefined) return yield* Result.fail(new InvalidInvitation())
        return {
          productName: product.name,
          productId: product.id,
          organizationName: organization.name ?? organization.slug,
          organizationSlug: organization.slug,
          customerEmail: state.seat.holderEmail ?? ""
        }
      }),

    claim: (token, now) =>
      Result.gen(function* () {
        const { container, state } = yield* findInvitation(token, now)
        if (container.product === null) return yield* Result.fail(new InvalidInvitation())
        yield* sellsSeats(container)
        const { customerId, memberId } = state.seat
        if (customerId === null) return yield* Result.fail(new InvalidInvitation())
        const seat = apply(container, yield* SeatLifecycle.claim(state, now), now)
        const organization = Tables.organizationOf(tables, container)
        const session =
          organization?.memberModelEnabled === true && memberId !== null
            ? mint({ member: memberId }, now)
            : mint({ customer: customerId }, now)
        return { seat, session }
      }),

    claimable: (token, now) => Result.map(findInvitation(token, now), ({ state }) => state.seat),

    createSession: (subject, request, now) =>
      Result.gen(function* () {
        const slugs = subject._tag === "Organization" ? subject.slugs : []
        const customer = [...tables.customers.values()].find(
          (row) =>
            slugs.includes(row.organization) &&
            ("id" in request.customer ? row.id === request.customer.id : row.externalId === request.customer.externalId)
        )
        const organization = tables.organizations.get(customer?.organization ?? "")
        if (customer === undefined || organization === undefined) {
          const field = "id" in request.customer ? "customer_id" : "external_customer_id"
          return yield* doesNotExist(field, "Customer does not exist.")
        }
        const session = (token: Redacted.Redacted<string>): Session => ({
          id: Token.uuid(random),
          token,
          createdAt: now,
          expiresAt: DateTime.addDuration(now, sessionLifetime),
          customer,
          organization
        })
        if (!organization.memberModelEnabled) return session(mint({ customer: customer.id }, now))
        const { member: asked } = request
        const member = [...tables.members.values()].find(
          (row) =>
            row.customerId === customer.id &&
            (asked === undefined
              ? row.role === "owner"
              : "id" in asked
                ? row.id === asked.id
                : row.externalId === asked.externalId)
        )
        if (member === undefined) {
          const field = asked === undefined || "id" in asked ? "member_id" : "external_member_id"
          return yield* doesNotExist(field, "Member does not exist for this customer.")
        }
        return session(mint({ member: member.id }, now))
      }),

    cancel: (subscriptionId, now) => {
      if (tables.containers.get(subscriptionId)?.kind !== "subscription") {
        return Result.fail(new NotFound({ resource: "subscription", id: subscriptionId }))
      }
      revokeAll((row) => row.subscriptionId === subscriptionId, now)
      return Result.void
    },

    deleteMember: (memberId, now) => {
      if (!tables.members.has(memberId)) return false
      revokeAll((row) => row.memberId === memberId, now)
      tables.members.delete(memberId)
      return true
    },

    rateLimitGroup: (subject) =>
      subject._tag === "Organization"
        ? (tables.organizations.get(subject.slugs[0] ?? "")?.rateLimitGroup ?? "default")
        : "default",

    withoutInvitations: tables.secrets.cut,
    purchases: [...tables.containers.values()].map((container) => ({
      source: sourceOf(container),
      productName: container.product === null ? null : (tables.products.get(container.product)?.name ?? null),
      buyerEmail: tables.customers.get(container.customer)?.email ?? null
    })),

    outbox,
    events
  }
}

const available = ({ seats, total }: Tables.Container): number =>
  Math.max(0, total - [...seats.values()].filter(({ status }) => status !== "revoked").length)

const sourceIds = ({
  id,
  kind
}: Tables.Container): { readonly subscriptionId: SubscriptionId | null; readonly orderId: OrderId | null } =>
  kind === "subscription"
    ? { subscriptionId: SubscriptionId.make(id), orderId: null }
    : { subscriptionId: null, orderId: OrderId.make(id) }

const sourceOf = ({ id, kind }: Tables.Container): SeatSource =>
  kind === "subscription"
    ? SeatSource.Subscription({ id: SubscriptionId.make(id) })
    : SeatSource.Order({ id: OrderId.make(id) })

const failedWithin = (operation: Operation) =>
  new Unavailable({ operation, reason: UnavailableReason.make({ _tag: "ServerFailed", status: 500 }) })

const noSeat = (detail: string) => Result.fail(new NoSeatAvailable({ detail }))

const doesNotExist = (field: string, message: string) =>
  Result.fail(new InvalidRequest({ issues: [{ type: "value_error", path: ["body", field], message }] }))
