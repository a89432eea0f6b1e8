import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type { Attempt, Entry } from "../Journal.ts"

/** The judgement of the journal about mailing a person now. */
export type Standing = Data.TaggedEnum<{
  /** A mail may leave. */
  Free: {}
  MailedRecently: { readonly again: DateTime.Utc }
  /** A mail may have been sent. */
  InDoubt: {}
  /** Another process is mailing the person. */
  InProgress: { readonly attempt: Attempt }
  /** A reissue began and did not end. */
  Unfinished: { readonly attempt: Extract<Attempt, { readonly _tag: "Reissue" }> }
}>
const Standing = Data.taggedEnum<Standing>()
// `Standing` makes a constructor each time that it is asked for one
export const free = Standing.Free()

/** The rules that a caller overrides. */
export interface Overrides {
  readonly cooldown: Duration.Duration
  /** Mails although an earlier mail is in doubt. */
  readonly retryUnknown: boolean
  /** Mails although the cooldown has not ended. */
  readonly again: boolean
  /** Counts a doubt as a mail: after the cooldown a mail may leave again. */
  readonly doubtEnds: boolean
}

/** The latest mail that may have been sent, and that is later than every certain one. */
const latestDoubt = ({ attempt, doubt, mailed }: Entry): DateTime.Utc | undefined => {
  const at = attempt?._tag === "Resend" ? attempt.startedAt : doubt?.at
  return at === undefined || (mailed !== null && DateTime.isLessThan(at, mailed.at)) ? undefined : at
}

/** Whether nobody is at work on an entry, and no mail is in doubt. */
export const isSettled = (entry: Entry): boolean => entry.attempt === null && latestDoubt(entry) === undefined

/** Judges an entry. `isAbandoned` says whether nobody is at work on its attempt any more. */
export const judge = (
  entry: Entry,
  now: DateTime.Utc,
  isAbandoned: boolean,
  { again, cooldown, doubtEnds, retryUnknown }: Overrides
): Standing => {
  const { attempt, mailed } = entry
  if (attempt !== null && !isAbandoned) return Standing.InProgress({ attempt })
  if (attempt?._tag === "Reissue") return Standing.Unfinished({ attempt })
  if (again) return free
  const cooledAt = (at: DateTime.Utc) => DateTime.addDuration(at, cooldown)
  if (mailed !== null && DateTime.isLessThan(now, cooledAt(mailed.at))) {
    return Standing.MailedRecently({ again: cooledAt(mailed.at) })
  }
  const doubt = latestDoubt(entry)
  if (doubt === undefined || retryUnknown) return free
  if (!doubtEnds) return Standing.InDoubt()
  return DateTime.isLessThan(now, cooledAt(doubt)) ? Standing.MailedRecently({ again: cooledAt(doubt) }) : free
}
