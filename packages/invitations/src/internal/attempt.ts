import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Semaphore from "effect/Semaphore"
import type { Attempt, Content, Entry, JournalError, Journal } from "../Journal.ts"
import { type Doubt, type Mailed } from "../Journal.ts"
import { monotonicMillisOf, now, nowOf } from "./clock.ts"

type JournalService = Journal["Service"]

// A process that was paused for longer may have lost a journal of one process to another process
const freshMillisAlone = 2_500
// A write must not hold up an interruption
const patienceOnInterrupt = "600 millis"

/** The fields of every attempt. */
export type AttemptFields = Pick<Attempt, "id" | "owner" | "startedAt" | "until">

/** An attempt of this process, as the journal has it. */
export interface HeldAttempt {
  readonly entry: () => Entry
  /** Replaces what is given. Returns false if another process has written over the attempt. */
  readonly write: (content: Partial<Content>) => Effect.Effect<boolean, JournalError>
  /** Tells others that this process is alive while the effect runs. */
  readonly keepAlive: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Whether the last sign of life is so recent that nobody can have taken the attempt over. */
  readonly isFresh: () => boolean
}

let counter = 0

/** The fields of a new attempt of this process. */
export const newAttempt = ({ lease, owner }: JournalService): Effect.Effect<AttemptFields> =>
  Effect.map(now, (now) => ({
    id: `${owner}/${++counter}`,
    owner,
    startedAt: now,
    until: DateTime.addDuration(now, lease)
  }))

const hold = (journal: JournalService, first: Entry, clock: Clock.Clock, startedAt: number): HeldAttempt => {
  const { isShared, lease } = journal
  // Others count from when the write began. A journal of one process makes sure of it when the write ends
  const aliveSince = (began: number) => (isShared ? began : monotonicMillisOf(clock))
  const freshMillis = isShared ? Duration.toMillis(lease) / 2 : freshMillisAlone
  let entry = first
  let aliveAt = aliveSince(startedAt)

  const write = (content: Partial<Content>) =>
    Effect.suspend(() => {
      const { attempt, doubt, key, mailed } = entry
      const began = monotonicMillisOf(clock)
      return Effect.map(journal.put(key, { attempt, doubt, mailed, ...content }, entry), (written) => {
        if (written === undefined) return false
        entry = written
        aliveAt = aliveSince(began)
        return true
      })
    })
  // A renewal and a write would each take the other for another process
  const inTurn = isShared ? Semaphore.makeUnsafe(1).withPermit : identity

  const renew = Effect.suspend(() => {
    const { attempt } = entry
    return attempt === null
      ? Effect.succeed(true)
      : inTurn(write({ attempt: { ...attempt, until: DateTime.addDuration(nowOf(clock), lease) } }))
  })
  const renewForEver = (): Effect.Effect<never> =>
    Effect.sleep(Duration.times(lease, 1 / 3)).pipe(
      Effect.andThen(Effect.catch(renew, () => Effect.succeed(true))),
      Effect.flatMap((isOurs) => (isOurs ? renewForEver() : Effect.never))
    )

  return {
    entry: () => entry,
    write: (content) => inTurn(write(content)),
    // In a journal of one process nobody else looks
    keepAlive: (effect) => (isShared ? Effect.raceFirst(effect, renewForEver()) : effect),
    isFresh: () => monotonicMillisOf(clock) - aliveAt < freshMillis
  }
}

/** Writes an attempt over the entry that was found. Returns `undefined` if the journal has changed meanwhile. */
export const begin = (
  journal: JournalService,
  key: string,
  attempt: Attempt,
  found: Entry | undefined
): Effect.Effect<HeldAttempt | undefined, JournalError> =>
  Effect.clockWith((clock) => {
    const began = monotonicMillisOf(clock)
    const { doubt = null, mailed = null } = found ?? {}
    return Effect.map(journal.put(key, { attempt, doubt, mailed }, found), (entry) =>
      entry === undefined ? undefined : hold(journal, entry, clock, began)
    )
  })

/** Adds to what is known of a person, over whatever stands there. It ends the attempt with the given id, and no other. */
export const learn = (
  journal: JournalService,
  key: string,
  { doubt = null, mailed = null }: { readonly mailed?: Mailed | null; readonly doubt?: Doubt | null },
  attemptId: string | undefined
): Effect.Effect<void, JournalError> =>
  Effect.gen(function* () {
    while (true) {
      const found = yield* journal.get(key)
      const attempt = found?.attempt ?? null
      const content = { mailed, doubt, attempt: attempt?.id === attemptId ? null : attempt }
      if ((yield* journal.put(key, content, found)) !== undefined) return
    }
    // An entry that cannot be read keeps everybody from mailing the person. Nothing can be added to it
  }).pipe(Effect.catchTag("UnreadableEntry", () => Effect.void))

/** Ends an attempt that sent nothing: the entry is again what it was. An entry of another process stays as it is. */
export const withdraw = (held: HeldAttempt): Effect.Effect<void, JournalError> =>
  Effect.asVoid(held.write({ attempt: null }))

/** Ends an attempt with what was learned. If another process has taken it over, the knowledge is added to its entry. */
export const settle = (
  journal: JournalService,
  held: HeldAttempt,
  learned: { readonly mailed?: Mailed; readonly doubt?: Doubt }
): Effect.Effect<void, JournalError> =>
  Effect.flatMap(held.write({ ...learned, attempt: null }), (isOurs) =>
    isOurs ? Effect.void : learn(journal, held.entry().key, learned, held.entry().attempt?.id)
  )

/** Writes down an interrupted call soon, or not at all. An open attempt tells of a doubt too. */
export const soonOrNever = (effect: Effect.Effect<unknown, JournalError>): Effect.Effect<void> =>
  Effect.ignore(Effect.timeoutOption(Effect.interruptible(effect), patienceOnInterrupt))
