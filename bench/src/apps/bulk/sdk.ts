/** The SDK repeats nothing by itself: the usual pool, whose calls wait for `Retry-After` where they are. */
import { PolarRateLimitError } from "@polar-sh/sdk"
import { createPolar } from "@polar-sh/sdk/2026-10"
import { setTimeout } from "node:timers/promises"
import pLimit from "p-limit"
import { token } from "../../wire.ts"
import { url } from "../answered.ts"
import { run } from "./run.ts"

const { seats } = createPolar({ baseUrl: url, accessToken: token }).customerPortal

const resend = async (id: string): Promise<boolean> => {
  try {
    return (await seats.resendInvitation(id)).id === id
  } catch (error) {
    if (!(error instanceof PolarRateLimitError)) return false
    await setTimeout((error.retryAfter ?? 1) * 1000)
    return resend(id)
  }
}

run(async (ids, concurrency, onEach) => {
  const limit = pLimit(concurrency)
  await Promise.all(ids.map((id) => limit(async () => onEach(await resend(id)))))
})
