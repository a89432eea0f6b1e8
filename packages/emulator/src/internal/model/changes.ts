import type * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type Assignment, identifierOf } from "@polar-seats/domain/Assignment"
import { type MemberId, type Seat, SeatId } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  type AlreadyClaimed,
  type Forbidden,
  InvalidInvitation,
  type InvalidRequest,
  type InvitationUnavailable,
  NoSeatAvailable,
  NotFound,
  type Operation,
  type RecipientNotFound,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import * as SeatLifecycle from "@polar-seats/domain/SeatLifecycle"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { Mail } from "../../Outbox.ts"
import type { Subject } from "./access.ts"
import {
  type Container,
  type Database,
  organizationOf,
  productOf,
  saveSeat,
  type SeatRow,
  seatState
} from "./database.ts"
import { availableSeats, findContainer, findInvitation, findSeat, findSeller } from "./find.ts"
import * as Generate from "./generate.ts"
import { resolveRecipient, saveRecipient } from "./resolveRecipient.ts"
import { mintToken } from "./sessions.ts"

/** An announcement about a seat, with the seat as Polar answered it. */
export interface SeatEvent {
  readonly id: string
  readonly type: SeatLifecycle.Announcement
  readonly timestamp: DateTime.Utc
  readonly seat: Seat
  /** The product that the seat is for. */
  readonly productId: string | null
}

/** The operations that change a seat or mail somebody. */
export interface Changes {
  readonly resend: (
    subject: Subject,
    seatId: SeatId,
    now: DateTime.Utc
  ) => Result.Result<Seat, NotFound | AlreadyClaimed | InvitationUnavailable | Forbidden | Unavailable>
  readonly assign: (
    subject: Subject,
    assignment: Assignment,
    now: DateTime.Utc
  ) => Result.Result<
    Seat,
    NotFound | NoSeatAvailable | AlreadyAssigned | RecipientNotFound | InvalidRequest | Forbidden
  >
  readonly revoke: (
    subject: Subject,
    seatId: SeatId,
    now: DateTime.Utc
  ) => Result.Result<Seat, NotFound | Forbidden | Unavailable>
  readonly claim: (
    token: string,
    now: DateTime.Utc
  ) => Result.Result<
    { readonly seat: Seat; readonly session: Redacted.Redacted<string> },
    InvalidInvitation | Forbidden
  >
  /** Ends a subscription as Polar does: revokes every seat of it that is not revoked. */
  readonly cancel: (subscriptionId: SubscriptionId, now: DateTime.Utc) => Result.Result<void, NotFound>
  /** Deletes a member as Polar does: revokes its seats. False if there is no such member. */
  readonly deleteMember: (memberId: MemberId, now: DateTime.Utc) => boolean
}

/** The parts of the model that a change reads and writes. */
export interface Context {
  readonly database: Database
  readonly random: Random.Random
  readonly outbox: Array<Mail>
  readonly events: Array<SeatEvent>
}

const frontend = "https://polar.sh"

// The one place where a transition takes effect
const apply = (
  { database, events, outbox, random }: Context,
  container: Container,
  { announce, mail, state }: SeatLifecycle.Transition,
  now: DateTime.Utc
): Seat => {
  const { seat } = state
  saveSeat(database, container, state)
  const product = productOf(database, container)
  if (mail !== null) {
    const slug = organizationOf(database, container)?.slug ?? ""
    outbox.push({
      ...mail,
      subject: `You've been invited to access ${product?.name ?? ""}`,
      seatId: seat.id,
      claimUrl: Redacted.make(`${frontend}/${slug}/portal/claim?token=${Redacted.value(mail.token)}`),
      sentAt: now
    })
  }
  if (announce !== null) {
    events.push({ id: Generate.uuid(random), type: announce, timestamp: now, seat, productId: product?.id ?? null })
  }
  return seat
}

const revokeWhere = (context: Context, matches: (row: SeatRow) => boolean, now: DateTime.Utc): void => {
  for (const container of context.database.containers.values()) {
    for (const row of container.seats.values()) {
      if (row.status !== "revoked" && matches(row)) {
        apply(context, container, SeatLifecycle.revoke(seatState(context.database, row), now), now)
      }
    }
  }
}

// Polar itself fails for a seat whose order has no product
const serverError = (operation: Operation) =>
  Result.fail(new Unavailable({ operation, reason: UnavailableReason.make({ _tag: "ServerFailed", status: 500 }) }))

