import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { monotonicMillis } from "./clock.ts"

/** The end of one attempt at an item: a result, or a request to attempt `item` again after a pause. */
export type Attempt<Item, A> =
  | { readonly _tag: "Done"; readonly result: A }
  | { readonly _tag: "Retry"; readonly item: Item; readonly after: Duration.Duration }

// No further item is read while this many wait for their next attempt
const maxWaiting = 2048
// Items whose pauses end within this time of each other wait in one fiber. Thousands of sleeping fibers take megabytes
const wakeMillis = 10

/** Hands items on after a pause. */
const makeSleep = <Item>(scope: Scope.Scope, wake: (item: Item) => void) => {
  const sleeping = new Map<number, Array<Item>>()
  return (item: Item, pause: Duration.Duration): Effect.Effect<unknown> =>
    Effect.flatMap(monotonicMillis, (now) => {
      if (Duration.isZero(pause)) return Effect.sync(() => wake(item))
      const wakeAt = Math.ceil((now + Duration.toMillis(pause)) / wakeMillis) * wakeMillis
      const others = sleeping.get(wakeAt)
      if (others !== undefined) return Effect.sync(() => others.push(item))
      const items = [item]
      sleeping.set(wakeAt, items)
      const wakeAll = Effect.sync(() => {
        sleeping.delete(wakeAt)
        items.forEach(wake)
      })
      return Effect.forkIn(Effect.andThen(Effect.sleep(wakeAt - now), wakeAll), scope)
    })
}

/** Items that are ready, items that wait for their next attempt, and the failure that stopped them all. */
const makeQueue = Effect.fnUntraced(function* <Item, E>(concurrency: number) {
  const ready = yield* Queue.unbounded<Item, Cause.Done>()
  const room = yield* Semaphore.make(concurrency + maxWaiting)
  const scope = yield* Effect.scope
  const waiting = new Set<Item>()
  const sleep = makeSleep<Item>(scope, (item) => Queue.offerUnsafe(ready, item))
  let unsettled = 0
  let isRead = false
  let isStopped = false
  let failure: Cause.Cause<E> | undefined

  const endIfSettled = () => {
    if (isRead && unsettled === 0) Queue.endUnsafe(ready)
  }

  return {
    waiting,
    failure: () => failure,

    /** Reads the items. If reading fails, the items that were read before are still processed. */
    read: (items: Stream.Stream<Item, E>) =>
      Stream.runForEachWhile(items, (item) =>
        Effect.map(room.take(1), () => {
          if (isStopped) return false
          unsettled++
          Queue.offerUnsafe(ready, item)
          return true
        })
      ).pipe(
        Effect.catchCause((cause) =>
          Effect.sync(() => {
            failure ??= cause
          })
        ),
        Effect.andThen(
          Effect.sync(() => {
            isRead = true
            endIfSettled()
          })
        ),
        Effect.forkIn(scope)
      ),

    /** The next item, or `undefined` if the queue has stopped. */
    take: Effect.map(Queue.take(ready), (item) => {
      if (isStopped) return undefined
      waiting.delete(item)
      return item
    }),

    retryLater: (item: Item, pause: Duration.Duration) =>
      Effect.suspend(() => {
        waiting.add(item)
        return sleep(item, pause)
      }),

    settle: Effect.suspend(() => {
      unsettled--
      return Effect.map(room.release(1), endIfSettled)
    }),

    stop: (item: Item, cause: Cause.Cause<E>) => {
      waiting.add(item)
      failure ??= cause
      isStopped = true
      Queue.endUnsafe(ready)
    }
  }
})

/**
 * Attempts many items, `concurrency` at a time. An item that waits for its next attempt does not count. If an attempt
 * fails, the attempts in progress end and no other begins. `giveUp` then gives the results of the item that failed and of
 * those that wait.
 */
export const processItems = <Item, A, E>(
  items: Stream.Stream<Item, E>,
  concurrency: number,
  attempt: (item: Item) => Effect.Effect<Attempt<Item, A>, E>,
  giveUp: (item: Item) => A | undefined
): Stream.Stream<A, E> =>
  Stream.callback<A, E>(
    Effect.fnUntraced(function* (results) {
      const queue = yield* makeQueue<Item, E>(concurrency)

      const work = Effect.gen(function* () {
        while (true) {
          const item = yield* queue.take
          if (item === undefined) return
          const exit = yield* Effect.exit(attempt(item))
          if (exit._tag === "Failure") return queue.stop(item, exit.cause)
          if (exit.value._tag === "Retry") {
            yield* queue.retryLater(exit.value.item, exit.value.after)
            continue
          }
          yield* Queue.offer(results, exit.value.result)
          yield* queue.settle
        }
      })

      yield* queue.read(items)
      yield* Effect.all(
        Array.from({ length: concurrency }, () => Effect.catchCause(work, () => Effect.void)),
        { concurrency: "unbounded", discard: true }
      )
      for (const item of queue.waiting) {
        const result = giveUp(item)
        if (result !== undefined) yield* Queue.offer(results, result)
      }
      const failure = queue.failure()
      yield* failure === undefined ? Queue.end(results) : Queue.failCause(results, failure)
    }),
    { bufferSize: concurrency }
  )
