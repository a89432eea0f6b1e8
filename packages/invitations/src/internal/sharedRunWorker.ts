import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Seat } from "@polar-seats/domain/Seat"
import type { InvalidOption } from "@polar-seats/domain/InvalidOption"
import { ReminderOutcome, type StoppingError } from "../Reminder.ts"
import { type Progress, SharedRunError } from "./sharedRunTable.ts"

/** An item of the queue that the workers share. */
export const QueueItem = Schema.Struct({ seat: Seat })
type QueueItem = typeof QueueItem.Type

/** A worker that is killed, or dies of a bug, with a seat in hand counts as one attempt at the seat. */
export const maxAttempts = 10

/** An error that stops a worker. */
export type WorkError = StoppingError | InvalidOption

/** The services that a worker acts through. */
export interface Worker {
  readonly queue: PersistedQueue.PersistedQueue<QueueItem>
  readonly progress: Effect.Effect<Progress, SharedRunError>
  readonly pollInterval: Duration.Input
  readonly remind: (seat: Seat) => Effect.Effect<ReminderOutcome, WorkError>
  readonly settle: (seat: Seat, outcome: ReminderOutcome) => Effect.Effect<void, SharedRunError>
}

/** Takes seats from the queue until the run is done. Reports the outcomes of the seats that this worker had. */
export const work = (
  { pollInterval, progress, queue, remind, settle }: Worker,
  concurrency: number
): Stream.Stream<ReminderOutcome, WorkError | SharedRunError> =>
  Stream.callback<ReminderOutcome, WorkError | SharedRunError>(
    Effect.fnUntraced(function* (results) {
      const end = Latch.makeUnsafe(false)
      let failure: { readonly cause: Cause.Cause<WorkError | SharedRunError> } | undefined
      const stop = (cause: Cause.Cause<WorkError | SharedRunError>) =>
        Effect.sync(() => {
          if (!Cause.hasInterruptsOnly(cause)) failure ??= { cause }
          end.openUnsafe()
        })

      const remindOrGiveUp = (seat: Seat, attempts: number) =>
        attempts > maxAttempts
          ? Effect.succeed(ReminderOutcome.InDoubt({ seatId: seat.id, address: seat.holderEmail }))
          : remind(seat)

      const processItem = ({ seat }: QueueItem, { attempts }: { readonly attempts: number }) =>
        Effect.tap(remindOrGiveUp(seat, attempts), (outcome) => settle(seat, outcome)).pipe(
          Effect.flatMap((outcome) => Queue.offer(results, outcome)),
          // An interruption returns the seat to the queue at once, and is not an attempt. A defect is one
          Effect.catchCause((cause) =>
            Effect.andThen(stop(cause), Cause.hasDies(cause) ? Effect.failCause(cause) : Effect.interrupt)
          )
        )

      const taker = Effect.suspend(() => {
        const inHand = Semaphore.makeUnsafe(1)
        const take = queue.take((item, metadata) => inHand.withPermit(processItem(item, metadata)))
        // At the end, a taker with a seat in hand first processes it
        return Effect.raceFirst(Effect.forever(take), Effect.andThen(end.await, inHand.take(1)))
      }).pipe(
        Effect.catchTag("PersistedQueueError", ({ message }) =>
          Effect.fail(new SharedRunError({ description: message }))
        ),
        Effect.catchCause(stop)
      )

      const watch = Effect.gen(function* () {
        while (!(yield* progress).isDone) yield* Effect.sleep(pollInterval)
        end.openUnsafe()
      })

      yield* Effect.forkScoped(Effect.catchCause(watch, stop))
      yield* Effect.all(
        Array.from({ length: Math.max(1, Math.floor(concurrency)) }, () => taker),
        { concurrency: "unbounded", discard: true }
      )
      yield* failure === undefined ? Queue.end(results) : Queue.failCause(results, failure.cause)
    }),
    { bufferSize: concurrency }
  )
