import type * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type Assignment, identifierOf } from "@polar-seats/domain/Assignment"
import { type MemberId, type Seat, SeatId } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  InvalidInvitation,
  NoSeatAvailable,
  NotFound,
  type Operation,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import * as SeatLifecycle from "@polar-seats/domain/SeatLifecycle"
import type { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { findContainer, findInvitation, findSeat, type Subject } from "./access.ts"
import * as Generate from "./generate.ts"
import { metadataOf } from "./metadata.ts"
import {
  address,
  availableSeats,
  type Container,
  organizationOf,
  pair,
  type PolarModel,
  productOf,
  saveSeat,
  type SeatRow,
  seatsOf,
  seatState,
  vacantSeat
} from "./polarModel.ts"
import { resolveRecipient, saveRecipient } from "./resolveRecipient.ts"
import { mintToken } from "./sessions.ts"

// The one place where a transition takes effect
const apply = (
  model: PolarModel,
  container: Container,
  { announce, mail, state }: SeatLifecycle.Transition,
  now: DateTime.Utc
): Seat => {
  const { seat } = state
  saveSeat(model, state)
  const product = productOf(model, container)
  if (mail !== null) {
    const slug = organizationOf(model, container)?.slug ?? ""
    model.outbox.push({
      ...mail,
      subject: `You've been invited to access ${product?.name ?? ""}`,
      seatId: seat.id,
      claimUrl: Redacted.make(`https://polar.sh/${slug}/portal/claim?token=${Redacted.value(mail.token)}`),
      sentAt: now
    })
  }
  if (announce !== null) {
    model.announce({
      id: Generate.uuid(model.random),
      type: announce,
      timestamp: now,
      seat,
      productId: product?.id ?? null
    })
  }
  return seat
}

const revokeEach = (
  model: PolarModel,
  container: Container,
  rows: ReadonlyMap<string, SeatRow>,
  now: DateTime.Utc
): void => {
  // A copy, because a revocation changes the map that an index returned
  for (const row of Array.from(rows.values())) {
    if (row.status !== "revoked") apply(model, container, SeatLifecycle.revoke(seatState(model, row), now), now)
  }
}

// Polar itself fails for a seat whose order has no product
const serverError = (operation: Operation) =>
  Result.fail(new Unavailable({ operation, reason: UnavailableReason.make({ _tag: "ServerFailed", status: 500 }) }))

export const resend = (model: PolarModel, subject: Subject, seatId: SeatId, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { container, state } = yield* findSeat(model, subject, seatId)
    if (container.product === null) return yield* serverError("Seats.resend")
    return apply(model, container, yield* SeatLifecycle.resend(state), now)
  })

const noSeat = (detail: string) => Result.fail(new NoSeatAvailable({ detail }))

const hasSeat = ({ seats }: PolarModel, holder: SeatLifecycle.Holder, { customer, source }: Container): boolean =>
  seats.where("heldByMember", pair(source.id, holder.member.id)).size > 0 ||
  seats.where("heldByEmail", pair(source.id, address(holder.email))).size > 0 ||
  (holder.customerId !== customer && seats.where("heldByCustomer", pair(source.id, holder.customerId)).size > 0)

/** An assignment with metadata that JavaScript may not hold. */
export interface ExactAssignment extends Assignment {
  readonly exactMetadata?: string | undefined
}

export const assign = (model: PolarModel, subject: Subject, assignment: ExactAssignment, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { random } = model
    const { exactMetadata, immediateClaim = false, metadata: seatMetadata = {}, recipient, source } = assignment
    const metadata = exactMetadata === undefined ? { seatMetadata } : metadataOf(exactMetadata)
    const container = yield* findContainer(model, subject, source)
    if (container.product === null) return yield* noSeat("Container has no associated product")
    if (!container.paid) return yield* noSeat("Order must be paid before assigning seats")
    if (availableSeats(model, container) === 0) return yield* noSeat(`No available seats for ${container.source.id}`)
    const resolved = yield* resolveRecipient(model, container, recipient, now)
    if (hasSeat(model, resolved.holder, container)) {
      return yield* Result.fail(new AlreadyAssigned({ recipient: identifierOf(recipient) }))
    }
    saveRecipient(model, resolved)
    const { source: bought } = container
    const reused = vacantSeat(model, container)
    const vacancy = {
      id: reused?.id ?? SeatId.make(Generate.uuid(random)),
      createdAt: reused?.createdAt ?? now,
      subscriptionId: bought._tag === "Subscription" ? bought.id : null,
      orderId: bought._tag === "Order" ? bought.id : null,
      reused: reused !== undefined
    }
    const token = immediateClaim ? null : Redacted.make(Generate.invitationToken(random))
    return apply(model, container, SeatLifecycle.assign(vacancy, resolved.holder, token, metadata, now), now)
  })

export const revoke = (model: PolarModel, subject: Subject, seatId: SeatId, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { container, state } = yield* findSeat(model, subject, seatId)
    // The portal answers for a revoked seat before it looks at the product
    const needsProduct = subject._tag === "Organization" || state.seat.status !== "revoked"
    if (needsProduct && container.product === null) return yield* serverError("Seats.revoke")
    return apply(model, container, SeatLifecycle.revoke(state, now), now)
  })

export const claim = (model: PolarModel, token: string, now: DateTime.Utc) =>
  Result.gen(function* () {
    const { container, state } = yield* findInvitation(model, token, now)
    if (container.product === null) return yield* Result.fail(new InvalidInvitation())
    const { customerId, memberId } = state.seat
    if (customerId === null) return yield* Result.fail(new InvalidInvitation())
    const seat = apply(model, container, yield* SeatLifecycle.claim(state, now), now)
    const usesMembers = organizationOf(model, container)?.memberModelEnabled === true
    const holder = usesMembers && memberId !== null ? { member: memberId } : { customer: customerId }
    return { seat, session: mintToken(model, holder, now).token }
  })

/** Ends a subscription as Polar does: revokes every seat of it that is not revoked. */
export const cancel = (model: PolarModel, subscriptionId: SubscriptionId, now: DateTime.Utc) => {
  const container = model.containers.get(subscriptionId)
  if (container?.source._tag !== "Subscription") {
    return Result.fail(new NotFound({ resource: "subscription", id: subscriptionId }))
  }
  revokeEach(model, container, seatsOf(model, container), now)
  return Result.void
}

/** Deletes a member as Polar does: revokes its seats. False if there is no such member. */
export const deleteMember = (model: PolarModel, memberId: MemberId, now: DateTime.Utc): boolean => {
  if (!model.members.has(memberId)) return false
  for (const container of model.containers.values()) {
    revokeEach(model, container, model.seats.where("heldByMember", pair(container.source.id, memberId)), now)
  }
  return model.members.delete(memberId)
}
