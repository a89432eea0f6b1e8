import type { SeatId } from "@polar-seats/domain/Seat"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import type { Reissue } from "@polar-seats/invitations/Reissue"
import { ReminderOutcome, Skip } from "@polar-seats/invitations/Reminder"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { SeatLine } from "../CommandOutput.ts"
import { root } from "../globalFlags.ts"
import { formatAssignCommand } from "./followUpCommands.ts"
import { readPolarTime } from "./polarTime.ts"
import { printOut, toErrorJson } from "./print.ts"
import { printLine } from "./seatLines.ts"
import { formatInvitation } from "./seatTable.ts"

/** The word for the outcome of a seat in a run. */
export type ReminderWord = "resent" | "reissued" | "skipped" | "failed" | "unknown" | "not_begun"

const words = {
  Resent: "resent",
  Reissued: "reissued",
  Skipped: "skipped",
  Failed: "failed",
  InDoubt: "unknown"
} as const

/** The word for an outcome that `remind` reports. */
export const toWord = ({ _tag }: ReminderOutcome) => words[_tag]

const skipJson = Skip.$match({
  NotPending: () => ({ reason: "not_pending" }) as const,
  Expired: ({ expiredAt }) => ({ reason: "expired", expired_at: Timestamp.format(expiredAt) }) as const,
  FilteredOut: () => ({ reason: "filtered_out" }) as const,
  MailedRecently: ({ again }) => ({ reason: "mailed_recently", again: Timestamp.format(again) }) as const,
  InProgressElsewhere: () => ({ reason: "in_progress_elsewhere" }) as const,
  DryRun: ({ would }) => ({ reason: "dry_run", would: would === "Resend" ? "resend" : "reissue" }) as const
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
  const text = ReminderOutcome.$match(outcome, {
    Resent: ({ seat }) => `resent${to} (${formatInvitation(seat, now)})`,
    Reissued: ({ seat }) => {
      const newId = seat.id === seatId ? "" : `, in the new seat ${seat.id}`
      return `reissued${to} (${formatInvitation(seat, now)})${newId}`
    },
    Skipped: ({ reason }) =>
      reason._tag === "DryRun" ? formatSkip(reason) + to : `skipped${address}: ${formatSkip(reason)}`,
    Failed: ({ error }) => `failed${address}: ${error.message}`,
    InDoubt: () => `unknown${address}: the mail may have gone out`
  })
  return `${seatId}: ${text}`
}

const inDoubt = "The mail may have gone out. Ask the holder before you mail them again."

/** The line of JSON for a person who may have been mailed. */
export const inDoubtLine = (id: SeatId, address: string | null) =>
  ({ id, address, outcome: "unknown", ...toErrorJson({ _tag: "InDoubt", message: inDoubt }) }) as const

type Line = typeof SeatLine.Encoded

const toLine = (outcome: ReminderOutcome, now: DateTime.Utc): Line => {
  const { address, seatId: id } = outcome
  return ReminderOutcome.$match(outcome, {
    Resent: ({ seat }): Line => ({
      id,
      address,
      outcome: "resent",
      seat: encodeSeat(seat),
      ...(seat.invitation(now)._tag === "Expired" ? { link: "dead" } : {})
    }),
    Reissued: ({ seat }): Line => ({ id, address, outcome: "reissued", seat: encodeSeat(seat) }),
    Skipped: ({ reason }): Line => ({ id, address, outcome: "skipped", ...skipJson(reason) }),
    Failed: ({ error }): Line => ({ id, address, outcome: "failed", ...toErrorJson(error) }),
    InDoubt: (): Line => inDoubtLine(id, address)
  })
}

/** Prints the outcome of a seat: a line for people, or JSON with `--json`. */
export const printOutcome = Effect.fnUntraced(function* (outcome: ReminderOutcome) {
  const { json } = yield* root
  const now = yield* readPolarTime
  yield* json ? printLine(toLine(outcome, now)) : printOut(formatOutcome(outcome, now))
})

/** Counts the outcomes of a run, and keeps the seats that need attention after it. */
export const makeReminderTally = () => {
  const counts = { resent: 0, reissued: 0, skipped: 0, failed: 0, unknown: 0, not_begun: 0 }
  const skipped: Record<string, number> = {}
  const would = { Resend: 0, Reissue: 0 }
  const failed: Array<SeatId> = []
  const unknown: Array<SeatId> = []
  const incomplete: Array<Reissue> = []
  const addSkip = (reason: string) => void (skipped[reason] = (skipped[reason] ?? 0) + 1)
  const add = (outcome: ReminderOutcome) => {
    counts[toWord(outcome)]++
    if (outcome._tag === "Failed") {
      failed.push(outcome.seatId)
      const { error } = outcome
      if (error._tag === "ReissueIncomplete") incomplete.push(error.reissue)
      // Somebody else lost the seat, and this reissue gives it back
      if (error._tag === "RevokedSomebodyElse" && error.reissue !== null) incomplete.push(error.reissue)
    }
    if (outcome._tag === "InDoubt") unknown.push(outcome.seatId)
    if (outcome._tag === "Skipped") {
      addSkip(skipJson(outcome.reason).reason)
      if (outcome.reason._tag === "DryRun") would[outcome.reason.would]++
    }
  }
  return { counts, skipped, would, failed, unknown, incomplete, add, addSkip }
}

/** The counts of a run, and the seats that need attention after it. */
export type ReminderTally = ReturnType<typeof makeReminderTally>

/** The counts in the JSON at the end of a run. */
export const tallyJson = ({ counts, failed, skipped, unknown }: ReminderTally, interrupted: boolean) => ({
  summary: counts,
  skipped,
  failed,
  unknown,
  interrupted
})

const skipPhrases: Readonly<Record<string, string>> = {
  not_pending: "claimed or revoked",
  expired: "with a dead link",
  filtered_out: "left out by the filters",
  mailed_recently: "mailed within the last 24 hours",
  in_progress_elsewhere: "in progress in another process"
}

/** The number of skipped seats for each reason. Seats that a dry run would mail are left out. */
export const formatSkipCounts = ({ skipped }: ReminderTally): ReadonlyArray<string> =>
  Object.entries(skipped)
    .filter(([reason]) => reason !== "dry_run")
    .map(([reason, count]) => `${count} ${skipPhrases[reason] ?? reason}`)

/** The next steps for seats that were not mailed. They differ if `--journal` keeps who was mailed. */
export const formatAdvice = (
  { counts, failed, incomplete, skipped, unknown }: ReminderTally,
  hasJournal: boolean
): ReadonlyArray<string> => [
  ...(skipped["expired"] === undefined
    ? []
    : ["A resend of a dead link helps nobody. To mail new links, pass --on-expired reissue."]),
  ...(unknown.length === 0
    ? []
    : [
        "Seats in doubt may have been mailed. " +
          (hasJournal
            ? "They are not mailed again, unless you pass --retry-unknown."
            : "Ask their holders before you run this again, because without --journal no run knows who was mailed.")
      ]),
  ...incomplete.map(
    (reissue) =>
      `Seat ${reissue.seatId} may be revoked, and its holder without an invitation. ` +
      (hasJournal
        ? "To finish the reissue, run the same command again."
        : `To give the seat back: ${formatAssignCommand(reissue)}`)
  ),
  ...(failed.length + counts.not_begun === 0
    ? []
    : [
        hasJournal
          ? "To continue, run the same command again. It does not mail anybody who was mailed."
          : "Without --journal, a second run mails every pending seat again."
      ])
]
