import { serve } from "../../processes.ts"

/** Lists the seats of the subscription, resends the pending ones, so many at once, and says of each whether it was. */
export type Bulk = (concurrency: number, onEach: (isDone: boolean) => void) => Promise<void>

/** Lets a contender begin when it is told to, and tells how long it took and how much memory the process held at most. */
export const run = (bulk: Bulk): void =>
  serve(async ({ concurrency }) => {
    let done = 0
    let failed = 0
    const begin = performance.now()
    await bulk(Number(concurrency), (isDone) => {
      if (isDone) done++
      else failed++
    })
    const seconds = (performance.now() - begin) / 1000
    return { seconds, done, failed, megabytes: process.resourceUsage().maxRSS / 1024 }
  })
