import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { RemindError, ReminderOutcome, RemindOptions } from "@polar-seats/invitations/Reminder"
import type { SeatId } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { SeatLine } from "../CommandOutput.ts"
import { Ended, exitCode, exitCodeFor } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { describeError } from "../output/askedServer.ts"
import { Output } from "../output/Output.ts"
import { type PrintableError, printErr, toErrorJson } from "../output/print.ts"
import { showProgress } from "../output/progress.ts"
import * as reminders from "../output/reminders.ts"
import { notBegunLine, printLine } from "../output/seatLines.ts"
import { formatGroups, type SeatGroup } from "./forEachSeat.ts"

/** A person whom a run is to mail, and the outcome so far. */
export interface PlannedMail {
  readonly id: SeatId
  readonly address: string | null
  /** The key of the person's entry in the journal. */
  readonly journalKey: string
  outcome: reminders.ReminderWord
}

/** Names a person in a seat. The id alone is not enough, because a seat may have another holder by now. */
export const personIn = ({ address, seatId }: ReminderOutcome): string =>
  `${seatId} ${address === null ? "" : EmailAddress.canonicalise(address)}`

type PlannedMails = ReadonlyMap<string, PlannedMail>

/** Matches the outcomes of a run with its plan. `open` holds the planned mails that have no outcome yet. */
const followRun = (planned: PlannedMails) => {
  const tally = reminders.makeReminderTally()
  const open = new Map(planned)
  // Seats whose person is not in the plan, such as a member who has another address by now
  const unplanned = new Map<SeatId, reminders.ReminderWord>()
  const record = (outcome: ReminderOutcome) => {
    tally.add(outcome)
    const person = personIn(outcome)
    const mail = open.get(person)
    if (mail === undefined) unplanned.set(outcome.seatId, reminders.toWord(outcome))
    else mail.outcome = reminders.toWord(outcome)
    open.delete(person)
  }
  return { planned, tally, open, unplanned, record }
}
type Run = ReturnType<typeof followRun>

/** `RemindError` if an error stopped the run. */
type Ending = "done" | "interrupted" | RemindError

const isError = (ending: Ending): ending is RemindError => ending !== "done" && ending !== "interrupted"

/** The outcome of a person since the run began, as the journal has it. `undefined` if nothing was begun. */
const outcomeIn = (
  { attempt, doubt, mailed }: Journal.Entry,
  since: DateTime.Utc
): reminders.ReminderWord | undefined => {
  const isOfRun = (at: DateTime.Utc | undefined) => at !== undefined && DateTime.isGreaterThanOrEqualTo(at, since)
  if (attempt?._tag === "Reissue" || isOfRun(attempt?.startedAt) || isOfRun(doubt?.at)) return "unknown"
  if (mailed === null || !isOfRun(mailed.at)) return undefined
  return mailed.how === "Resent" ? "resent" : "reissued"
}

/**
 * Reads in the journal what happened to mails that were on their way when the run was interrupted. Returns the reissues
 * that are not finished.
 */
const readOutcomes = Effect.fnUntraced(function* (open: Iterable<PlannedMail>, since: DateTime.Utc) {
  const journal = yield* Journal.Journal
  const incomplete: Array<Reissue> = []
  const byKey = new Map(Array.from(open, (mail) => [mail.journalKey, mail] as const))
  const readOutcome = ([key, mail]: readonly [string, PlannedMail]) =>
    Effect.matchEffect(journal.get(key), {
      // An entry that cannot be read was not written by this run
      onFailure: (error) => (error._tag === "UnreadableEntry" ? Effect.void : Effect.fail(error)),
      onSuccess: (entry) =>
        Effect.sync(() => {
          if (entry?.attempt?._tag === "Reissue") incomplete.push(entry.attempt.reissue)
          if (entry !== undefined) mail.outcome = outcomeIn(entry, since) ?? mail.outcome
        })
    })
  yield* Effect.catch(
    // The journal may know many more people than those who are left
    Effect.forEach(byKey, readOutcome, { discard: true }),
    // Without the journal, every open mail may have gone out
    () => Effect.sync(() => byKey.forEach((mail) => void (mail.outcome = "unknown")))
  )
  return incomplete
})

/** Gives an outcome to each planned mail that the run did not report. */
const settleOpen = Effect.fnUntraced(function* ({ open, tally, unplanned }: Run, ending: Ending, since: DateTime.Utc) {
  tally.incomplete.push(...(yield* readOutcomes(open.values(), since)))
  for (const [person, mail] of open) {
    if (mail.outcome !== "not_begun") continue
    const word = unplanned.get(mail.id)
    if (word !== undefined) {
      mail.outcome = word
      open.delete(person)
    } else if (ending === "done") {
      // The run did not find the person any more: the seat is revoked, or it has another holder
      mail.outcome = "skipped"
      tally.addSkip("not_pending")
    }
  }
  for (const { id, outcome } of open.values()) {
    tally.counts[outcome]++
    if (outcome === "unknown") tally.unknown.push(id)
  }
})

