import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { OnExpired, ReminderOutcome, RemindError, RemindOptions } from "@polar-seats/invitations/Reminder"
import type { SeatId } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { assignByHand } from "../output/assignCommand.ts"
import { confirm } from "../output/confirm.ts"
import * as JournalLayer from "../config/journal.ts"
import { complain, Ended, errorJson, exitCode, exitCodeOf, printJson, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { watch } from "../output/progress.ts"
import { describe, toJson, whyOf, whys, type Word, wordOf } from "../output/reminderOutcome.ts"
import { root } from "../globalFlags.ts"
import { type Group, namesOf } from "../output/seatTally.ts"
import { someSources, type SourcesFlags } from "./sourceFlags.ts"

interface Flags extends SourcesFlags {
  readonly onExpired: OnExpired
  readonly olderThan: Option.Option<Duration.Duration>
  /** Patterns of addresses, where `*` is any text and `?` any one character. */
  readonly to: ReadonlyArray<string>
  readonly concurrency: Option.Option<number>
  /** Requests a minute; 0 for as many as Polar lets through. */
  readonly pace: Option.Option<number>
  readonly dryRun: boolean
  readonly journal: Option.Option<string>
  readonly retryUnknown: boolean
  readonly yes: boolean
}

/** Somebody who is to be mailed, and what has come of it so far. */
interface Account {
  readonly id: SeatId
  readonly address: string | null
  /** Whom the journal knows them as. */
  readonly key: string
  word: Word
}

// Requests travel unevenly, so a window of Polar's is not filled to the brim
const slack = 1.03

const matches = (patterns: ReadonlyArray<string>): ((address: string) => boolean) => {
  const all = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .replace(/[.+^${}()|[\]\\]/g, "\\$&")
          .replaceAll(/\*+/g, ".*")
          .replaceAll("?", ".")}$`,
        "i"
      )
  )
  return (address) => all.some((one) => one.test(address))
}

const optionsOf = (flags: Flags, pace: number): RemindOptions => ({
  onExpired: flags.onExpired,
  olderThan: Option.getOrUndefined(flags.olderThan),
  address: flags.to.length > 0 ? matches(flags.to) : undefined,
  concurrency: Option.getOrUndefined(flags.concurrency),
  retryUnknown: flags.retryUnknown,
  pace: pace === 0 ? undefined : { limit: pace, window: Duration.seconds(60 * slack) }
})

/** What came of the seats so far, as counts; and the few that somebody has to look after. */
const makeResults = () => {
  const counts = { resent: 0, reissued: 0, skipped: 0, failed: 0, unknown: 0, not_begun: 0 }
  const skipped: Record<string, number> = {}
  const would = { Resend: 0, Reissue: 0 }
  const failed: Array<SeatId> = []
  const unknown: Array<SeatId> = []
  const incomplete: Array<Reissue.Reissue> = []
  const add = (outcome: ReminderOutcome) => {
    counts[wordOf(outcome)]++
    if (outcome._tag === "Failed") {
      failed.push(outcome.seatId)
      if (outcome.error._tag === "ReissueIncomplete") incomplete.push(outcome.error.reissue)
    }
    if (outcome._tag === "InDoubt") unknown.push(outcome.seatId)
    if (outcome._tag === "Skipped") {
      const why = whyOf(outcome.why)
      skipped[why] = (skipped[why] ?? 0) + 1
      if (outcome.why._tag === "DryRun") would[outcome.why.would]++
    }
  }
  return { counts, skipped, would, failed, unknown, incomplete, add }
}
type Results = ReturnType<typeof makeResults>

const people = (count: number): string => (count === 1 ? "1 person" : `${count} people`)

const describeSkipped = ({ skipped }: Results): ReadonlyArray<string> =>
  Object.entries(skipped)
    .filter(([why]) => why !== "dry_run")
    .map(([why, count]) => `${count} ${whys[why] ?? why}`)

/** What a person may want to do about what was not mailed. */
const advice = ({ counts, failed, incomplete, skipped, unknown }: Results, flags: Flags): ReadonlyArray<string> => {
  const isKept = Option.isSome(flags.journal)
  return [
    ...(skipped["expired"] === undefined
      ? []
      : ["A resend of a dead link helps nobody: --on-expired reissue mails new links."]),
    ...(unknown.length === 0
      ? []
      : [
          "Those in doubt may have been mailed. " +
            (isKept
              ? "They are not mailed again, unless --retry-unknown says so."
              : "Ask them before you run this again: without --journal, nothing remembers who was mailed.")
        ]),
    ...incomplete.map((reissue) =>
      isKept
        ? `Seat ${reissue.seatId} may be revoked and its holder without an invitation: the same command finishes that.`
        : `Seat ${reissue.seatId} may be revoked and its holder without an invitation. This gives it back: ${assignByHand(reissue)}`
    ),
    ...(failed.length + counts.not_begun === 0
      ? []
      : [
          isKept
            ? "The same command goes on where this one ended: who was mailed is not mailed again."
            : "A second run without --journal mails everybody again who is pending."
        ])
  ]
}

const tell = Effect.fnUntraced(function* (outcome: ReminderOutcome) {
  const { json } = yield* root
  yield* json ? Effect.flatMap(toJson(outcome), printJson) : say(describe(outcome, yield* DateTime.now))
})

/** A row that was somebody's may be somebody else's by now. */
const nameOf = ({ address, seatId }: ReminderOutcome): string => `${seatId} ${address}`

const keyOf = (source: SeatSource, { address, seatId }: ReminderOutcome): string =>
  address === null ? `seat/${seatId}` : Journal.keyFor(source, address)

/** Finds out whom a run would mail. What is not told is kept. */
const plan = Effect.fnUntraced(function* (sources: ReadonlyArray<SeatSource>, options: RemindOptions, isTold: boolean) {
  const { remind } = yield* Invitations
  const results = makeResults()
  const accounts = new Map<string, Account>()
  const pause = options.pace === undefined ? 0 : Duration.toMillis(options.pace.window) / options.pace.limit
  let persons = 0
  let done = 0
  const progress = yield* watch(() => ({
    what: "Looking",
    done,
    total: sources.length,
    details: [`${people(persons)} to mail`]
  }))
  for (const source of sources) {
    if (done > 0) yield* Effect.sleep(pause)
    const keys = new Set<string>()
    yield* Stream.runForEach(remind(source, { ...options, dryRun: true }), (outcome) => {
      results.add(outcome)
      if (outcome._tag === "Skipped" && outcome.why._tag === "DryRun") {
        const { address, seatId: id } = outcome
        const key = keyOf(source, outcome)
        keys.add(key)
        if (!isTold) accounts.set(nameOf(outcome), { id, address, key, word: "not_begun" })
      }
      return isTold ? progress.above(tell(outcome)) : Effect.void
    })
    persons += keys.size
    done++
  }
  return { accounts, people: persons, results }
}, Effect.scoped)

/**
 * Finds out in the journal what came of those of whom nothing was heard: who was on their way when the run was cut off.
 * What is left of a reissue is given back.
 */
const lookUp = Effect.fnUntraced(function* (accounts: Iterable<Account>, since: DateTime.Utc) {
  const journal = yield* Journal.Journal
  const incomplete: Array<Reissue.Reissue> = []
  const open = new Map(Array.from(accounts, (account) => [account.key, account] as const))
  yield* Effect.catch(
    Stream.runForEach(journal.entries, ({ at, key, step }) =>
      Effect.sync(() => {
        const account = open.get(key)
        if (account === undefined || step._tag === "NotMailed") return
        if (step._tag === "ReissueStarted") incomplete.push(step.reissue)
        if (step._tag !== "Mailed") account.word = "unknown"
        else if (DateTime.isGreaterThanOrEqualTo(at, since))
          account.word = step.how === "Resent" ? "resent" : "reissued"
      })
    ),
    // Then nobody knows of any of them
    () => Effect.sync(() => open.forEach((account) => void (account.word = "unknown")))
  )
  return incomplete
})

type Ending = "done" | "interrupted" | RemindError

const mail = Effect.fnUntraced(function* (
  sources: ReadonlyArray<SeatSource>,
  options: RemindOptions,
  flags: Flags,
  accounts: ReadonlyMap<string, Account>
) {
  const { json } = yield* root
  const { remind } = yield* Invitations
  const stdoutIsTerminal = yield* (yield* Stdio.Stdio).stdoutIsTerminal
  const results = makeResults()
  const open = new Map(accounts)
  // What came of those who were not planned: who has another address by now is, under the one before
  const unplanned = new Map<SeatId, Word>()
  const since = yield* DateTime.now

  const settled = (outcome: ReminderOutcome) => {
    results.add(outcome)
    const account = open.get(nameOf(outcome))
    if (account === undefined) unplanned.set(outcome.seatId, wordOf(outcome))
    else account.word = wordOf(outcome)
    open.delete(nameOf(outcome))
  }

  const run = Effect.gen(function* () {
    const progress = yield* watch(() => ({
      what: "Mailing",
      done: accounts.size - open.size,
      total: accounts.size,
      details: Object.entries(results.counts)
        .filter(([word, count]) => count > 0 && word !== "skipped")
        .map(([word, count]) => `${count} ${word}`)
    }))
    // Who watches is spared a line for each that is well
    const isQuiet = progress.isShown && stdoutIsTerminal && !json
    yield* Stream.runForEach(remind(sources, options), (outcome) =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          settled(outcome)
          return isQuiet && outcome._tag !== "Failed" && outcome._tag !== "InDoubt"
            ? Effect.void
            : progress.above(tell(outcome))
        })
      )
    )
  }).pipe(Effect.scoped)

  const conclude = Effect.fnUntraced(function* (ending: Ending) {
    results.incomplete.push(...(yield* lookUp(open.values(), since)))
    for (const [name, account] of open) {
      if (account.word !== "not_begun") continue
      const word = unplanned.get(account.id)
      if (word !== undefined) {
        account.word = word
        open.delete(name)
      } else if (ending === "done") {
        // Who was there when it looked, and came no more: the seat is revoked, or somebody else's
        account.word = "skipped"
        results.skipped["not_pending"] = (results.skipped["not_pending"] ?? 0) + 1
      }
    }
    for (const { id, word } of open.values()) {
      results.counts[word]++
      if (word === "unknown") results.unknown.push(id)
    }
    const error = ending === "done" || ending === "interrupted" ? undefined : ending
    const { counts, failed, skipped, unknown } = results
    if (json) {
      yield* Effect.forEach(open.values(), ({ address, id, word }) =>
        printJson(JSON.stringify({ id, address, outcome: word, ...(word === "skipped" ? { why: "not_pending" } : {}) }))
      )
      yield* printJson(
        JSON.stringify({
          summary: counts,
          skipped,
          failed,
          unknown,
          interrupted: ending === "interrupted",
          ...(error === undefined ? {} : errorJson(error))
        })
      )
    }
    const idsOf = (word: Word) => Array.from(accounts.values()).flatMap((each) => (each.word === word ? [each.id] : []))
    const groups: ReadonlyArray<Group> = [
      ["resent", idsOf("resent")],
      ["reissued", idsOf("reissued")],
      ["skipped", idsOf("skipped")],
      ["failed", failed],
      ["unknown", unknown],
      ["not begun", idsOf("not_begun")]
    ]
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const inAll = Object.entries(counts)
      .map(([word, count]) => `${count} ${word.replace("_", " ")}`)
      .join(", ")
    const why = describeSkipped(results)
    yield* complain(
      [
        ...(ending === "interrupted" ? ["Interrupted."] : []),
        ...namesOf(ending === "done" ? groups.filter(([name]) => name === "failed" || name === "unknown") : groups),
        `Of ${total} seats: ${inAll}.`,
        ...(why.length > 0 ? [`Skipped: ${why.join(", ")}.`] : []),
        ...(error === undefined ? [] : [error.message]),
        ...advice(results, flags)
      ].join("\n")
    )
    if (error !== undefined) return exitCodeOf(error)
    return counts.failed + counts.unknown + counts.not_begun > 0 ? exitCode.failed : 0
  }, Effect.uninterruptible)

  const code = yield* run.pipe(
    Effect.onInterrupt(() => conclude("interrupted")),
    Effect.matchEffect({ onFailure: conclude, onSuccess: () => conclude("done") })
  )
  if (code !== 0) return yield* new Ended({ code })
})

const remind = Effect.fnUntraced(function* (sources: ReadonlyArray<SeatSource>, options: RemindOptions, flags: Flags) {
  const { json } = yield* root
  const planned = yield* plan(sources, options, flags.dryRun).pipe(
    Effect.onInterrupt(() => complain("Interrupted. Nobody was mailed.")),
    Effect.catch((error) =>
      Effect.gen(function* () {
        if (json) yield* printJson(JSON.stringify({ outcome: "failed", ...errorJson(error) }))
        yield* complain(`${error.message} Nobody was mailed.`)
        return yield* new Ended({ code: exitCodeOf(error) })
      })
    )
  )
  const { results } = planned
  const inDoubt = results.unknown.length
  const would = [
    `${flags.dryRun ? "A dry run: nobody was mailed. To mail" : "To mail"}: ${people(planned.people)}, ` +
      `${results.would.Resend} with the link they have and ${results.would.Reissue} with a new one.`,
    ...(inDoubt > 0 ? [`In doubt since an earlier run, and not mailed: ${inDoubt}.`] : []),
    ...describeSkipped(results).map((skipped) => `Not to mail: ${skipped}.`)
  ]
  if (flags.dryRun && json) {
    const { counts, failed, skipped, unknown } = results
    yield* printJson(
      JSON.stringify({ summary: counts, skipped, failed, unknown, interrupted: false, people: planned.people })
    )
  }
  yield* complain([...would, ...(flags.dryRun ? advice(results, flags) : [])].join("\n"))
  if (flags.dryRun) return
  if (planned.people > 1 && !flags.yes) yield* confirm(`Mail ${people(planned.people)}?`)
  yield* mail(sources, options, flags, planned.accounts)
})

/** Mails every pending seat of some places once more, and says what came of each. */
export const run = Effect.fnUntraced(function* (flags: Flags) {
  const sources = yield* someSources(flags)
  const pace = yield* Option.match(flags.pace, { onNone: () => Polar.publishedLimit, onSome: Effect.succeed })
  const layer = Invitations.layer.pipe(
    Layer.provideMerge(flags.dryRun ? JournalLayer.layerDryRun(flags.journal) : JournalLayer.layer(flags.journal)),
    Layer.provide(Polar.seats)
  )
  yield* Effect.provide(remind(sources, optionsOf(flags, pace), flags), layer)
})
