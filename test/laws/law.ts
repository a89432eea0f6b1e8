import { assert } from "@effect/vitest"
import type { Assignment } from "@polar-seats/domain/Assignment"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import { Forbidden, NotFound, type Surface, Unauthorized } from "@polar-seats/domain/SeatError"
import { Context, Effect } from "effect"
import { subscription } from "./world.ts"

/** The two APIs that Polar has for seats: the customer portal, and the API of the organization that sells them. */
export type ApiSurface = "portal" | "organization"

/** The names that the errors of the implementation give. */
export interface Named {
  readonly surface: Surface
  /** The host that its errors name. Undefined if it asks no host. */
  readonly host?: RegExp | undefined
}
export const Named = Context.Reference<Named>("test/laws/Named", {
  defaultValue: () => ({ surface: "CustomerPortal" })
})

/** A statement that holds for every implementation of `Seats`, or for every one of the same API surface. */
export interface Law {
  readonly name: string
  readonly surface?: ApiSurface
  /** The token of the world to call with. Default: the token of the buyer, or of the organization. */
  readonly token?: string
  readonly holds: Effect.Effect<void, unknown, Seats | Outbox>
}

export const resend = (id: SeatId) => Effect.flatMap(Seats, (service) => service.resend(id))
export const list = (source: SeatSource) => Effect.flatMap(Seats, (service) => service.list(source))
export const assign = (assignment: Assignment) => Effect.flatMap(Seats, (service) => service.assign(assignment))
export const revoke = (id: SeatId) => Effect.flatMap(Seats, (service) => service.revoke(id))

export const ofSubscription = SeatSource.Subscription({ id: subscription })

export const mails = Effect.flatMap(Outbox, (outbox) => outbox.mails)
export const recipients = Effect.map(mails, (all) => all.map(({ to }) => to))

// A law need not repeat the surface of its implementation
const withSurface = (expected: object, { surface }: Named) =>
  expected instanceof NotFound || expected instanceof Forbidden ? { surface, ...expected } : { ...expected }

/**
 * Asserts that a call fails with exactly this error, and mails nobody. The error names the surface, and also the host if it
 * is about the token.
 */
export const fails = <A, E extends object>(
  attempt: Effect.Effect<A, E, Seats>,
  expected: object,
  { isAsked = true }: { readonly isAsked?: boolean } = {}
) =>
  Effect.gen(function* () {
    const named = yield* Named
    const { host, ...error }: { readonly host?: string } = {
      ...(yield* Effect.flip(attempt))
    }
    assert.deepEqual(error, withSurface(expected, named))
    if (named.host !== undefined && isAsked && expected instanceof Unauthorized)
      assert.match(host ?? "none", named.host)
    else assert.isUndefined(host)
    assert.deepEqual(yield* recipients, [], "a refusal mails nobody")
  })
