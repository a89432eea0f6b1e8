import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** An item that waits for its group. */
interface Waiting<A, B, E> {
  readonly item: A
  readonly deferred: Deferred.Deferred<B, E>
}

/**
 * Carries items out in groups, so that many of them cost as much as one. A group has at most `maxSize` items, and no key
 * twice, if they have keys. While one group is under way, the next one gathers. An item that comes alone waits for no
 * other. `carryOut` gives the result of each item. A caller that is interrupted leaves its item behind.
 */
export const makeGroups = <A, B, E>(
  carryOut: (items: ReadonlyArray<A>) => Effect.Effect<(item: A) => B, E>,
  { keyOf, maxSize }: { readonly keyOf?: (item: A) => string; readonly maxSize: number }
): ((item: A) => Effect.Effect<B, E>) => {
  let waiting: Array<Waiting<A, B, E>> = []
  let isUnderWay = false

  const takeGroup = () => {
    if (keyOf === undefined) return waiting.splice(0, maxSize)
    const group = new Map<string, Waiting<A, B, E>>()
    const rest: Array<Waiting<A, B, E>> = []
    for (const each of waiting) {
      const key = keyOf(each.item)
      if (group.size < maxSize && !group.has(key)) group.set(key, each)
      else rest.push(each)
    }
    waiting = rest
    return Array.from(group.values())
  }
  const complete = (group: ReadonlyArray<Waiting<A, B, E>>, exit: Exit.Exit<(item: A) => B, E>) => {
    for (const { deferred, item } of group) {
      Deferred.doneUnsafe(
        deferred,
        Exit.map(exit, (resultOf) => resultOf(item))
      )
    }
  }
  const carryOutAll: Effect.Effect<void> = Effect.suspend(() => {
    const group = takeGroup()
    isUnderWay = group.length > 0
    return isUnderWay
      ? Effect.flatMap(Effect.exit(carryOut(group.map(({ item }) => item))), (exit) => {
          complete(group, exit)
          return carryOutAll
        })
      : Effect.void
  })

  return (item) =>
    Effect.suspend(() => {
      const deferred = Deferred.makeUnsafe<B, E>()
      waiting.push({ item, deferred })
      if (isUnderWay) return Deferred.await(deferred)
      isUnderWay = true
      return Effect.andThen(
        Effect.forkDetach(Effect.interruptible(carryOutAll), { startImmediately: true }),
        Deferred.await(deferred)
      )
    })
}
