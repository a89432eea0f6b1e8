import { InvitationExpired, type Sent } from "@polar-seats/invitations/Invitations"
import type { ReissueIncomplete, Reissue } from "@polar-seats/invitations/Reissue"
import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

// Seconds only in the last five minutes
const formatMillis = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes >= 5 ? `${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

const formatDistance = (from: DateTime.Utc, to: DateTime.Utc) =>
  formatMillis(Duration.toMillis(DateTime.distance(from, to)))

/** The state of a seat's link, and a text that says what it means. */
export const describeLink = (seat: Seat, now: DateTime.Utc): { readonly state: string; readonly text: string } =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => ({ state: "live", text: `Link works for ${formatDistance(now, expiresAt)}` }),
    Expired: ({ expiredAt }) => ({
      state: "expired",
      text: `Link expired ${formatDistance(expiredAt, now)} ago: a resend would mail a dead link, a reissue makes a new one`
    }),
    Unlimited: () => ({ state: "live", text: "Link that does not expire" }),
    None: () => ({ state: "none", text: "" })
  })

/** The address of a seat's holder. */
export const formatHolder = (seat: Seat): string => seat.holderEmail ?? "nobody"

/** The result of a call, for people. */
export interface Note {
  readonly tone: "done" | "failed"
  /** The tag of the error, for programmers. */
  readonly tag?: string | undefined
  readonly text: string
  /** The time in the emulator from which a retry is allowed, in milliseconds. */
  readonly until?: number | undefined
  /** The reissue that is not finished. */
  readonly unfinished?: Reissue | undefined
}

/** The note after a resend or a reissue. */
export const noteSent = ({ _tag, invitation, seat }: Sent, now: DateTime.Utc): Note => {
  const what = _tag === "Reissued" ? "A new invitation" : "The invitation"
  const mailed = `${what} was mailed to ${formatHolder(seat)}`
  return Invitation.$match(invitation, {
    Live: ({ expiresAt }): Note => ({
      tone: "done",
      text: `${mailed}. Its link works for ${formatDistance(now, expiresAt)}.`
    }),
    Unlimited: (): Note => ({ tone: "done", text: `${mailed}. Its link does not expire.` }),
    Expired: (): Note => ({ tone: "failed", text: `${mailed}, but its link is dead. Reissue it.` }),
    None: (): Note => ({ tone: "done", text: `${mailed}. The seat is no longer pending.` })
  })
}

// A browser cannot read Retry-After across origins. Polar's window is one minute
const defaultWait = 60_000

const retryDelay = (error: unknown): number | undefined =>
  Predicate.isTagged(error, "RateLimited")
    ? "retryAfter" in error && Duration.isDuration(error.retryAfter)
      ? Duration.toMillis(error.retryAfter)
      : defaultWait
    : undefined

const isIncomplete = (error: { readonly _tag: string }): error is ReissueIncomplete =>
  error._tag === "ReissueIncomplete"

/** The note after an error. The messages of the library say what to do next. */
export const noteFailure = (error: { readonly _tag: string; readonly message: string }, now: DateTime.Utc): Note => {
  const unfinished = isIncomplete(error) ? error : undefined
  const wait = retryDelay(unfinished?.error ?? error)
  return {
    tone: "failed",
    tag: error._tag,
    text:
      wait !== undefined && unfinished === undefined
        ? "Polar refused the call because of its rate limit, so nothing was done."
        : error instanceof InvitationExpired
          ? `Nothing was mailed: the link expired ${formatDistance(error.expiredAt, now)} ago, and a resend would mail a dead link. Reissue it.`
          : error.message,
    until: wait === undefined ? undefined : DateTime.toEpochMillis(now) + wait,
    unfinished: unfinished?.reissue
  }
}

/** The seconds until a retry is allowed. */
export const formatCountdown = (until: number, now: number): string =>
  until > now ? `Retry in ${Math.ceil((until - now) / 1000)} s.` : "You can retry now."
