import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import type { SeatId } from "@polar-seats/domain/Seat"
import { formatAssignCommand } from "./assignCommand.ts"
import { skipJson, toWord } from "./reminderOutcome.ts"

/** Counts the outcomes of a run, and keeps the seats that need attention after it. */
export const makeReminderTally = () => {
  const counts = { resent: 0, reissued: 0, skipped: 0, failed: 0, unknown: 0, not_begun: 0 }
  const skipped: Record<string, number> = {}
  const would = { Resend: 0, Reissue: 0 }
  const failed: Array<SeatId> = []
  const unknown: Array<SeatId> = []
  const incomplete: Array<Reissue> = []
  const addSkip = (why: string) => {
    skipped[why] = (skipped[why] ?? 0) + 1
  }
  const add = (outcome: ReminderOutcome) => {
    counts[toWord(outcome)]++
    if (outcome._tag === "Failed") {
      failed.push(outcome.seatId)
      if (outcome.error._tag === "ReissueIncomplete") incomplete.push(outcome.error.reissue)
    }
    if (outcome._tag === "InDoubt") unknown.push(outcome.seatId)
    if (outcome._tag === "Skipped") {
      addSkip(skipJson(outcome.why).why)
      if (outcome.why._tag === "DryRun") would[outcome.why.would]++
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
  not_chosen: "left out by the filters",
  mailed_recently: "mailed within the last 24 hours",
  taken: "in progress in another process"
}

/** The number of skipped seats for each reason. Seats that a dry run would mail are left out. */
export const formatSkipCounts = ({ skipped }: ReminderTally): ReadonlyArray<string> =>
  Object.entries(skipped)
    .filter(([why]) => why !== "dry_run")
    .map(([why, count]) => `${count} ${skipPhrases[why] ?? why}`)

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
