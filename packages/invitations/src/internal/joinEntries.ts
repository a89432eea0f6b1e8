import * as DateTime from "effect/DateTime"
import type { Entry } from "../Journal.ts"
import { laterOf } from "./laterOf.ts"

/**
 * Joins what two lines of one key tell. A process that was paused, and that lost the file meanwhile, may still add one line
 * of a key: what it knows of mails counts, and it does not end what another process has begun.
 */
export const joinEntries = (one: Entry, other: Entry): Entry => {
  const [before, after] = one.version > other.version ? [other, one] : [one, other]
  const isTie = one.version === other.version
  const attempt = after.attempt ?? (isTie ? before.attempt : null)
  const lost = isTie && before.attempt?._tag === "Resend" && before.attempt !== attempt ? before.attempt : undefined
  const doubt = lost === undefined ? null : { at: lost.startedAt, seatId: lost.seatId }
  return {
    ...after,
    at: DateTime.max(before.at, after.at),
    mailed: laterOf(before.mailed, after.mailed),
    doubt: laterOf(laterOf(before.doubt, after.doubt), doubt),
    attempt
  }
}
