import * as Hash from "effect/Hash"
import * as Bounds from "../bounds.ts"
import type { Subject } from "../model/access.ts"
import * as Recent from "../recent.ts"
import type { Settings } from "../settings.ts"

type Group = "restricted" | "default" | "elevated" | "pending_auth"

/** The callers whose requests are counted together, and their group. */
interface Caller {
  readonly key: string
  readonly group: Group
}

interface Limit {
  readonly requests: number
  /** The length of the window in seconds, which is also the value of `Retry-After`. */
  readonly seconds: number
}

const limits: Record<"sandbox" | "production", Record<Group, Limit>> = {
  sandbox: {
    restricted: { requests: 10, seconds: 60 },
    default: { requests: 100, seconds: 60 },
    elevated: { requests: 50, seconds: 1 },
    pending_auth: { requests: 60, seconds: 60 }
  },
  production: {
    restricted: { requests: 60, seconds: 60 },
    default: { requests: 500, seconds: 60 },
    elevated: { requests: 100, seconds: 1 },
    pending_auth: { requests: 60, seconds: 60 }
  }
}

const limitedPath = /^\/v1/
const streamPath = /^\/v1\/customer-seats\/claim\/.+\/stream/
const streamLimit: Limit = { requests: 10, seconds: 60 }
const streamBlock = 300
const identityLifetime = 300

const isUserToken = (token: string) => token.startsWith("polar_pat_") || token.startsWith("polar_at_u_")

// Requests without a token count by IP address, and all of them come from one machine
const anonymous: Caller = { key: "ip", group: "default" }

type KnownGroup = Exclude<Group, "pending_auth">

const callerOf = (
  token: string,
  subject: Exclude<Subject, { readonly _tag: "Anonymous" }>,
  group: KnownGroup
): Caller => {
  if (subject._tag !== "Organization") return { key: `${subject._tag}:${subject.id}`, group }
  return isUserToken(token)
    ? { key: `User:${subject.slugs.join()}`, group: "default" }
    : { key: `Organization:${subject.slugs.join()}`, group }
}

/** A span of time, in milliseconds. It ends early if the clock is set back before its start. */
interface Span {
  readonly from: number
  readonly until: number
}
const span = (now: number, seconds: number): Span => ({ from: now, until: now + seconds * 1000 })
const holds = <S extends Span>(span: S | undefined, now: number): span is S =>
  span !== undefined && span.from <= now && now < span.until

// A token that nobody holds may be long, and may be another with each request. If two have one hash, they share a window
const unknownCaller = (token: string): Caller => ({
  key: `token:${token.length}:${Hash.string(token)}`,
  group: "pending_auth"
})

/** Counts the requests of every caller that was active lately. Times are milliseconds of the emulator's clock. */
export const make = () => {
  const callers = Recent.make<Span & { readonly caller: Caller }>(Bounds.callers)
  const windows = Recent.make<Span & { requests: number }>(Bounds.callers)
  const blocks = Recent.make<Span>(Bounds.callers)

  const identify = (token: string | null, now: number): Caller => {
    if (token === null) return anonymous
    const known = callers.get(token)
    return holds(known, now) ? known.caller : unknownCaller(token)
  }

  const exceeds = (key: string, { requests, seconds }: Limit, now: number): boolean => {
    const open = windows.get(key)
    const window = holds(open, now) ? open : { ...span(now, seconds), requests: 0 }
    window.requests += 1
    windows.set(key, window)
    return window.requests > requests
  }

  return {
    /** Counts a request. Returns the `Retry-After` in seconds if it exceeds the limit. */
    count: (rules: Settings["rateLimits"], path: string, token: string | null, now: number): number | undefined => {
      if (rules === "off" || !limitedPath.test(path)) return undefined
      const { group, key } = identify(token, now)
      const block = blocks.get(key)
      if (holds(block, now)) return Math.ceil((block.until - now) / 1000)
      if (streamPath.test(path) && (group === "default" || group === "pending_auth")) {
        if (!exceeds(`stream ${key}`, streamLimit, now)) return undefined
        blocks.set(key, span(now, streamBlock))
        return streamBlock
      }
      const limit = limits[rules][group]
      return exceeds(`api ${key}`, limit, now) ? limit.seconds : undefined
    },
    /** Remembers the holder of a token for five minutes. Requests of a token without a known holder count as `pending_auth`. */
    remember: (token: string, subject: Subject, group: KnownGroup, now: number) => {
      if (subject._tag !== "Anonymous") {
        callers.set(token, { ...span(now, identityLifetime), caller: callerOf(token, subject, group) })
      }
    },
    forget: (token: string) => callers.delete(token),
    clear: () => {
      callers.clear()
      windows.clear()
      blocks.clear()
    }
  }
}