// No answer of Polar is known for these people
const toOpenLine = ({ address, id, outcome }: PlannedMail): typeof SeatLine.Encoded => {
  switch (outcome) {
    case "resent":
    case "reissued":
      return { id, address, outcome }
    case "skipped":
      return { id, address, outcome, reason: "not_pending" }
    case "unknown":
      return reminders.inDoubtLine(id, address)
    default:
      return notBegunLine(id, { address })
  }
}

const printSummaryJson = Effect.fnUntraced(function* ({ open, tally }: Run, ending: Ending, why?: PrintableError) {
  yield* Effect.forEach(open.values(), (mail) => printLine(toOpenLine(mail)))
  yield* printLine({
    ...reminders.tallyJson(tally, ending === "interrupted"),
    ...(why === undefined ? {} : toErrorJson(why))
  })
})

// More would push the counts off the screen. The journal and --json have all of them
const mostIds = 10

/** `isLost` says that stdout did not take all lines, so stderr has to tell who was mailed. */
const formatSummary = (
  { planned, tally }: Run,
  ending: Ending,
  hasJournal: boolean,
  isLost: boolean,
  why?: PrintableError
): ReadonlyArray<string> => {
  const { counts, failed, unknown } = tally
  const idsOf = (word: reminders.ReminderWord) =>
    Array.from(planned.values()).flatMap(({ id, outcome }) => (outcome === word ? [id] : []))
  const groups: ReadonlyArray<SeatGroup> = [
    ["resent", idsOf("resent")],
    ["reissued", idsOf("reissued")],
    ["skipped", idsOf("skipped")],
    ["failed", failed],
    ["unknown", unknown],
    ["not begun", idsOf("not_begun")]
  ]
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const countWords = Object.entries(counts).map(([word, count]) => `${count} ${word.replace("_", " ")}`)
  const skipCounts = reminders.formatSkipCounts(tally)
  return [
    ...(ending === "interrupted" ? ["Interrupted."] : []),
    ...formatGroups(
      ending === "done" && !isLost ? groups.filter(([name]) => name === "failed" || name === "unknown") : groups,
      mostIds
    ),
    `Of ${total} seats: ${countWords.join(", ")}.`,
    ...(skipCounts.length > 0 ? [`Skipped: ${skipCounts.join(", ")}.`] : []),
    ...(why === undefined ? [] : [why.message]),
    ...reminders.formatAdvice(tally, hasJournal)
  ]
}

/** Mails the planned people, and prints the outcome of each and a summary. An interruption is summarized too. */
export const mailReminders = Effect.fnUntraced(function* (
  sources: ReadonlyArray<SeatSource>,
  options: RemindOptions,
  planned: PlannedMails,
  hasJournal: boolean
) {
  const { json } = yield* root
  const { remind } = yield* Invitations
  const { out } = yield* Output
  const stdoutIsTerminal = yield* (yield* Stdio.Stdio).stdoutIsTerminal
  const run = followRun(planned)
  const since = yield* DateTime.now

  const mailAll = Effect.gen(function* () {
    const progress = yield* showProgress(() => ({
      what: "Mailing",
      done: planned.size - run.open.size,
      total: planned.size,
      details: Object.entries(run.tally.counts)
        .filter(([word, count]) => count > 0 && word !== "skipped")
        .map(([word, count]) => `${count} ${word}`)
    }))
    // The progress line counts the seats that are fine, so only the others get a line of their own
    const isQuiet = progress.isShown && stdoutIsTerminal && !json
    yield* Stream.runForEach(remind(sources, options), (outcome) =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          run.record(outcome)
          return isQuiet && outcome._tag !== "Failed" && outcome._tag !== "InDoubt"
            ? Effect.void
            : progress.printAbove(reminders.printOutcome(outcome))
        })
      )
    )
  }).pipe(Effect.scoped)

  const conclude = Effect.fnUntraced(function* (ending: Ending) {
    yield* settleOpen(run, ending, since)
    const why = isError(ending) ? { _tag: ending._tag, message: yield* describeError(ending) } : undefined
    if (json) yield* printSummaryJson(run, ending, why)
    yield* printErr(formatSummary(run, ending, hasJournal, out.state().missingLines > 0, why))
    if (isError(ending)) return exitCodeFor(ending)
    const { failed, not_begun, unknown } = run.tally.counts
    return failed + unknown + not_begun > 0 ? exitCode.failed : 0
  }, Effect.uninterruptible)

  const code = yield* mailAll.pipe(
    Effect.onInterrupt(() => conclude("interrupted")),
    Effect.matchEffect({ onFailure: conclude, onSuccess: () => conclude("done") })
  )
  if (code !== 0) return yield* new Ended({ code })
})
