import * as DateTime from "effect/DateTime"

/** The later of two mails or doubts. */
export const laterOf = <A extends { readonly at: DateTime.Utc }>(one: A | null, other: A | null): A | null => {
  if (one === null || other === null) return one ?? other
  return DateTime.isLessThan(one.at, other.at) ? other : one
}