const resend =
  (context: Context): Changes["resend"] =>
  (subject, seatId, now) =>
    Result.gen(function* () {
      const { container, state } = yield* findSeat(context.database, subject, seatId)
      if (container.product === null) return yield* serverError("Seats.resend")
      yield* findSeller(context.database, container)
      return apply(context, container, yield* SeatLifecycle.resend(state), now)
    })

const noSeat = (detail: string) => Result.fail(new NoSeatAvailable({ detail }))

const isHeldBy = (
  { customerId, email, member }: SeatLifecycle.Holder,
  row: SeatRow,
  buyer: Container["customer"]
): boolean =>
  row.status !== "revoked" &&
  (row.memberId === member.id ||
    row.email?.toLowerCase() === email.toLowerCase() ||
    (customerId !== buyer && row.customerId === customerId))

const assign =
  (context: Context): Changes["assign"] =>
  (subject, { immediateClaim = false, metadata = {}, recipient, source }, now) =>
    Result.gen(function* () {
      const { database, random } = context
      const container = yield* findContainer(database, subject, source)
      if (container.product === null) return yield* noSeat("Container has no associated product")
      yield* findSeller(database, container)
      if (!container.paid) return yield* noSeat("Order must be paid before assigning seats")
      if (availableSeats(container) === 0) return yield* noSeat(`No available seats for ${container.id}`)
      const resolved = yield* resolveRecipient(database, container, recipient, now, random)
      const rows = [...container.seats.values()]
      if (rows.some((row) => isHeldBy(resolved.holder, row, container.customer))) {
        return yield* Result.fail(new AlreadyAssigned({ recipient: identifierOf(recipient) }))
      }
      saveRecipient(database, resolved)
      const reused = rows.find(({ status }) => status === "revoked")
      const isSubscription = container.kind === "subscription"
      const vacancy = {
        id: reused?.id ?? SeatId.make(Generate.uuid(random)),
        createdAt: reused?.createdAt ?? now,
        subscriptionId: isSubscription ? SubscriptionId.make(container.id) : null,
        orderId: isSubscription ? null : OrderId.make(container.id),
        reused: reused !== undefined
      }
      const token = immediateClaim ? null : Redacted.make(Generate.invitationToken(random))
      return apply(context, container, SeatLifecycle.assign(vacancy, resolved.holder, token, metadata, now), now)
    })

const revoke =
  (context: Context): Changes["revoke"] =>
  (subject, seatId, now) =>
    Result.gen(function* () {
      const { container, state } = yield* findSeat(context.database, subject, seatId)
      // The portal answers for a revoked seat before it checks anything else
      if (subject._tag === "Organization" || state.seat.status !== "revoked") {
        if (container.product === null) return yield* serverError("Seats.revoke")
        yield* findSeller(context.database, container)
      }
      return apply(context, container, SeatLifecycle.revoke(state, now), now)
    })

const claim =
  (context: Context): Changes["claim"] =>
  (token, now) =>
    Result.gen(function* () {
      const { database, random } = context
      const { container, state } = yield* findInvitation(database, token, now)
      if (container.product === null) return yield* Result.fail(new InvalidInvitation())
      const organization = yield* findSeller(database, container)
      const { customerId, memberId } = state.seat
      if (customerId === null) return yield* Result.fail(new InvalidInvitation())
      const seat = apply(context, container, yield* SeatLifecycle.claim(state, now), now)
      const holder =
        organization.memberModelEnabled && memberId !== null ? { member: memberId } : { customer: customerId }
      return { seat, session: mintToken(database, random, holder, now) }
    })

export const make = (context: Context): Changes => ({
  resend: resend(context),
  assign: assign(context),
  revoke: revoke(context),
  claim: claim(context),
  cancel: (subscriptionId, now) => {
    if (context.database.containers.get(subscriptionId)?.kind !== "subscription") {
      return Result.fail(new NotFound({ resource: "subscription", id: subscriptionId }))
    }
    revokeWhere(context, (row) => row.subscriptionId === subscriptionId, now)
    return Result.void
  },
  deleteMember: (memberId, now) => {
    if (!context.database.members.has(memberId)) return false
    revokeWhere(context, (row) => row.memberId === memberId, now)
    context.database.members.delete(memberId)
    return true
  }
})
