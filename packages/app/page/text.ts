import { InvitationExpired, MailedRecently } from "@polar-seats/invitations/InvitationError"
import { type Reissue, ReissueIncomplete, RevokedSomebodyElse } from "@polar-seats/invitations/Reissue"
import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import { RateLimited, Unavailable } from "@polar-seats/domain/SeatError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"

// Seconds only in the last five minutes
const formatDistance = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const seconds = Math.max(0, Math.floor(Duration.toSeconds(DateTime.distance(from, to))))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes >= 5 ? `${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

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
export const noteSent = (what: "The invitation" | "A new invitation", seat: Seat, now: DateTime.Utc): Note => {
  const invitation = seat.invitation(now)
  const effect = Invitation.$match(invitation, {
    Live: ({ expiresAt }) => `. Its link works for ${formatDistance(now, expiresAt)}.`,
    Unlimited: () => ". Its link does not expire.",
    Expired: () => ", but its link is dead. Reissue it.",
    None: () => ". The seat is no longer pending."
  })
  return {
    tone: invitation._tag === "Expired" ? "failed" : "done",
    text: `${what} was mailed to ${formatHolder(seat)}${effect}`
  }
}

/** An error of a call. */
export interface Failure {
  readonly _tag: string
  readonly message: string
}

// A browser cannot read Retry-After across origins. Polar's window is one minute
const defaultWait = Duration.minutes(1)

// A failure of Polar's server carries no CORS headers, and the browser reports it as a failed connection
const isUnreadable = (error: Failure): boolean =>
  error instanceof Unavailable &&
  error.reason._tag === "OutcomeUnknown" &&
  error.reason.description.startsWith("the connection failed")
const unreadable =
  "The page could not read the answer: the connection failed, or the server failed, which a browser hides."

/** The error that stopped a call. */
const causeOf = (error: Failure): Failure => (error instanceof ReissueIncomplete ? (error.error ?? error) : error)

const textOf = (error: Failure, now: DateTime.Utc): string => {
  if (error instanceof RateLimited) return "Polar refused the call because of its rate limit, so nothing was done."
  if (error instanceof MailedRecently) {
    return "Nothing was mailed: this person was mailed a short while ago, or may have been."
  }
  if (error instanceof InvitationExpired) {
    return `Nothing was mailed: the link expired ${formatDistance(error.expiredAt, now)} ago, and a resend would mail a dead link. Reissue it.`
  }
  return isUnreadable(causeOf(error)) ? `${unreadable} ${error.message}` : error.message
}

const retryTime = (error: Failure, now: DateTime.Utc): number | undefined => {
  if (error instanceof MailedRecently) return DateTime.toEpochMillis(error.again)
  return error instanceof RateLimited
    ? DateTime.toEpochMillis(now) + Duration.toMillis(error.retryAfter ?? defaultWait)
    : undefined
}

/** The note after an error. The messages of the library say what to do next. */
export const noteFailure = (error: Failure, now: DateTime.Utc): Note => {
  const isUnfinished = error instanceof ReissueIncomplete || error instanceof RevokedSomebodyElse
  return {
    tone: "failed",
    tag: error._tag,
    text: textOf(error, now),
    until: retryTime(causeOf(error), now),
    unfinished: isUnfinished ? (error.reissue ?? undefined) : undefined
  }
}

/** The seconds until a retry is allowed. */
export const formatCountdown = (until: number, now: number): string =>
  until > now ? `Retry in ${Math.ceil((until - now) / 1000)} s.` : "You can retry now."
