import { Recipient } from "@polar-seats/domain/Assignment"
import type { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import type { WorldInput } from "@polar-seats/emulator/World"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import type { ReminderOutcome, RemindOptions } from "@polar-seats/invitations/Reminder"
import { type Duration, Effect, Latch, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Fault, faulty } from "./faultInjection.ts"
import { source, token } from "./team.ts"

/** Runs every fiber that need not wait for the clock. */
const settled = Effect.forEach(Array.from({ length: 50 }), () => Effect.yieldNow, { discard: true })

/** Moves the clock, once everybody has done what they can do before. */
export const advance = (time: Duration.Input) =>
  settled.pipe(Effect.andThen(TestClock.adjust(time)), Effect.andThen(settled))

/** The memory that several processes share, as a database would be. */
export type Store = Map<string, Journal.Entry>

/**
 * The journal of one process over the store. Its locks and its owner are the process's own. Each call passes through the
 * process before it begins, and before it answers.
 */
const journalOf = (store: Store, through: Effect.Effect<void> = Effect.void): Layer.Layer<Journal.Journal> => {
  const call = <A>(act: () => A) => Effect.andThen(through, Effect.sync(act)).pipe(Effect.tap(through))
  return Layer.fresh(
    Layer.effect(
      Journal.Journal,
      Journal.make({
        isShared: true,
        get: (key) => call(() => store.get(key)),
        ofSeat: (seatId) =>
          call(() => Array.from(store.values()).filter((entry) => Journal.seatsOf(entry).includes(seatId))),
        replace: (entry, found) =>
          call(() => {
            if (store.get(entry.key)?.version !== found?.version) return false
            store.set(entry.key, entry)
            return true
          }),
        entries: Stream.suspend(() => Stream.fromIterable(Array.from(store.values())))
      })
    )
  )
}

/** `Seats` of one process: the same Polar as for every other one, reached through a fault. */
export const seatsThrough = (fault: Fault): Layer.Layer<Seats, never, Seats> =>
  Layer.fresh(
    Layer.effect(
      Seats,
      Effect.map(Seats, (service) => faulty(service, fault))
    )
  )

/** Each request travels for a while, and its answer for as long. */
export const away =
  (travel: Duration.Input): Fault =>
  (_, call) =>
    Effect.sleep(travel).pipe(Effect.andThen(call), Effect.tap(Effect.sleep(travel)))

/** The services of one process. */
export const processOver = (
  store: Store,
  fault: Fault = (_, call) => call,
  through?: Effect.Effect<void>
): Layer.Layer<Invitations | Journal.Journal, never, Seats> =>
  Invitations.layer.pipe(Layer.provide(seatsThrough(fault)), Layer.provideMerge(journalOf(store, through)))

/** A process that can be stopped and continued: meanwhile it neither sends, nor writes, nor learns of an answer. */
export const pausable = (store: Store, fault: Fault = (_, call) => call) => {
  const latch = Latch.makeUnsafe(true)
  const through: Fault = (operation, call) =>
    Effect.andThen(latch.await, fault(operation, call)).pipe(
      Effect.tap(latch.await),
      Effect.tapError(() => latch.await)
    )
  return { layer: processOver(store, through, latch.await), pause: latch.close, resume: latch.open }
}

/** Polar without Polar. */
export const polar = (team: WorldInput): Layer.Layer<Seats | Outbox> => Layer.orDie(SeatsMemory.layer(team, token))

/** An error in place of an answer, whatever the call is. */
export const fail = (error: unknown) => Effect.fail(error) as Effect.Effect<never>

export const mailedTo = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to)))

/** The seats that a person holds. */
export const heldBy = (address: string) =>
  Effect.flatMap(Seats, ({ list }) =>
    Effect.map(list(source), ({ seats }) => seats.filter((seat) => seat.holderEmail === address))
  )
export const seatOf = (address: string) => Effect.flatMap(heldBy(address), ([seat]) => Effect.fromNullishOr(seat))

/** An administrator takes a seat away in Polar's dashboard, and gives one to somebody else. */
export const giveTo = (seatId: SeatId, email: string) =>
  Effect.flatMap(Seats, ({ assign, revoke }) =>
    Effect.andThen(revoke(seatId), assign({ source, recipient: Recipient.Email({ email }) }))
  )

/** Runs one reminder, and returns the outcome of each person in a word. */
export const remindAll = (options?: RemindOptions) =>
  Effect.flatMap(Invitations, ({ remind }) =>
    Effect.map(Stream.runCollect(remind(source, options)), (outcomes) =>
      Object.fromEntries(
        outcomes.flatMap((outcome) => (outcome.address === null ? [] : [[outcome.address, wordOf(outcome)]]))
      )
    )
  )
const wordOf = (outcome: ReminderOutcome): string =>
  outcome._tag === "Skipped" ? outcome.reason._tag : outcome._tag === "Failed" ? outcome.error._tag : outcome._tag

export const unfinished = Effect.flatMap(Invitations, (service) => Stream.runCollect(service.unfinished))
