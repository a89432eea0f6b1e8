import type * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { AssignmentSource } from "@polar-seats/domain/Assignment"
import type { SeatId } from "@polar-seats/domain/Seat"
import { Forbidden, InvalidInvitation, NotFound } from "@polar-seats/domain/SeatError"
import * as SeatLifecycle from "@polar-seats/domain/SeatLifecycle"
import { canonicalUuid } from "../validation/uuid.ts"
import { canAccess, type Subject } from "./access.ts"
import { type Container, type Database, type Organization, organizationOf, seatState } from "./database.ts"

/** A seat, and the subscription or order that it was bought with. */
export interface FoundSeat {
  readonly container: Container
  readonly state: SeatLifecycle.SeatState
}

/** Finds a seat that the subject may see. */
export const findSeat = (database: Database, subject: Subject, seatId: SeatId): Result.Result<FoundSeat, NotFound> => {
  const container = database.seats.get(seatId)
  const row = container?.seats.get(seatId)
  return container === undefined || row === undefined || !canAccess(database, subject, container)
    ? Result.fail(new NotFound({ resource: "seat", id: seatId }))
    : Result.succeed({ container, state: seatState(database, row) })
}

/** Finds a subscription or order that the subject may see. */
export const findContainer = (
  database: Database,
  subject: Subject,
  source: AssignmentSource
): Result.Result<Container, NotFound> => {
  const container =
    source._tag === "Checkout"
      ? [...database.containers.values()].find(({ checkoutId }) => checkoutId === canonicalUuid(source.id))
      : database.containers.get(source.id)
  const resource = AssignmentSource.$match(source, {
    Subscription: () => "subscription" as const,
    Order: () => "order" as const,
    Checkout: () => "checkout" as const
  })
  return container === undefined ||
    (resource !== "checkout" && resource !== container.kind) ||
    !canAccess(database, subject, container)
    ? Result.fail(new NotFound({ resource, id: source.id }))
    : Result.succeed(container)
}

/** Finds the seat that an invitation token can claim now. */
export const findInvitation = (
  database: Database,
  token: string,
  now: DateTime.Utc
): Result.Result<FoundSeat, InvalidInvitation> => {
  const seatId = database.invitations.get(token)
  const container = seatId === undefined ? undefined : database.seats.get(seatId)
  const row = seatId === undefined ? undefined : container?.seats.get(seatId)
  const state = row === undefined ? undefined : seatState(database, row)
  return container === undefined || state === undefined || !SeatLifecycle.isClaimable(state, now)
    ? Result.fail(new InvalidInvitation())
    : Result.succeed({ container, state })
}

/** Finds the organization that sells a container's seats. `Forbidden` if seats are not enabled for it. */
export const findSeller = (database: Database, container: Container): Result.Result<Organization, Forbidden> => {
  const organization = organizationOf(database, container)
  return organization?.seatBasedPricingEnabled === true
    ? Result.succeed(organization)
    : Result.fail(new Forbidden({ reason: "SeatsNotEnabled" }))
}

/** How many seats of a container are free. */
export const availableSeats = ({ seats, total }: Container): number =>
  Math.max(0, total - [...seats.values()].filter(({ status }) => status !== "revoked").length)
