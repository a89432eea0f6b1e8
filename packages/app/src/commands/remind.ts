import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import type { ReminderOutcome, RemindOptions } from "@polar-seats/invitations/Reminder"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { layerJournal } from "../config/journal.ts"
import { documentedRateLimit, layerSeats } from "../config/polarLayers.ts"
import { endCommand, endWithError, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { confirm } from "../output/confirm.ts"
import { printErr } from "../output/print.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { commandFailure, printLine, summaryLine } from "../output/seatLines.ts"
import { showProgress } from "../output/progress.ts"
import { formatAdvice, formatSkipCounts, makeReminderTally, printOutcome, tallyJson } from "../output/reminders.ts"
import { matchAny } from "./addressPatterns.ts"
import type { RemindFlags } from "./flags.ts"
import { mailReminders, personIn, type PlannedMail } from "./mailReminders.ts"

// Requests arrive at Polar unevenly, so the pace stays 3 % below its rate limit
const slack = 1.03

const words = ["resent", "reissued", "skipped"] as const

/** Reads the sources that the flags name, each once. */
const readSources = ({ order, subscription }: RemindFlags) => {
  const sources: ReadonlyArray<SeatSource> = [
    ...Array.from(new Set(subscription), (id) => SeatSource.Subscription({ id })),
    ...Array.from(new Set(order), (id) => SeatSource.Order({ id }))
  ]
  return sources.length > 0
    ? Effect.succeed(sources)
    : endCommand(exitCode.wrongUse, "Name at least one --subscription or --order.")
}

const toOptions = (flags: RemindFlags, pace: number): RemindOptions => ({
  onExpired: flags.onExpired,
  olderThan: Option.getOrUndefined(flags.olderThan),
  address: flags.to.length > 0 ? matchAny(flags.to) : undefined,
  concurrency: Option.getOrUndefined(flags.concurrency),
  retryUnknown: flags.retryUnknown,
  pace: pace === 0 ? undefined : { limit: pace, window: Duration.seconds(60 * slack) }
})

const formatPeople = (count: number): string => (count === 1 ? "1 person" : `${count} people`)

const journalKeyFor = (source: SeatSource, { address, seatId }: ReminderOutcome): string =>
  address === null ? `seat/${seatId}` : Journal.keyFor(source, address)

/** Finds the people that a run would mail. A dry run prints each outcome; otherwise the planned mails are returned. */
const planMails = Effect.fnUntraced(function* (
  sources: ReadonlyArray<SeatSource>,
  options: RemindOptions,
  isDryRun: boolean
) {
  const { remind } = yield* Invitations
  const tally = makeReminderTally()
  const mails = new Map<string, PlannedMail>()
  const pause = options.pace === undefined ? 0 : Duration.toMillis(options.pace.window) / options.pace.limit
  let people = 0
  let done = 0
  const progress = yield* showProgress(() => ({
    what: "Listing",
    done,
    total: sources.length,
    details: [`${formatPeople(people)} to mail`]
  }))
  for (const source of sources) {
    if (done > 0) yield* Effect.sleep(pause)
    const journalKeys = new Set<string>()
    yield* Stream.runForEach(remind(source, { ...options, dryRun: true }), (outcome) => {
      tally.add(outcome)
      if (outcome._tag === "Skipped" && outcome.reason._tag === "DryRun") {
        const { address, seatId: id } = outcome
        const journalKey = journalKeyFor(source, outcome)
        journalKeys.add(journalKey)
        if (!isDryRun) mails.set(personIn(outcome), { id, address, journalKey, outcome: "not_begun" })
      }
      return isDryRun ? progress.printAbove(printOutcome(outcome)) : Effect.void
    })
    people += journalKeys.size
    done++
  }
  return { mails, people, tally }
}, Effect.scoped)

const remind = Effect.fnUntraced(function* (
  sources: ReadonlyArray<SeatSource>,
  options: RemindOptions,
  flags: RemindFlags
) {
  const { json } = yield* root
  const { mails, people, tally } = yield* planMails(sources, options, flags.dryRun).pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(
        printErr("Interrupted. Nobody was mailed."),
        json ? printLine(summaryLine([], words, true)) : Effect.void
      )
    ),
    Effect.catch((error) => endWithError(error, " Nobody was mailed.", commandFailure(words)))
  )
  // The plan rests on it
  yield* readPolarTime
  const hasJournal = Option.isSome(flags.journal)
  if (flags.dryRun && json) yield* printLine({ ...tallyJson(tally, false), people })
  yield* printErr([
    `${flags.dryRun ? "A dry run: nobody was mailed. To mail" : "To mail"}: ${formatPeople(people)}, ` +
      `${tally.would.Resend} with the link they have and ${tally.would.Reissue} with a new one.`,
    ...(tally.unknown.length > 0 ? [`In doubt since an earlier run, and not mailed: ${tally.unknown.length}.`] : []),
    ...formatSkipCounts(tally).map((skipped) => `Not to mail: ${skipped}.`),
    ...(flags.dryRun ? formatAdvice(tally, hasJournal) : [])
  ])
  if (flags.dryRun) return
  if (people > 1 && !flags.yes) yield* confirm(`Mail ${formatPeople(people)}?`)
  yield* mailReminders(sources, options, mails, hasJournal)
})

/** Mails every pending seat of some subscriptions and orders again, and prints the outcome of each. */
export const run = Effect.fnUntraced(function* (flags: RemindFlags) {
  const sources = yield* readSources(flags)
  const pace = yield* Option.match(flags.pace, { onNone: () => documentedRateLimit, onSome: Effect.succeed })
  const layer = Invitations.layer.pipe(
    Layer.provideMerge(layerJournal(flags.journal, flags.dryRun)),
    Layer.provideMerge(layerSeats)
  )
  yield* Effect.provide(remind(sources, toOptions(flags, pace), flags), layer)
})
