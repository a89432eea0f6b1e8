import { InvitationExpired, type Sent } from "@polar-seats/invitations/Invitations"
import type { ReissueIncomplete, Reissue } from "@polar-seats/invitations/Reissue"
import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

/** A length of time as people say it, seconds only in the last minutes. */
const span = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes >= 5 ? `${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

const between = (from: DateTime.Utc, to: DateTime.Utc) => span(Duration.toMillis(DateTime.distance(from, to)))

/** The state of a link, and what follows from it. */
export const linkOf = (seat: Seat, now: DateTime.Utc): { readonly state: string; readonly text: string } =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => ({ state: "live", text: `Link good for ${between(now, expiresAt)}` }),
    Expired: ({ expiredAt }) => ({
      state: "expired",
      text: `Link expired ${between(expiredAt, now)} ago: a resend would mail a dead link, a reissue makes a new one`
    }),
    Unlimited: () => ({ state: "live", text: "Link without an end" }),
    None: () => ({ state: "none", text: "" })
  })

/** Who sits in a seat, or is to. */
export const holderOf = (seat: Seat): string => seat.holderEmail ?? "nobody"

/** What is told of a call that has ended. */
export interface Note {
  readonly tone: "done" | "failed"
  /** The error's own name, for who writes programs. */
  readonly tag?: string | undefined
  readonly text: string
  /** From when on it may be tried again, by the clock of the emulator. */
  readonly until?: number | undefined
  /** What is left to be finished. */
  readonly unfinished?: Reissue | undefined
}

/** What came of a resend or a reissue: only what is certain. */
export const sent = ({ _tag, invitation, seat }: Sent, now: DateTime.Utc): Note => {
  const what = _tag === "Reissued" ? "A new invitation" : "The invitation"
  const mailed = `${what} was mailed to ${holderOf(seat)}`
  return Invitation.$match(invitation, {
    Live: ({ expiresAt }): Note => ({
      tone: "done",
      text: `${mailed}. Its link is good for ${between(now, expiresAt)}.`
    }),
    Unlimited: (): Note => ({ tone: "done", text: `${mailed}. Its link has no end.` }),
    Expired: (): Note => ({ tone: "failed", text: `${mailed}, but its link is dead. Reissue it.` }),
    None: (): Note => ({ tone: "done", text: `${mailed}. The seat is not pending any more.` })
  })
}

// Polar's CORS does not let a browser read Retry-After, and its window is a minute
const defaultWait = 60_000

const waitOf = (error: unknown): number | undefined =>
  Predicate.isTagged(error, "RateLimited")
    ? "retryAfter" in error && Duration.isDuration(error.retryAfter)
      ? Duration.toMillis(error.retryAfter)
      : defaultWait
    : undefined

const isIncomplete = (error: { readonly _tag: string }): error is ReissueIncomplete =>
  error._tag === "ReissueIncomplete"

/** A failure in words. Each of the library's errors says what to do next. */
export const failure = (error: { readonly _tag: string; readonly message: string }, now: DateTime.Utc): Note => {
  const unfinished = isIncomplete(error) ? error : undefined
  const wait = waitOf(unfinished?.error ?? error)
  return {
    tone: "failed",
    tag: error._tag,
    text:
      wait !== undefined && unfinished === undefined
        ? "Polar limits the rate of requests, so nothing was done."
        : error instanceof InvitationExpired
          ? `Nothing was mailed: the link expired ${between(error.expiredAt, now)} ago, and a resend would mail it dead. Reissue it.`
          : error.message,
    until: wait === undefined ? undefined : DateTime.toEpochMillis(now) + wait,
    unfinished: unfinished?.reissue
  }
}

/** How long there is to wait, or that it is over. */
export const countdown = (until: number, now: number): string =>
  until > now ? `Try again in ${Math.ceil((until - now) / 1000)} s.` : "You can try again now."
