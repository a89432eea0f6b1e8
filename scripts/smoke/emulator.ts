import type { Answer, Ask } from "./exchange.ts"
import { member } from "./fact.ts"
import { isPolar } from "./options.ts"
import type { Secrets } from "./secrets.ts"

type Send = (ask: Ask) => Promise<Answer>

/** A mail in the emulator's outbox. */
interface Mail {
  readonly to: string
  readonly seatId: string
  readonly token: string
}

/** The control API of an emulator, with everything that this run has to put back. */
export interface Emulator {
  readonly mails: () => Promise<ReadonlyArray<Mail>>
  /** The token in the last mail for a seat. */
  readonly lastToken: (seatId: string) => Promise<string | undefined>
  /** Runs `act` while the clock is back by some seconds. */
  readonly whileBack: <A>(seconds: number, act: () => Promise<A>) => Promise<A>
  /** Runs `act` under the rate limits of the sandbox. */
  readonly whileLimited: <A>(act: () => Promise<A>) => Promise<A>
  /** Puts back what an interruption has left. Returns what could not be put back. */
  readonly restore: (send: Send) => Promise<ReadonlyArray<string>>
}

const control = (name: string, body?: unknown): Ask => ({
  method: body === undefined ? "GET" : "POST",
  path: `/_emulator/${name}`,
  body
})

/** Whether a request is for the emulator alone, and not for Polar. */
export const isControl = ({ path }: Ask): boolean => path.startsWith("/_emulator/")

/** Whether a server is an emulator. Polar answers 404. */
export const isEmulator = async (base: URL, send: Send): Promise<boolean> =>
  !isPolar(base) && member((await send(control("health"))).json, "status") === "ok"

export const makeEmulator = (send: Send, secrets: Secrets): Emulator => {
  // The requests that put things back, by names for people
  const owed = new Map<string, Ask>()

  const during = async <A>(what: string, change: Ask, back: Ask, act: () => Promise<A>): Promise<A> => {
    owed.set(what, back)
    await send(change)
    try {
      return await act()
    } finally {
      await send(back)
      owed.delete(what)
    }
  }
  const mails = async () => {
    const { json } = await send(control("outbox"))
    const rows: ReadonlyArray<unknown> = Array.isArray(json) ? json : []
    return rows.map((row): Mail => {
      const token = String(member(row, "token"))
      secrets.add(token)
      return { to: String(member(row, "to")), seatId: String(member(row, "seat_id")), token }
    })
  }
  return {
    mails,
    lastToken: async (seatId) => (await mails()).findLast((mail) => mail.seatId === seatId)?.token,
    whileBack: (seconds, act) =>
      during(
        `the emulator's clock, which is ${seconds} s behind`,
        control("clock", { advance_seconds: -seconds }),
        control("clock", { advance_seconds: seconds }),
        act
      ),
    whileLimited: async (act) => {
      const before = member((await send(control("settings"))).json, "rate_limits")
      return during(
        `the emulator's setting rate_limits, which is "sandbox"`,
        control("settings", { rate_limits: "sandbox" }),
        control("settings", { rate_limits: before }),
        act
      )
    },
    restore: async (send) => {
      const failed: Array<string> = []
      for (const [what, back] of owed) {
        const answer = await send(back).catch(() => undefined)
        if (answer?.status === 200) owed.delete(what)
        else failed.push(`Could not put back ${what}.`)
      }
      return failed
    }
  }
}
