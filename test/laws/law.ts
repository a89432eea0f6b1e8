import { assert } from "@effect/vitest"
import type { Assignment } from "@polar-seats/domain/Assignment"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { SeatId } from "@polar-seats/domain/Seat"
import type { Surface } from "@polar-seats/emulator/SeatModel"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import { Effect } from "effect"
import { subscription } from "./world.ts"

/** What is true of every implementation, or of every one that stands for the same door of Polar's. */
export interface Law {
  readonly name: string
  readonly surface?: Surface
  /** The world's token that it asks with. Default: the buyer's, or the organization's. */
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

/** That an attempt fails with just this error, and mails nobody. */
export const fails = <A, E extends object>(attempt: Effect.Effect<A, E, Seats>, expected: object) =>
  Effect.gen(function* () {
    assert.deepEqual({ ...(yield* Effect.flip(attempt)) }, { ...expected })
    assert.deepEqual(yield* recipients, [], "a refusal mails nobody")
  })
