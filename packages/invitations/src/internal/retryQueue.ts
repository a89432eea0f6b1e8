import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as Cause from "effect/Cause"

/** What came of an item: a result, or that it is to be taken up again later. */
export type Step<Item, A> =
  | { readonly _tag: "Done"; readonly result: A }
  | { readonly _tag: "Later"; readonly item: Item; readonly after: Duration.Duration }

// How many may wait for their turn to come again: more items than that are not even looked at
const patience = 2048

/**
 * Takes steps with many items, so many at a time. An item that waits holds no place among them. A step that fails lets
 * those end that were begun, and no other begins: those that wait are given up, and so is the one that failed.
 */
export const bulk = <Item, A, E>(
  items: Stream.Stream<Item, E>,
  concurrency: number,
  step: (item: Item) => Effect.Effect<Step<Item, A>, E>,
  giveUp: (item: Item) => A | undefined
): Stream.Stream<A, E> =>
  Stream.callback<A, E>(
    Effect.fnUntraced(function* (results) {
      const ready = yield* Queue.unbounded<Item, Cause.Done>()
      const room = yield* Semaphore.make(concurrency + patience)
      const scope = yield* Effect.scope
      const waiting = new Set<Item>()
      let unsettled = 0
      let isRead = false
      let failure: Cause.Cause<E> | undefined
      let isStopped = false

      const stop = (cause: Cause.Cause<E>) => {
        failure ??= cause
        isStopped = true
        Queue.endUnsafe(ready)
      }
      const endWhenSettled = () => {
        if (isRead && unsettled === 0) Queue.endUnsafe(ready)
      }

      const read = Stream.runForEachWhile(items, (item) =>
        Effect.map(room.take(1), () => {
          if (isStopped) return false
          unsettled++
          Queue.offerUnsafe(ready, item)
          return true
        })
      ).pipe(
        // What was read before it failed is done all the same
        Effect.catchCause((cause) =>
          Effect.sync(() => {
            failure ??= cause
          })
        ),
        Effect.andThen(
          Effect.sync(() => {
            isRead = true
            endWhenSettled()
          })
        )
      )

      const again = (item: Item, after: Duration.Duration) => {
        waiting.add(item)
        return Effect.forkIn(
          Effect.andThen(
            Effect.sleep(after),
            Effect.sync(() => Queue.offerUnsafe(ready, item))
          ),
          scope
        )
      }

      const work: Effect.Effect<void, Cause.Done> = Effect.gen(function* () {
        while (true) {
          const item = yield* Queue.take(ready)
          if (isStopped) return
          waiting.delete(item)
          const done = yield* Effect.exit(step(item))
          if (done._tag === "Failure") {
            waiting.add(item)
            return stop(done.cause)
          }
          if (done.value._tag === "Later") {
            yield* again(done.value.item, done.value.after)
            continue
          }
          yield* Queue.offer(results, done.value.result)
          unsettled--
          yield* room.release(1)
          endWhenSettled()
        }
      })

      yield* Effect.forkIn(read, scope)
      yield* Effect.all(
        Array.from({ length: concurrency }, () => Effect.catchCause(work, () => Effect.void)),
        { concurrency: "unbounded", discard: true }
      )
      for (const item of waiting) {
        const result = giveUp(item)
        if (result !== undefined) yield* Queue.offer(results, result)
      }
      yield* failure === undefined ? Queue.end(results) : Queue.failCause(results, failure)
    }),
    { bufferSize: concurrency }
  )
