import type * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import type { Mail } from "../../Outbox.ts"
import type { World } from "../../World.ts"
import * as Access from "./access.ts"
import * as Changes from "./changes.ts"
import { fromWorld } from "./database.ts"
import * as Reads from "./reads.ts"
import * as Sessions from "./sessions.ts"

/**
 * Polar's server side of the seats, in memory: permissions, the order of Polar's checks, state changes, mails and
 * announcements. `SeatsMemory.layer` and the emulator both use it. Every method is one synchronous step, so nothing can
 * come between a check and the change that it allows. The caller passes `now`. Members without a comment behave like the
 * methods of the same name in `Seats`, `SeatClaims` and `CustomerSessions`.
 */
export interface PolarModel extends Access.Access, Reads.Reads, Changes.Changes, Sessions.Sessions {
  /** Cuts every invitation token since the seed out of a text, so that the text may be shown. */
  readonly withoutInvitations: (text: string) => string
  /** The mails so far, newest last. The caller may empty it. */
  readonly outbox: Array<Mail>
  /** The announcements so far, newest last. The caller may empty it. */
  readonly events: Array<Changes.SeatEvent>
}

/** Fills a model from a world. Draws tokens and missing ids from `random`. */
export const make = (world: World, start: DateTime.Utc, random: Random.Random): PolarModel => {
  const database = fromWorld(world, start, random)
  const outbox: Array<Mail> = []
  const events: Array<Changes.SeatEvent> = []
  return {
    ...Access.make(database),
    ...Reads.make(database),
    ...Changes.make({ database, random, outbox, events }),
    ...Sessions.make(database, random),
    withoutInvitations: database.secrets.cut,
    outbox,
    events
  }
}
