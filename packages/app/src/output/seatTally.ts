import { plain } from "./print.ts"

/** What came of a seat. `unknown`: it may have been done, and nothing here can tell. */
type SeatOutcome = "done" | "failed" | "unknown" | "not_begun"

/** A seat that a command was told of, and what has come of it so far. */
export interface Account {
  /** As it was given. */
  readonly id: string
  outcome: SeatOutcome
}

/** Accounts of seats of which none is begun. */
export const open = (ids: ReadonlyArray<string>): ReadonlyArray<Account> =>
  ids.map((id) => ({ id, outcome: "not_begun" }))

/** Seats with the same fate, and how it is called. */
export type Group = readonly [name: string, ids: ReadonlyArray<string>]

/** A line with the ids of each group that has any. */
export const namesOf = (groups: ReadonlyArray<Group>): ReadonlyArray<string> =>
  groups.filter(([, ids]) => ids.length > 0).map(([name, ids]) => `${name}: ${ids.map(plain).join(" ")}`)

/**
 * How many seats there are of each outcome in a line, and then a line with the ids of each. `done` says what was done to
 * them: "resent".
 */
export const summarize = (accounts: ReadonlyArray<Account>, done: string): string => {
  const names: ReadonlyArray<readonly [SeatOutcome, string]> = [
    ["done", done],
    ["failed", "failed"],
    ["unknown", "unknown"],
    ["not_begun", "not begun"]
  ]
  const groups = names.map(([outcome, name]): Group => [
    name,
    accounts.filter((account) => account.outcome === outcome).map(({ id }) => id)
  ])
  const counts = groups.map(([name, ids]) => `${ids.length} ${name}`).join(", ")
  return [`Of ${accounts.length}: ${counts}.`, ...namesOf(groups)].join("\n")
}
