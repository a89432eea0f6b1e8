import { setTimeout as sleep } from "node:timers/promises"
import { type Answer, type Ask, connect } from "./exchange.ts"
import { isControl } from "./emulator.ts"
import { header } from "./fact.ts"

/** How long a 429 may ask us to wait, in seconds, and how often we obey. */
const maxWait = 300
const maxWaits = 3

export interface SendOptions {
  readonly signal: AbortSignal
  /** Returns a 429 at once, for the fact about rate limits. */
  readonly isLimitExpected?: boolean
}

/** The server, with every answer of Polar. Rate limits are kept: a request that got a 429 is sent again, because Polar did nothing. */
export const makeWire = (base: URL, note: (text: string) => void) => {
  const { close, exchange } = connect(base)
  const answers: Array<Answer> = []

  const send = async (ask: Ask, options: SendOptions, waits = 0): Promise<Answer> => {
    const answer = await exchange(ask, options.signal)
    if (!isControl(ask)) answers.push(answer)
    const seconds = Number(header(answer, "retry-after"))
    const mayWait = waits < maxWaits && seconds > 0 && seconds <= maxWait
    if (answer.status !== 429 || options.isLimitExpected === true || !mayWait) return answer
    note(`A rate limit is met: waiting ${seconds} s.`)
    await sleep(seconds * 1000, undefined, { signal: options.signal })
    return send(ask, options, waits + 1)
  }
  return { send, close, answers: answers as ReadonlyArray<Answer> }
}
