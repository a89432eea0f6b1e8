import { type ReminderOutcome, Skip } from "@polar-seats/invitations/Reminder"
import { SeatJson } from "@polar-seats/http/SeatJson"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { root } from "../globalFlags.ts"
import { printJson, printOut, toErrorJson } from "./print.ts"
import { formatInvitation } from "./seatTable.ts"

/** The word for the outcome of a seat. */
export type OutcomeWord = "resent" | "reissued" | "skipped" | "failed" | "unknown" | "not_begun"

const words = {
  Resent: "resent",
  Reissued: "reissued",
  Skipped: "skipped",
  Failed: "failed",
  InDoubt: "unknown"
} as const

/** The word for an outcome that `remind` reports. */
export const toWord = ({ _tag }: ReminderOutcome): Exclude<OutcomeWord, "not_begun"> => words[_tag]

/** The reason of a skip, in JSON. */
export const skipJson = Skip.$match({
  NotPending: () => ({ why: "not_pending" }),
  Expired: ({ expiredAt }) => ({ why: "expired", expired_at: Timestamp.format(expiredAt) }),
  FilteredOut: () => ({ why: "not_chosen" }),
  MailedRecently: ({ again }) => ({ why: "mailed_recently", again: Timestamp.format(again) }),
  InProgressElsewhere: () => ({ why: "taken" }),
  DryRun: ({ would }) => ({ why: "dry_run", would: would === "Resend" ? "resend" : "reissue" })
})

const formatSkip = Skip.$match({
  NotPending: () => "it is claimed or revoked",
  Expired: ({ expiredAt }) => `its link has been dead since ${DateTime.formatIso(expiredAt)}`,
  FilteredOut: () => "the filters leave it out",
  MailedRecently: ({ again }) => `it was mailed, and may be mailed again from ${DateTime.formatIso(again)} on`,
  InProgressElsewhere: () => "another process is working on it",
  DryRun: ({ would }) => (would === "Resend" ? "would be resent" : "would be reissued")
})

const formatOutcome = (outcome: ReminderOutcome, now: DateTime.Utc): string => {
  const { seatId } = outcome
  const to = outcome.address === null ? "" : ` to ${outcome.address}`
  const address = outcome.address === null ? "" : ` ${outcome.address}`
  switch (outcome._tag) {
    case "Resent":
      return `${seatId}: resent${to} (${formatInvitation(outcome.seat, now)})`
    case "Reissued": {
      const newId = outcome.seat.id === seatId ? "" : `, in the new seat ${outcome.seat.id}`
      return `${seatId}: reissued${to} (${formatInvitation(outcome.seat, now)})${newId}`
    }
    case "Skipped":
      return outcome.why._tag === "DryRun"
        ? `${seatId}: ${formatSkip(outcome.why)}${to}`
        : `${seatId}: skipped${address}: ${formatSkip(outcome.why)}`
    case "Failed":
      return `${seatId}: failed${address}: ${outcome.error.message}`
    case "InDoubt":
      return `${seatId}: unknown${address}: the mail may have gone out`
  }
}

const encodeSeat = Schema.encodeEffect(SeatJson)

const printOutcomeJson = Effect.fnUntraced(function* (outcome: ReminderOutcome) {
  const { address, seatId: id } = outcome
  const details =
    outcome._tag === "Resent" || outcome._tag === "Reissued"
      ? { seat: yield* Effect.orDie(encodeSeat(outcome.seat)) }
      : outcome._tag === "Skipped"
        ? skipJson(outcome.why)
        : outcome._tag === "Failed"
          ? toErrorJson(outcome.error)
          : {}
  yield* printJson(JSON.stringify({ id, address, outcome: toWord(outcome), ...details }))
})

/** Prints the outcome of a seat: a line for people, or JSON with `--json`. */
export const printOutcome = Effect.fnUntraced(function* (outcome: ReminderOutcome) {
  const { json } = yield* root
  yield* json ? printOutcomeJson(outcome) : printOut(formatOutcome(outcome, yield* DateTime.now))
})
