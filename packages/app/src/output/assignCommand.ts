import { Recipient } from "@polar-seats/domain/Assignment"
import type { Reissue } from "@polar-seats/invitations/Reissue"
import * as Predicate from "effect/Predicate"
import { flagOf } from "../commands/sourceFlags.ts"

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w@.+:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const flagsOf: (recipient: Recipient) => ReadonlyArray<string> = Recipient.$match({
  Email: ({ email }) => ["--email", email],
  Customer: ({ id }) => ["--customer", id],
  ExternalCustomer: ({ externalId }) => ["--external-customer", externalId],
  Member: ({ id }) => ["--member", id],
  ExternalMember: ({ externalId }) => ["--external-member", externalId]
})

// A text that would be taken for JSON is written as JSON
const pair = ([key, value]: readonly [string, unknown]): ReadonlyArray<string> => [
  "--metadata",
  `${key}=${Predicate.isString(value) && !/^\s*(["[{\d-]|true|false|null)/.test(value) ? value : JSON.stringify(value)}`
]

/**
 * The command that does the second half of a reissue. It mails nobody who has an invitation by now: Polar gives nobody
 * two seats.
 */
export const assignByHand = ({ assignment, source }: Reissue): string =>
  [
    `polar-seats assign ${flagOf(source)}`,
    ...[...flagsOf(assignment.recipient), ...Object.entries(assignment.metadata ?? {}).flatMap(pair)].map(quoted)
  ].join(" ")
