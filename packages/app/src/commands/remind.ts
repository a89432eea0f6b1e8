import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import type { OnExpired, ReminderOutcome, RemindOptions } from "@polar-seats/invitations/Reminder"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { layerJournal, layerJournalDryRun } from "../config/journal.ts"
import { documentedRateLimit, layerSeats } from "../config/polarLayers.ts"
import { type CommandError, Ended, exitCodeFor } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { confirm } from "../output/confirm.ts"
import { printErr, printJson, toErrorJson } from "../output/print.ts"
import { showProgress } from "../output/progress.ts"
import { printOutcome } from "../output/reminderOutcome.ts"
import { formatAdvice, formatSkipCounts, makeReminderTally, tallyJson } from "../output/reminderTally.ts"
import { mailReminders, personIn, type PlannedMail } from "./mailReminders.ts"
import { readSources, type SourcesFlags } from "./sourceFlags.ts"

interface Flags extends SourcesFlags {
  readonly onExpired: OnExpired
  readonly olderThan: Option.Option<Duration.Duration>
  /** Patterns of addresses: `*` is any text and `?` any one character. */
  readonly to: ReadonlyArray<string>
  readonly concurrency: Option.Option<number>
  /** Requests per minute. With 0, only Polar's rate limit slows the run. */
  readonly pace: Option.Option<number>
  readonly dryRun: boolean
  readonly journal: Option.Option<string>
  readonly retryUnknown: boolean
  readonly yes: boolean
}

// Requests arrive at Polar unevenly, so the pace stays 3 % below its rate limit
const slack = 1.03

const matchAny = (patterns: ReadonlyArray<string>): ((address: string) => boolean) => {
  const expressions = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .replace(/[.+^${}()|[\]\\]/g, "\\$&")
          .replaceAll(/\*+/g, ".*")
          .replaceAll("?", ".")}$`,
        "i"
      )
  )
  return (address) => expressions.some((expression) => expression.test(address))
}

const toOptions = (flags: Flags, pace: number): RemindOptions => ({
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
      if (outcome._tag === "Skipped" && outcome.why._tag === "DryRun") {
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

const endPlanning = Effect.fnUntraced(function* (error: CommandError) {
  const { json } = yield* root
  if (json) yield* printJson(JSON.stringify({ outcome: "failed", ...toErrorJson(error) }))
  yield* printErr(`${error.message} Nobody was mailed.`)
  return yield* new Ended({ code: exitCodeFor(error) })
})

const remind = Effect.fnUntraced(function* (sources: ReadonlyArray<SeatSource>, options: RemindOptions, flags: Flags) {
  const { json } = yield* root
  const { mails, people, tally } = yield* planMails(sources, options, flags.dryRun).pipe(
    Effect.onInterrupt(() => printErr("Interrupted. Nobody was mailed.")),
    Effect.catch(endPlanning)
  )
  const hasJournal = Option.isSome(flags.journal)
  if (flags.dryRun && json) yield* printJson(JSON.stringify({ ...tallyJson(tally, false), people }))
  yield* printErr(
    [
      `${flags.dryRun ? "A dry run: nobody was mailed. To mail" : "To mail"}: ${formatPeople(people)}, ` +
        `${tally.would.Resend} with the link they have and ${tally.would.Reissue} with a new one.`,
      ...(tally.unknown.length > 0 ? [`In doubt since an earlier run, and not mailed: ${tally.unknown.length}.`] : []),
      ...formatSkipCounts(tally).map((skipped) => `Not to mail: ${skipped}.`),
      ...(flags.dryRun ? formatAdvice(tally, hasJournal) : [])
    ].join("\n")
  )
  if (flags.dryRun) return
  if (people > 1 && !flags.yes) yield* confirm(`Mail ${formatPeople(people)}?`)
  yield* mailReminders(sources, options, mails, hasJournal)
})

/** Mails every pending seat of some subscriptions and orders again, and prints the outcome of each. */
export const run = Effect.fnUntraced(function* (flags: Flags) {
  const sources = yield* readSources(flags)
  const pace = yield* Option.match(flags.pace, { onNone: () => documentedRateLimit, onSome: Effect.succeed })
  const layer = Invitations.layer.pipe(
    Layer.provideMerge(flags.dryRun ? layerJournalDryRun(flags.journal) : layerJournal(flags.journal)),
    Layer.provide(layerSeats)
  )
  yield* Effect.provide(remind(sources, toOptions(flags, pace), flags), layer)
})
