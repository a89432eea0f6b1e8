/** The ideal contender: it does as little as possible, and a waiting seat blocks no other. */
import type { models } from "@polar-sh/sdk/2026-10"
import { setTimeout } from "node:timers/promises"
import { request } from "undici"
import { listPath, resendPath, token } from "../../wire.ts"
import { url } from "../answered.ts"
import { run } from "./run.ts"

const headers = { authorization: `Bearer ${token}`, accept: "application/json", "polar-version": "2026-10" }

const list = async (): Promise<models.SeatsList> =>
  JSON.parse(await (await request(url + listPath, { headers })).body.text())

/** Resends a seat. Returns the seat, or the number of seconds to wait after a 429. */
const resend = async (id: string): Promise<{ readonly id?: string } | number> => {
  const { body, headers: answered, statusCode } = await request(url + resendPath(id), { method: "POST", headers })
  if (statusCode !== 429) return JSON.parse(await body.text())
  await body.dump()
  return Number(answered["retry-after"])
}

run(async (concurrency, onEach) => {
  const { seats } = await list()
  const queue = seats.filter(({ status }) => status === "pending").map(({ id }) => id)
  queue.reverse()
  let running = 0
  let left = queue.length
  await new Promise<void>((resolve, reject) => {
    const pump = () => {
      while (running < concurrency) {
        const id = queue.pop()
        if (id === undefined) return
        running++
        resend(id).then((answer) => {
          running--
          if (typeof answer === "number") {
            void setTimeout(answer * 1000).then(() => {
              queue.push(id)
              pump()
            })
          } else {
            onEach(answer.id === id)
            if (--left === 0) resolve()
          }
          pump()
        }, reject)
      }
    }
    pump()
  })
})
