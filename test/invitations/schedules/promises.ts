import type { Event, History, Row, Run, Told } from "./history.ts"
import type { Program } from "./schedule.ts"
import { keyOf, knowledge, type Store } from "./sharedStore.ts"

const minute = 60_000
const hour = 60 * minute
/** How far clocks may be apart before a cooldown means nothing. */
const maxClockError = 10 * minute
/** How old the read may be that a revocation rests on. */
/** How old a read may be that a revocation rests on, and how long a request travels. */
export const bound = 5000
export const travel = 500

const cooldownOf = (program: Program): number => {
  switch (program.run) {
    case "remind":
      return program.cooldownHours * hour
    case "work":
      return 24 * hour
    case "reissue":
    case "resend":
    case "finish":
      return minute
  }
}
const isAgain = (program: Program) => "again" in program && program.again
const isBareId = (program: Program) => program.run === "resend" && program.byId
const isRetry = (program: Program) => program.run === "remind" && program.retryUnknown

type Mailed = Extract<Event, { readonly what: "mailed" }>
type Revoked = Extract<Event, { readonly what: "revoked" }>
const isMailed = (event: Event): event is Mailed => event.what === "mailed"
const who = (run: Run) => `run ${run.index} (${run.program.run})`

/** Whether the seat that tells of a removal was given to somebody else since. */
const isCovered = (events: ReadonlyArray<Event>, address: string, { at, row }: Revoked): boolean =>
  events.some(
    (event) => event.what === "assigned" && event.row.id === row.id && event.at >= at && event.address !== address
  )

/** Whether Polar shows nothing of a removal, or shows it within a few seconds of a revocation of ours. */
const isHidden = (
  { events, revocations }: History,
  { address }: { readonly address: string },
  removal: Revoked
): boolean =>
  isCovered(events, address, removal) ||
  revocations.some(({ endedAt, leftAt, row }) => {
    const looksLikeOurs = (revoked: Revoked) =>
      revoked.row.id === row && revoked.at >= leftAt - bound && revoked.at <= endedAt + 2 * bound
    // The row may have had another holder since, whose removal is the one that shows
    return events.some((event) => event.what === "revoked" && event.at >= removal.at && looksLikeOurs(event))
  }) ||
  events.some(
    (event) =>
      event.what === "revoked" &&
      event.by !== null &&
      event.row.address === address &&
      Math.abs(removal.at - event.at) <= 2 * bound
  )

/** S1 and S2, at the instant at which a mail leaves. */
export const mailLeaves = (history: History, store: Store, mail: Mailed) => {
  const { address, at, by } = mail
  if (by === null || mail.isMisdirected) return
  const { mailedAt } = knowledge(store.entries.get(keyOf(address)))
  // A person may hold another address's row by now, so any entry that is written down counts
  if (![...store.entries.values()].some((entry) => knowledge(entry).isWritten)) {
    history.violations.push(`S2: ${who(by)} mailed ${address}, and the journal has no word of it`)
  }
  const last = history.events.findLast(
    (event): event is Mailed =>
      isMailed(event) && event.by !== null && event.address === address && !event.isMisdirected
  )
  if (last === undefined || last.by === null) return
  // A request that left earlier may arrive later
  const [first, second] = last.leftAt <= mail.leftAt ? [last, mail] : [mail, last]
  if (first.by === null || second.by === null || isAgain(second.by.program)) return
  // A run ends the reissue that somebody else has begun, and that was allowed to mail
  const isAllowed = ({ program, startedAt, wanted }: Run) =>
    wanted === address && startedAt >= first.at + (isAgain(program) ? 0 : minute)
  if (history.runs.some(isAllowed)) return
  // The assignment before had no answer, and Polar shows nothing of what became of it
  const removal = history.events.findLast(
    (event): event is Revoked => event.what === "revoked" && event.by === null && event.row.address === address
  )
  if (removal !== undefined && removal.at >= first.at && isCovered(history.events, address, removal)) return
  // An id alone says nothing of the person, whom the journal knows by another seat
  if (isBareId(second.by.program) && first.row !== second.row) return
  // No answer told whom the resend of an id had mailed, and the person has another seat by now
  const isTold = first.by.told.some((told) => told.tag === "Resent" && told.address === address)
  if (isBareId(first.by.program) && !isTold && first.row !== second.row) return
  const cooldown = cooldownOf(second.by.program)
  if (at - last.at >= cooldown) return
  // A cooldown goes by the clocks of the processes. They may be apart by a few minutes
  const apart = second.wallAt - second.at - (first.wallAt - first.at)
  if (Math.abs(apart) > maxClockError || second.wallAt - first.wallAt >= cooldown) return
  // The run may have judged the cooldown by a clock that was set since then
  const { process, startedAt } = second.by
  if (history.clockSettings.some((setting) => setting.process === process && setting.at >= startedAt)) return
  if (mailedAt !== undefined && second.wallAt - mailedAt >= cooldown) return
  const isKnown = mailedAt !== undefined && mailedAt >= first.at - minute
  if (isRetry(second.by.program) && (!isKnown || second === last)) return
  history.violations.push(
    `S1: ${who(second.by)} mailed ${address} ${(at - last.at) / 1000} s after ${who(first.by)}, within ${cooldown / minute} min`
  )
}

