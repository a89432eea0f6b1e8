/** As little as it takes, and a seat that waits holds nobody up. */
import { setTimeout } from "node:timers/promises"
import { request } from "undici"
import { resendPath, token } from "../../wire.ts"
import { url } from "../answered.ts"
import { run } from "./run.ts"

const headers = { authorization: `Bearer ${token}`, accept: "application/json", "polar-version": "2026-10" }

run(
  (ids, concurrency, onEach) =>
    new Promise((resolve, reject) => {
      const queue = ids.toReversed()
      let running = 0
      let left = ids.length
      const resend = async (id: string) => {
        const { body, headers: answered, statusCode } = await request(url + resendPath(id), { method: "POST", headers })
        if (statusCode === 429) {
          await body.dump()
          return Number(answered["retry-after"])
        }
        await body.json()
        onEach(statusCode === 200)
        if (--left === 0) resolve()
        return undefined
      }
      const pump = () => {
        while (running < concurrency) {
          const id = queue.pop()
          if (id === undefined) return
          running++
          resend(id).then((seconds) => {
            running--
            if (seconds !== undefined) {
              void setTimeout(seconds * 1000).then(() => {
                queue.push(id)
                pump()
              })
            }
            pump()
          }, reject)
        }
      }
      pump()
    })
)
