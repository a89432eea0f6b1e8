import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Seat } from "@polar-seats/domain/Seat"
import { invitationLifetime } from "@polar-seats/domain/SeatLifecycle"
import type { Entry } from "../Journal.ts"
import type { Reissue } from "../Reissue.ts"
import { type SeatOptions, Skip } from "../Reminder.ts"

/** The decision about one seat. */
type Decision = Data.TaggedEnum<{
  Skip: { readonly why: Skip }
  /** A mail may have been sent, so none is sent now. */
  InDoubt: {}
  Resend: {}
  Reissue: {}
  /** The journal holds a reissue that began and did not end. */
  FinishReissue: { readonly reissue: Reissue }
}>
const Decision = Data.taggedEnum<Decision>()

// A resend that was written down this recently may still be in progress in another process
const longestCall = Duration.minutes(2)

const invitedAt = (seat: Seat): DateTime.Utc => {
  const expiresAt = seat.invitationTokenExpiresAt
  return expiresAt === null
    ? (seat.modifiedAt ?? seat.createdAt)
    : DateTime.subtractDuration(expiresAt, invitationLifetime)
}

export type Decisions = ReturnType<typeof decisions>

/** The decisions of a run. */
export const decisions = (options: SeatOptions) => {
  const { address: isChosen, cooldown = "24 hours", olderThan, onExpired = "fail", retryUnknown = false } = options
  const age = olderThan === undefined ? undefined : Duration.fromInputUnsafe(olderThan)
  const cooldownDuration = Duration.fromInputUnsafe(cooldown)
  const unlessRetried = retryUnknown ? undefined : Decision.InDoubt()

  return {
    /** Decides by the seat and the options alone. */
    decideBySeat: (seat: Seat, now: DateTime.Utc): Decision => {
      if (seat.status !== "pending") return Decision.Skip({ why: Skip.NotPending() })
      const address = seat.holderEmail
      const isOldEnough =
        age === undefined || DateTime.isLessThanOrEqualTo(DateTime.addDuration(invitedAt(seat), age), now)
      if (!isOldEnough || (isChosen !== undefined && (address === null || !isChosen(address)))) {
        return Decision.Skip({ why: Skip.FilteredOut() })
      }
      const invitation = seat.invitation(now)
      if (invitation._tag !== "Expired" || onExpired === "resendAnyway") return Decision.Resend()
      return onExpired === "reissue"
        ? Decision.Reissue()
        : Decision.Skip({ why: Skip.Expired({ expiredAt: invitation.expiredAt }) })
    },

    /** Decides by what the journal knows of the holder, or returns `undefined` if a mail may leave. */
    decideByJournal: (entry: Entry | undefined, now: DateTime.Utc): Decision | undefined => {
      switch (entry?.step._tag) {
        case undefined:
        case "NotMailed":
          return undefined
        case "Mailed": {
          const again = DateTime.addDuration(entry.at, cooldownDuration)
          return DateTime.isLessThan(now, again) ? Decision.Skip({ why: Skip.MailedRecently({ again }) }) : undefined
        }
        case "ResendStarted":
          return DateTime.isLessThan(now, DateTime.addDuration(entry.at, longestCall))
            ? Decision.InDoubt()
            : unlessRetried
        case "InDoubt":
          return unlessRetried
        case "ReissueStarted":
          return Decision.FinishReissue({ reissue: entry.step.reissue })
      }
    }
  }
}