/** S3 and S6, at the instant at which an outcome is told. */
export const outcomeIsTold = (history: History, run: Run, told: Told, rows: ReadonlyMap<string, Row>) => {
  if (told.tag === "Resent") {
    const mail = history.events.findLast(
      (event) => isMailed(event) && event.by === run && event.address === told.address
    )
    if (mail === undefined)
      history.violations.push(`S3: ${who(run)} says Resent ${told.address}, who has no mail from it`)
  }
  if (told.tag === "Reissued" && told.address !== null) {
    const held = [...rows.values()].find(({ address }) => address === told.address)
    const since = history.events.findLast(
      (event) =>
        (event.what === "revoked" && event.row.address === told.address) ||
        (event.what === "assigned" && event.address === told.address)
    )
    // An administrator, or another process, may have come in between
    // A revocation that was meant for another person is told with that person
    const isByAnother = since?.by !== run || (since.what === "revoked" && since.read?.row?.address !== told.address)
    if (held === undefined && (since === undefined || !isByAnother)) {
      history.violations.push(`S6: ${who(run)} says Reissued ${told.address}, who has no seat`)
    }
  }
  if (run.program.run === "remind" && told.address !== null) {
    const twice = run.told.filter(({ address }) => address === told.address)
    if (twice.length > 1) history.violations.push(`S6: ${who(run)} told two outcomes of ${told.address}`)
  }
}

export const everythingHasEnded = (history: History, isDead: (run: Run) => boolean, now: number) => {
  for (const run of history.runs) {
    if (run.ended === undefined && !isDead(run)) {
      history.violations.push(`S6: ${who(run)} has not ended after ${Math.round((now - run.startedAt) / minute)} min`)
    }
  }
}

/** Polar took seconds to act, and gave no answer: nobody knows whom a revocation hit then. */
const isLate = ({ at, leftAt }: Revoked) => at - leftAt > 1000

/** A person who lost a seat by us has one again, or is known to be without one. */
export const nothingIsLost = (
  history: History,
  store: Store,
  rows: ReadonlyMap<string, Row>,
  isDead: (run: Run) => boolean
) => {
  const addresses = new Set(history.events.flatMap((event) => (event.what === "revoked" ? [event.row.address] : [])))
  for (const address of addresses) {
    if (address === null) continue
    const last = history.events.findLast(
      (event) =>
        (event.what === "revoked" && event.row.address === address) ||
        (event.what === "assigned" && event.address === address)
    )
    if (last?.what !== "revoked" || last.by === null || isLate(last)) continue
    // The process meant somebody else, and was killed before Polar's answer told it
    if (isDead(last.by) && last.read?.row?.address !== address) continue
    if ([...rows.values()].some((row) => row.address === address)) continue
    const isUnfinished = knowledge(store.entries.get(keyOf(address))).isUnfinished
    const isReported = history.runs.some((run) =>
      run.told.some((told) => told.at >= last.at && told.address === address && told.tag === "Failed")
    )
    const isReportedAtAll = history.runs.some((run) =>
      run.told.some((told) => told.at >= last.at && told.reason === "RevokedSomebodyElse")
    )
    if (!isUnfinished && !isReported && !isReportedAtAll) {
      history.violations.push(`lost: ${address} lost the seat by ${who(last.by)}, and nothing says so`)
    }
  }
}

/** S3, S4 and S5, over all that happened. */
export const check = (history: History): ReadonlyArray<string> => {
  const violations = [...history.violations]
  const { events } = history
  for (const [index, event] of events.entries()) {
    if (event.by === null) continue
    if (event.what === "revoked") {
      const { by, leftAt, read, row } = event
      const { address } = row
      // A request that has left may arrive at any time
      const isFresh = read !== undefined && leftAt - read.at <= bound + travel
      if (!isFresh) violations.push(`S4: ${who(by)} revoked ${row.address} without a read of the last seconds`)
      else if (read.row?.address !== address && !isLate(event)) {
        const isReported =
          by.ended === undefined ||
          by.told.some(({ reason }) => reason === "RevokedSomebodyElse" || reason === "ReissueIncomplete")
        if (!isReported)
          violations.push(`S4: ${who(by)} revoked ${row.address} instead of ${read.row?.address}, without a word`)
      }
    }
    if (event.what === "assigned") {
      const { address, by } = event
      const removals = events
        .slice(0, index)
        .filter((earlier): earlier is Revoked => earlier.what === "revoked" && earlier.row.address === address)
      // Nobody can know of a removal that comes after the request has left
      const removal = removals.findLast(({ at }) => at <= event.leftAt)
      if (removals.length === 0) violations.push(`S5: ${who(by)} assigned ${address}, whom nobody had revoked`)
      // Polar does not tell who revoked a seat. Within seconds of our own revocation nobody can know
      else if (removal?.by === null && !isHidden(history, event, removal))
        violations.push(`S5: ${who(by)} assigned ${address}, whom the administrator had removed`)
    }
  }
  return violations
}
