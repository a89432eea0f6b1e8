import { serve } from "../../processes.ts"

/** Lists the seats of the subscription, resends the pending ones, `concurrency` at once, and reports each as done or failed. */
export type Bulk = (concurrency: number, onEach: (isDone: boolean) => void) => Promise<void>

/** Starts a contender on request, and returns its time in seconds and the most memory of the process in megabytes. */
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
