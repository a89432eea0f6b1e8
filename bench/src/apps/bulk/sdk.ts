/** The SDK retries nothing by itself, so it runs in the usual pool, in which a refused call waits for `Retry-After` in its place. */
import { PolarRateLimitError } from "@polar-sh/sdk"
import { createPolar } from "@polar-sh/sdk/2026-10"
import { setTimeout } from "node:timers/promises"
import pLimit from "p-limit"
import { subscriptionId, token } from "../../wire.ts"
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

run(async (concurrency, onEach) => {
  const limit = pLimit(concurrency)
  const { seats: all } = await seats.listSeats({ subscription_id: subscriptionId })
  const pending = all.filter(({ status }) => status === "pending")
  await Promise.all(pending.map(({ id }) => limit(async () => onEach(await resend(id)))))
})
