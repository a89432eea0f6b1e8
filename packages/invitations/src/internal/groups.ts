import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** Items that are carried out together. */
interface Group {
  /** How many callers still wait. */
  users: number
  /** Done when none does. */
  readonly left: Deferred.Deferred<void>
}

/** An item that waits for its result. */
interface Waiting<A, B, E> {
  readonly item: A
  readonly result: Deferred.Deferred<B, E>
  group: Group | undefined
}

interface Options<A> {
  readonly keyOf?: (item: A) => string
  readonly maxSize: number
  /** Whether a group waits for the items that come in the same turn of the event loop, although none is under way. */
  readonly yieldsFirst?: boolean
}

/** Carries out one item with others. */
export type InGroup<A, B, E> = (item: A) => Effect.Effect<B, E>

/**
 * Carries items out in groups, so that many of them cost as much as one. A group has at most `maxSize` items, and no key
 * twice, if they have keys. While one group is under way, the next one gathers. An item that comes alone waits for no
 * other. `carryOut` gives the result of each item, and runs in the context of `makeGroups`, not in that of a caller.
 *
 * The item of a caller that is interrupted is taken back if its group has not begun. A group for which nobody waits any
 * more is interrupted, and left behind.
 */
export const makeGroups = <A, B, E>(
  carryOut: (items: ReadonlyArray<A>) => Effect.Effect<(item: A) => Effect.Effect<B, E>, E>,
  { keyOf, maxSize, yieldsFirst = false }: Options<A>
): Effect.Effect<InGroup<A, B, E>> =>
  Effect.contextWith((context: Parameters<typeof Effect.runForkWith<never>>[0]) => {
    const runFork = Effect.runForkWith(context)
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
    const carryOutGroup = Effect.fnUntraced(function* (items: ReadonlyArray<Waiting<A, B, E>>) {
      const group: Group = { users: items.length, left: Deferred.makeUnsafe() }
      for (const each of items) each.group = group
      const fiber = yield* Effect.forkDetach(carryOut(items.map(({ item }) => item)), { startImmediately: true })
      const exit = yield* Effect.raceFirst(Fiber.await(fiber), Deferred.await(group.left))
      // An interruption may take as long as what it interrupts
      if (exit === undefined) return void (yield* Effect.forkDetach(Fiber.interrupt(fiber)))
      for (const { item, result } of items) {
        Deferred.doneUnsafe(result, Exit.isSuccess(exit) ? exit.value(item) : Effect.failCause(exit.cause))
      }
    })
    const carryOutAll: Effect.Effect<void> = Effect.suspend(() => {
      const items = takeGroup()
      isUnderWay = items.length > 0
      return isUnderWay ? Effect.andThen(carryOutGroup(items), carryOutAll) : Effect.void
    })
    const takeBack = (one: Waiting<A, B, E>) => {
      const { group } = one
      if (group === undefined) waiting = waiting.filter((each) => each !== one)
      else if (--group.users === 0) Deferred.doneUnsafe(group.left, Effect.void)
    }

    return Effect.succeed((item: A) =>
      Effect.uninterruptibleMask((restore) => {
        const one: Waiting<A, B, E> = { item, result: Deferred.makeUnsafe(), group: undefined }
        waiting.push(one)
        if (!isUnderWay) {
          isUnderWay = true
          runFork(yieldsFirst ? Effect.andThen(Effect.yieldNow, carryOutAll) : carryOutAll)
        }
        return Effect.onInterrupt(restore(Deferred.await(one.result)), () => Effect.sync(() => takeBack(one)))
      })
    )
  })
