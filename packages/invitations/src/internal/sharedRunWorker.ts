import type { InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as Cause from "effect/Cause"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { ReminderOutcome, type StoppingError } from "../Reminder.ts"
import { UnreadableEntry } from "./journalError.ts"
import { monotonicMillis } from "./clock.ts"
import { decodeSeat, seatOfId } from "./sharedRunItem.ts"
import { type Offering, renewForEver, takeOver } from "./sharedRunOffer.ts"
import { type SharedRunError, SourcesUnlisted } from "./sharedRunResult.ts"
import type { Claimed, Settled } from "./sharedRunTable.ts"

/** A worker that is killed, or dies of a bug, with a seat in hand counts as one attempt at the seat. */
const maxAttempts = 10

// An interruption of a call to Polar takes up to 600 ms of a second by itself
const endWithinMillis = 800
const shortestEndMillis = 100
const maxBatch = 500

/** An error that stops a worker. */
type WorkError = StoppingError | InvalidOption | SharedRunError
type StreamError = WorkError | SourcesUnlisted

/** The services that a worker acts through. */
export interface Worker extends Offering {
  readonly pollInterval: Duration.Duration
  readonly remind: (seat: Seat) => Effect.Effect<ReminderOutcome, StoppingError | InvalidOption>
}

/** A row that this worker has claimed. After `until` (on the monotonic clock), another worker may have claimed it. */
interface Held extends Claimed {
  until: number
}

/** The rows that one call of `work` has in hand, and what it knows of them. */
interface Hand {
  readonly holder: string
  readonly concurrency: number
  readonly held: Map<string, Held>
  /** The outcomes that are not written down yet. */
  readonly unsettled: Set<Settled>
  /** The rows that made the worker die of a bug. */
  readonly spoilt: Array<string>
  readonly ready: Queue.Queue<Held, Cause.Done>
  readonly outcomes: Queue.Queue<Settled, Cause.Done>
  /** Open if there may be room for more seats. */
  readonly room: Latch.Latch
  readonly end: Latch.Latch
  failure?: Cause.Cause<StreamError>
}

const makeHand = (concurrency: number): Effect.Effect<Hand> =>
  Effect.map(
    Effect.all([Queue.unbounded<Held, Cause.Done>(), Queue.unbounded<Settled, Cause.Done>()]),
    ([ready, outcomes]) => ({
      holder: SecureRandom.uuidV4Unsafe(),
      concurrency,
      held: new Map(),
      unsettled: new Set(),
      spoilt: [],
      ready,
      outcomes,
      room: Latch.makeUnsafe(true),
      end: Latch.makeUnsafe(false)
    })
  )

/** No further row is begun. The rows in progress are ended, settled and reported. */
const stop = (hand: Hand, cause: Cause.Cause<StreamError>) =>
  Effect.sync(() => {
    hand.failure ??= cause
    hand.end.openUnsafe()
    hand.room.openUnsafe()
  })

const isStopped = (hand: Hand) => hand.failure !== undefined

const release = ({ held, room }: Hand, id: string) => {
  held.delete(id)
  room.openUnsafe()
}

const unreadable = new UnreadableEntry({ description: "its row in the shared run is damaged, or of a later version" })

/** Processes a seat. A seat that cannot be read fails, and mails nobody. */
const processSeat = ({ remind }: Worker, seatId: SeatId, { attempts, id, item }: Held) =>
  Effect.matchEffect(decodeSeat(item ?? ""), {
    onFailure: () =>
      Effect.succeed<Settled>({
        id,
        seatId,
        outcome: ReminderOutcome.Failed({ seatId, address: null, error: unreadable }),
        keepsItem: true
      }),
    onSuccess: (seat) =>
      Effect.map(
        attempts > maxAttempts
          ? Effect.succeed(ReminderOutcome.InDoubt({ seatId, address: seat.holderEmail }))
          : remind(seat),
        (outcome): Settled => ({ id, seatId, outcome, keepsItem: false })
      )
  })

const processRow = (worker: Worker, hand: Hand, row: Held): Effect.Effect<void, WorkError> => {
  const seatId = seatOfId(row.id)
  if (seatId === undefined) {
    const listed = takeOver(worker, hand.holder, row, maxAttempts)
    return Effect.map(listed, () => release(hand, row.id))
  }
  return Effect.map(processSeat(worker, seatId, row), (settled) => {
    hand.unsettled.add(settled)
    Queue.offerUnsafe(hand.outcomes, settled)
  })
}

/** Processes one row after another. */
const takeRows = (worker: Worker, hand: Hand) =>
  Effect.gen(function* () {
    while (true) {
      const row = yield* Queue.take(hand.ready)
      if (isStopped(hand)) continue
      // This process was paused, and another one has the row
      if (row.until < (yield* monotonicMillis)) {
        release(hand, row.id)
        continue
      }
      yield* Effect.catchCause(processRow(worker, hand, row), (cause) => {
        if (Cause.hasDies(cause)) hand.spoilt.push(row.id)
        return Cause.hasInterruptsOnly(cause) ? Effect.interrupt : stop(hand, cause)
      })
    }
  })

/** Claims rows until the run is done, or this worker is stopped. */
const claimRows = ({ lockExpiration, pollInterval, table }: Worker, hand: Hand) =>
  Effect.gen(function* () {
    const { concurrency, end, held, holder, ready, room } = hand
    while (!isStopped(hand)) {
      // Half of what is in hand waits, so that rows are claimed in batches
      const free = 2 * concurrency - held.size
      if (free < concurrency / 2) {
        room.closeUnsafe()
        yield* room.await
        continue
      }
      const until = (yield* monotonicMillis) + Duration.toMillis(lockExpiration)
      const rows = yield* table.claim(holder, free, Array.from(held.keys()))
      for (const row of rows) {
        const claimed = { ...row, until }
        held.set(row.id, claimed)
        Queue.offerUnsafe(ready, claimed)
      }
      if (rows.length > 0) continue
      if (held.size === 0 && (yield* table.isDone)) return
      yield* Effect.raceFirst(Effect.sleep(pollInterval), end.await)
    }
  }).pipe(
    Effect.catchCause((cause) => stop(hand, cause)),
    Effect.ensuring(Queue.end(hand.ready))
  )

/** Writes outcomes down, as many as there are at a time, and then reports them. */
const settleRows = (
  { table }: Worker,
  { held, outcomes, room, unsettled }: Hand,
  report: (outcomes: ReadonlyArray<ReminderOutcome>) => Effect.Effect<unknown>
) =>
  Effect.gen(function* () {
    while (true) {
      const all = yield* Queue.takeBetween(outcomes, 1, maxBatch)
      yield* table.settle(all)
      for (const settled of all) {
        unsettled.delete(settled)
        held.delete(settled.id)
      }
      room.openUnsafe()
      yield* report(all.map(({ outcome }) => outcome))
    }
  })

/** Gives back what this worker has claimed and not settled. */
const endHand = ({ table }: Worker, { holder, spoilt, unsettled }: Hand, patience: number) =>
  Effect.andThen(
    unsettled.size === 0 ? Effect.void : table.settleSoon(Array.from(unsettled), patience / 2),
    table.giveBack(holder, spoilt, patience / 2)
  )

/** Moves the locks on. A row that another worker has by now is not begun any more. */
const renewLocks = (worker: Worker, { held, holder }: Hand) =>
  renewForEver(
    worker,
    holder,
    () => Array.from(held.keys()),
    (ids, until) => {
      const ours = new Set(ids)
      for (const row of held.values()) row.until = ours.has(row.id) ? until : 0
    }
  )

const workThrough = (
  worker: Worker,
  hand: Hand,
  report: (outcomes: ReadonlyArray<ReminderOutcome>) => Effect.Effect<unknown>
): Effect.Effect<void> => {
  const orStop = Effect.catchCause((cause: Cause.Cause<StreamError>) =>
    Cause.hasInterruptsOnly(cause) ? Effect.interrupt : stop(hand, cause)
  )
  const takers = Array.from({ length: hand.concurrency }, () =>
    Pull.catchDone(takeRows(worker, hand), () => Effect.void)
  )
  const rows = Effect.all([claimRows(worker, hand), ...takers], { concurrency: "unbounded", discard: true })
  const settling = Pull.catchDone(settleRows(worker, hand, report), () => Effect.void)
  const body = Effect.all([Effect.ensuring(rows, Queue.end(hand.outcomes)), orStop(settling)], {
    concurrency: "unbounded",
    discard: true
  })
  return Effect.raceFirst(body, Effect.andThen(orStop(renewLocks(worker, hand)), Effect.never))
}

/** Runs a clean-up with the time that is left of a second since the interruption. */
const onInterruptWithin = <A, E>(effect: Effect.Effect<A, E>, cleanUp: (patience: number) => Effect.Effect<void>) =>
  Effect.suspend(() => {
    let interruptedAt: number | undefined
    const note = Effect.onInterrupt(Effect.never, () =>
      Effect.map(monotonicMillis, (now) => {
        interruptedAt = now
      })
    )
    return Effect.onInterrupt(Effect.raceFirst(effect, note), () =>
      Effect.flatMap(monotonicMillis, (now) =>
        cleanUp(Math.max(shortestEndMillis, endWithinMillis - (now - (interruptedAt ?? now))))
      )
    )
  })

/** Takes rows until the run is done. Reports the outcomes of the seats that this worker had. */
export const work = (worker: Worker, concurrency: number): Stream.Stream<ReminderOutcome, StreamError> =>
  Stream.callback<ReminderOutcome, StreamError>(
    Effect.fnUntraced(function* (results) {
      const hand = yield* makeHand(concurrency)
      const body = workThrough(worker, hand, (outcomes) => Queue.offerAll(results, outcomes))
      yield* onInterruptWithin(body, (patience) => endHand(worker, hand, patience))
      if (isStopped(hand)) yield* endHand(worker, hand, endWithinMillis)
      const { failure = yield* failureOfSources(worker) } = hand
      yield* failure === undefined ? Queue.end(results) : Queue.failCause(results, failure)
    }),
    { bufferSize: concurrency }
  )

const failureOfSources = ({ table }: Worker): Effect.Effect<Cause.Cause<StreamError> | undefined> =>
  Effect.match(table.unlisted, {
    onFailure: (error) => Cause.fail(error),
    onSuccess: (sources) => (sources.length === 0 ? undefined : Cause.fail(new SourcesUnlisted({ sources })))
  })
