import * as Journal from "@polar-seats/invitations/Journal"
import { DateTime, Effect, Layer, Stream } from "effect"
import type { History } from "./history.ts"

/** The memory that the processes of a schedule share, as a database would be. */
export interface Store {
  readonly entries: Map<string, Journal.Entry>
  readonly history: History
}

export const keyOf = (address: string) => `subscription/e5149aae-e521-42b9-b24c-abb3d71eea2e/${address}`

/** The knowledge of an entry about a person. */
export interface Knowledge {
  readonly isWritten: boolean
  readonly mailedAt: number | undefined
  readonly isUnfinished: boolean
}
export const knowledge = (entry: Journal.Entry | undefined): Knowledge => ({
  isWritten: entry != null && (entry.attempt !== null || entry.mailed !== null || entry.doubt !== null),
  mailedAt: entry?.mailed == null ? undefined : DateTime.toEpochMillis(entry.mailed.at),
  isUnfinished: entry?.attempt?._tag === "Reissue"
})

const forgets = (before: Journal.Entry | undefined, after: Journal.Entry): string | undefined => {
  const isEarlier = (one: { readonly at: DateTime.Utc } | null, other: { readonly at: DateTime.Utc } | null) =>
    one !== null && (other === null || DateTime.isLessThan(other.at, one.at))
  if (isEarlier(before?.mailed ?? null, after.mailed)) return "a mail"
  return isEarlier(before?.doubt ?? null, after.doubt) ? "a doubt" : undefined
}

/** A journal of one process over the store. Each call passes through the process before it begins and before it answers. */
export const journalOf = ({ entries, history }: Store, through: Effect.Effect<void>) => {
  const call = <A>(act: () => A) => Effect.andThen(through, Effect.sync(act)).pipe(Effect.tap(() => through))
  return Layer.fresh(
    Layer.effect(
      Journal.Journal,
      Journal.make({
        isShared: true,
        get: (key) => call(() => entries.get(key)),
        ofSeat: (seatId) =>
          call(() => [...entries.values()].filter((entry) => Journal.seatsOf(entry).includes(seatId))),
        replace: (entry, found) =>
          call(() => {
            const current = entries.get(entry.key)
            if (current?.version !== found?.version) return false
            const forgotten = forgets(current, entry)
            if (forgotten !== undefined) history.violations.push(`S2: ${forgotten} of ${entry.key} was forgotten`)
            entries.set(entry.key, entry)
            return true
          }),
        entries: Stream.suspend(() => Stream.fromIterable(Array.from(entries.values())))
      })
    )
  )
}
