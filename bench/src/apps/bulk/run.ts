import { serve } from "../../processes.ts"
import { seatId } from "../../wire.ts"

/** Resends many seats, so many at once, and says of each whether it was. */
export type Bulk = (ids: ReadonlyArray<string>, concurrency: number, onEach: (isDone: boolean) => void) => Promise<void>

/** Lets a contender resend when it is told to, and tells how long it took and how much memory the process held at most. */
export const run = (bulk: Bulk): void =>
  serve(async ({ concurrency, seats }) => {
    const ids = Array.from({ length: Number(seats) }, (_, index) => seatId(index + 1))
    let done = 0
    let failed = 0
    const begin = performance.now()
    await bulk(ids, Number(concurrency), (isDone) => {
      if (isDone) done++
      else failed++
    })
    const seconds = (performance.now() - begin) / 1000
    return { seconds, done, failed, megabytes: process.resourceUsage().maxRSS / 1024 }
  })
