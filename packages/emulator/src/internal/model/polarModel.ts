import type * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import type { Seat } from "@polar-seats/domain/Seat"
import type { Announcement } from "@polar-seats/domain/SeatLifecycle"
import type { Mail } from "../../Outbox.ts"
import type { World } from "../../World.ts"
import { type Database, fromWorld } from "./database.ts"

/** An announcement about a seat, with the seat as Polar answered it. */
export interface SeatEvent {
  readonly id: string
  readonly type: Announcement
  readonly timestamp: DateTime.Utc
  readonly seat: Seat
  /** The product that the seat is for. */
  readonly productId: string | null
}

/**
 * Polar's server side of the seats, in memory. `SeatsMemory.layer` and the emulator both use it. `access.ts` decides who
 * may do what, `reads.ts` answers questions, `changes.ts` changes and mails seats, and `sessions.ts` creates sessions.
 * Every function there is one synchronous step, so nothing can come between a check and the change that it allows. The
 * caller passes `now`. A function without a comment behaves like the method of the same name in `Seats` or `SeatClaims`.
 */
export interface PolarModel {
  readonly database: Database
  /** The source of tokens, and of the ids that a world leaves out. */
  readonly random: Random.Random
  /** The mails so far, newest last. The caller may empty it. */
  readonly outbox: Array<Mail>
  /** The announcements so far, newest last. The caller may empty it. */
  readonly events: Array<SeatEvent>
}

/** Fills a model from a world. */
export const make = (world: World, start: DateTime.Utc, random: Random.Random): PolarModel => ({
  database: fromWorld(world, start, random),
  random,
  outbox: [],
  events: []
})
