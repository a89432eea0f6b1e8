import { randomUUID } from "node:crypto"
import type { Answer } from "../exchange.ts"
import { compare, type Fact, header, holds, NotChecked } from "../fact.ts"
import type { Run } from "../run.ts"

const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const hasDate = ({ headers }: Answer) => {
  const [date, ...others] = headers["date"] ?? []
  return others.length === 0 && httpDate.test(date ?? "")
}

/** The limit for a token that Polar does not know, in requests per minute. */
const limit = 60

/** Meets a rate limit that concerns one made-up token, so that nobody else is slowed down. */
const meetLimit = async ({ answers, emulator, send }: Run): Promise<Answer> => {
  const met = answers.find(({ status }) => status === 429)
  if (met !== undefined) return met
  if (emulator === undefined) throw new NotChecked("no rate limit was met")
  return emulator.whileLimited(async () => {
    const ask = {
      method: "GET",
      path: "/v1/customer-portal/seats",
      token: `polar_cst_${randomUUID().replaceAll("-", "")}`
    }
    let answer = await send(ask, true)
    for (let count = 1; count <= limit && answer.status !== 429; count++) answer = await send(ask, true)
    return answer
  })
}

/** The headers of the answers. These facts look at the whole run, so they come last. */
export const headers: ReadonlyArray<Fact> = [
  {
    name: "rate-limit",
    says: "Polar answers beyond a rate limit with 429, an empty body and Retry-After in seconds.",
    means: "`RateLimited` does not know how long to wait, or becomes another error.",
    check: async (run) => {
      const answer = await meetLimit(run)
      const retryAfter = header(answer, "retry-after")
      return [
        ...compare(answer, { status: 429, text: "", headers: { "content-type": null } }),
        ...holds(/^[1-9]\d*$/.test(retryAfter ?? ""), "retry-after", "a whole number of seconds", retryAfter)
      ]
    }
  },
  {
    name: "date",
    says: "Every answer has one Date.",
    means: "The client cannot learn Polar's time, and judges links by the clock of the machine.",
    check: async ({ answers }) => {
      const wrong = answers.find((answer) => !hasDate(answer))
      if (wrong === undefined) return []
      return holds(false, `the header date of ${wrong.asked}`, "one HTTP date", wrong.headers["date"])
    }
  }
]
