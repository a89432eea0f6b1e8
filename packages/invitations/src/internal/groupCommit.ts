import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"

// So nobody waits for a text that grows without end
const maxGroup = 1_000

interface Waiting<E> {
  readonly text: string
  /** How the write of its group ended. */
  exit: Exit.Exit<void, E> | undefined
}

/**
 * Gathers the texts that arrive during a write, and writes them together. One write runs at a time. It ends for each text
 * of its group as it ends for all of them. A text that was handed over is not taken back by an interruption.
 */
export const groupCommit = <E>(
  write: (text: string) => Effect.Effect<void, E>
): ((text: string) => Effect.Effect<void, E>) => {
  const waiting: Array<Waiting<E>> = []
  const turn = Semaphore.makeUnsafe(1)
  const writeGroup = Effect.suspend(() => {
    const group = waiting.splice(0, maxGroup)
    return Effect.map(Effect.exit(write(group.map(({ text }) => text).join(""))), (exit) => {
      for (const each of group) each.exit = exit
    })
  })
  // Whoever has the turn first writes for all who wait, and they find it done
  const untilWritten = (one: Waiting<E>): Effect.Effect<void, E> =>
    Effect.suspend(() => one.exit ?? Effect.flatMap(writeGroup, () => untilWritten(one)))
  return (text) =>
    Effect.suspend(() => {
      const one: Waiting<E> = { text, exit: undefined }
      waiting.push(one)
      return turn.withPermit(untilWritten(one))
    }).pipe(Effect.uninterruptible)
}
