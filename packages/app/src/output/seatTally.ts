import { replaceControls } from "./print.ts"

/** The outcome of a command for one seat. `unknown` means that Polar may have done what it was asked. */
type SeatOutcome = "done" | "failed" | "unknown" | "not_begun"

/** A seat that was passed to a command, and its outcome so far. */
export interface SeatEntry {
  /** The id as the caller spelled it. */
  readonly id: string
  outcome: SeatOutcome
}

/** Seats with the same outcome, under the name that people read. */
export type SeatGroup = readonly [name: string, ids: ReadonlyArray<string>]

/** One line of ids for each group that is not empty. */
export const formatGroups = (groups: ReadonlyArray<SeatGroup>): ReadonlyArray<string> =>
  groups.filter(([, ids]) => ids.length > 0).map(([name, ids]) => `${name}: ${ids.map(replaceControls).join(" ")}`)

/**
 * One line with the number of seats of each outcome, then a line of ids for each outcome. `doneWord` says what `done`
 * means, such as "resent".
 */
export const summarizeSeats = (entries: ReadonlyArray<SeatEntry>, doneWord: string): string => {
  const names: ReadonlyArray<readonly [SeatOutcome, string]> = [
    ["done", doneWord],
    ["failed", "failed"],
    ["unknown", "unknown"],
    ["not_begun", "not begun"]
  ]
  const groups = names.map(([outcome, name]): SeatGroup => [
    name,
    entries.filter((entry) => entry.outcome === outcome).map(({ id }) => id)
  ])
  const counts = groups.map(([name, ids]) => `${ids.length} ${name}`).join(", ")
  return [`Of ${entries.length}: ${counts}.`, ...formatGroups(groups)].join("\n")
}
