import { type ReminderOutcome, Skip } from "@polar-seats/invitations/Reminder"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorJson } from "./print.ts"
import { describeInvitation } from "./seatTable.ts"

/** What came of a seat, in a word. */
export type Word = "resent" | "reissued" | "skipped" | "failed" | "unknown" | "not_begun"

export const wordOf = ({ _tag }: ReminderOutcome): Word => {
  switch (_tag) {
    case "Resent":
      return "resent"
    case "Reissued":
      return "reissued"
    case "Skipped":
      return "skipped"
    case "Failed":
      return "failed"
    case "InDoubt":
      return "unknown"
  }
}

/** What a machine is told of why a seat was passed over. */
const whyJson = Skip.$match({
  NotPending: () => ({ why: "not_pending" }),
  Expired: ({ expiredAt }) => ({ why: "expired", expired_at: Timestamp.format(expiredAt) }),
  FilteredOut: () => ({ why: "not_chosen" }),
  MailedRecently: ({ again }) => ({ why: "mailed_recently", again: Timestamp.format(again) }),
  InProgressElsewhere: () => ({ why: "taken" }),
  DryRun: ({ would }) => ({ why: "dry_run", would: would === "Resend" ? "resend" : "reissue" })
})

/** The name that skips of a kind are counted under, for machines. */
export const whyOf = (skip: Skip): string => whyJson(skip).why

/** How skips of a kind are counted for people. */
export const whys: Readonly<Record<string, string>> = {
  not_pending: "claimed or revoked",
  expired: "with a dead link",
  not_chosen: "not asked for",
  mailed_recently: "mailed within the last 24 hours",
  taken: "somebody else is at",
  dry_run: "would be mailed"
}

const describeSkip = Skip.$match({
  NotPending: () => "it is claimed or revoked",
  Expired: ({ expiredAt }) => `its link has been dead since ${DateTime.formatIso(expiredAt)}`,
  FilteredOut: () => "it is not asked for",
  MailedRecently: ({ again }) => `it was mailed, and may be again from ${DateTime.formatIso(again)} on`,
  InProgressElsewhere: () => "somebody else is at it",
  DryRun: ({ would }) => (would === "Resend" ? "would be resent" : "would be reissued")
})

/** What came of a seat in a line for people. */
export const describe = (outcome: ReminderOutcome, now: DateTime.Utc): string => {
  const { seatId } = outcome
  const to = outcome.address === null ? "" : ` to ${outcome.address}`
  const of = outcome.address === null ? "" : ` ${outcome.address}`
  switch (outcome._tag) {
    case "Resent":
      return `${seatId}: resent${to} (${describeInvitation(outcome.seat, now)})`
    case "Reissued": {
      const other = outcome.seat.id === seatId ? "" : `, whose seat is ${outcome.seat.id} now`
      return `${seatId}: reissued${to} (${describeInvitation(outcome.seat, now)})${other}`
    }
    case "Skipped":
      return outcome.why._tag === "DryRun"
        ? `${seatId}: ${describeSkip(outcome.why)}${to}`
        : `${seatId}: skipped${of}: ${describeSkip(outcome.why)}`
    case "Failed":
      return `${seatId}: failed${of}: ${outcome.error.message}`
    case "InDoubt":
      return `${seatId}: unknown${of}: the mail may have gone out`
  }
}

const encodeSeat = Schema.encodeEffect(SeatJson)

/** What a machine is told of what came of a seat. */
export const toJson = Effect.fnUntraced(function* (outcome: ReminderOutcome) {
  const { address, seatId: id } = outcome
  const more =
    outcome._tag === "Resent" || outcome._tag === "Reissued"
      ? { seat: yield* Effect.orDie(encodeSeat(outcome.seat)) }
      : outcome._tag === "Skipped"
        ? whyJson(outcome.why)
        : outcome._tag === "Failed"
          ? errorJson(outcome.error)
          : {}
  return JSON.stringify({ id, address, outcome: wordOf(outcome), ...more })
})
