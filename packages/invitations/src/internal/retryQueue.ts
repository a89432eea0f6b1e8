import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { RemindError, ReminderOutcome } from "../Reminder.ts"
import { attempt, giveUp } from "./remindSeat.ts"
import type { RunItem, RunState } from "./runState.ts"

// No further item is read while this many wait for their next attempt
const maxWaiting = 2048

/** Items that are ready, items that wait for their next attempt, and the failure that stopped them all. */
const makeQueue = Effect.fnUntraced(function* (concurrency: number) {
  const ready = yield* Queue.unbounded<RunItem, Cause.Done>()
  const room = yield* Semaphore.make(concurrency + maxWaiting)
  const scope = yield* Effect.scope
  const waiting = new Set<RunItem>()
  let unsettled = 0
  let isRead = false
  let isStopped = false
  let failure: Cause.Cause<RemindError> | undefined

  const endIfSettled = () => {
    if (isRead && unsettled === 0) Queue.endUnsafe(ready)
  }

  return {
    waiting,
    failure: () => failure,

    /** Reads the items. If reading fails, the items that were read before are still processed. */
    read: (items: Stream.Stream<RunItem, RemindError>) =>
      Stream.runForEachWhile(items, (item) =>
        Effect.map(room.take(1), () => {
          if (isStopped) return false
          unsettled++
          Queue.offerUnsafe(ready, item)
          return true
        })
      ).pipe(
        Effect.exit,
        Effect.map((exit) => {
          if (exit._tag === "Failure") failure ??= exit.cause
          isRead = true
          endIfSettled()
        }),
        Effect.forkIn(scope)
      ),

    /** The next item, or `undefined` if the queue has stopped. */
    take: Effect.map(Queue.take(ready), (item) => {
      if (isStopped) return undefined
      waiting.delete(item)
      return item
    }),

    retryLater: (item: RunItem, after: Duration.Duration) => {
      waiting.add(item)
      return Effect.forkIn(Effect.delay(Queue.offer(ready, item), after), scope)
    },

    settle: Effect.suspend(() => {
      unsettled--
      return Effect.map(room.release(1), endIfSettled)
    }),

    stop: (item: RunItem, cause: Cause.Cause<RemindError>) => {
      waiting.add(item)
      failure ??= cause
      isStopped = true
      Queue.endUnsafe(ready)
    }
  }
})

/**
 * Attempts the items of a run, `concurrency` at a time. An item that waits for its next attempt does not count. If an
 * attempt fails, the attempts in progress end and no other begins. `giveUp` then gives the outcomes of the item that failed
 * and of those that wait.
 */
export const processItems = (
  run: RunState,
  items: Stream.Stream<RunItem, RemindError>,
  concurrency: number
): Stream.Stream<ReminderOutcome, RemindError> =>
  Stream.callback<ReminderOutcome, RemindError>(
    Effect.fnUntraced(function* (outcomes) {
      const queue = yield* makeQueue(concurrency)

      const work = Effect.gen(function* () {
        while (true) {
          const item = yield* queue.take
          if (item === undefined) return
          const exit = yield* Effect.exit(attempt(run, item))
          if (exit._tag === "Failure") return queue.stop(item, exit.cause)
          if (exit.value._tag === "Retry") {
            yield* queue.retryLater(exit.value.item, exit.value.after)
            continue
          }
          yield* Queue.offer(outcomes, exit.value.outcome)
          yield* queue.settle
        }
      })

      yield* queue.read(items)
      yield* Effect.all(
        Array.from({ length: concurrency }, () => Effect.ignoreCause(work)),
        { concurrency: "unbounded", discard: true }
      )
      for (const item of queue.waiting) {
        const outcome = giveUp(run, item)
        if (outcome !== undefined) yield* Queue.offer(outcomes, outcome)
      }
      // The run may stop after its last item, when no other attempt fails
      const failure = queue.failure() ?? (run.stoppedBy && Cause.fail(run.stoppedBy))
      yield* failure === undefined ? Queue.end(outcomes) : Queue.failCause(outcomes, failure)
    }),
    { bufferSize: concurrency }
  )
