import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Bounds from "./bounds.ts"
import * as Ledger from "./ledger.ts"
import { eventLength, type SeatEvent } from "./model/polarModel.ts"

/** Announcements that wait for a receiver. Nothing waits unless somebody delivers. */
export const make = () => {
  const waiting = Ledger.make(Bounds.webhooks, eventLength)
  const latch = Latch.makeUnsafe()
  let isDelivering = false
  const take: Effect.Effect<SeatEvent> = Effect.suspend(() => {
    const event = waiting.shift()
    if (event !== undefined) return Effect.succeed(event)
    latch.closeUnsafe()
    return Effect.andThen(latch.await, take)
  })
  return {
    offer: (event: SeatEvent): void => {
      if (!isDelivering) return
      waiting.push(event)
      latch.openUnsafe()
    },
    /** From now on, announcements wait. */
    begin: Effect.sync(() => {
      isDelivering = true
    }),
    /** Takes the oldest announcement. Waits if there is none. */
    take,
    dropped: waiting.dropped,
    clear: waiting.clear
  }
}
